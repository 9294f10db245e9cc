// Members whose suspicion ran out, and what still holds their verdict back.
//
// A failure seldom comes alone: a rack, a zone, a rolling kill. So a verdict waits a moment for the
// other suspects whose time is nearly over, and all are declared dead in one step (Rapid's cut,
// without its consensus). And where a large part of the cluster is suspect, that is likelier a
// fault of the network, or ours, than so many deaths: all verdicts wait, up to a bound, for the
// network to come back (VerdictConfig).
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "engine/swim/core.h"
#include "engine/swim/suspicion.h"

namespace rpcnet::swim {

class Verdicts {
 public:
  Verdicts(Core& core, const Suspicions& suspicions) : core_(core), suspicions_(suspicions) {}

  // Its suspicion ran out.
  void add(Instant now, Slot slot);

  // Those to be declared dead now, all at once; else Wake::verdict will ask again.
  std::vector<Slot> take(Instant now);

  // This process was stopped: those that wait are suspects for so long more.
  void postpone(Instant now, Duration grace);

  void clear();

 private:
  bool frozen(Instant now);
  bool others_follow(Instant now) const;

  Core& core_;
  const Suspicions& suspicions_;
  std::set<Slot> ripe_;
  Instant first_{};                      // when the first of them ripened
  std::optional<Instant> frozen_since_;  // of the present mass suspicion, also after its bound
  Instant mass_seen_{};                  // when it was last seen to last
  bool held_ = false;                    // it holds back some of the ripe
};

}  // namespace rpcnet::swim
