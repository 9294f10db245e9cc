// Members that are accused and refute it, again and again: gray failure.
//
// A path that loses most packets, a process that stops and goes, a link that fails every other
// minute: others accuse the member with reason, and it objects with reason. It is neither well nor
// dead. What it refutes is counted and forgotten by half every flap_half_life; who has many marks
// from several accusers is Degraded (a member, but without work). Whoever has two has long
// suspicions from then on, so that it does not come and go (RFC 2439 damps routes so). A restart is
// no flap: a new life begins without marks (knowledge.h).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "engine/swim/core.h"

namespace rpcnet::swim {

class Flaps {
 public:
  explicit Flaps(Core& core) : core_(core) {}

  // The member refuted what these said of it; `dead`: that it is dead, which nobody says alone.
  void on_refuted(Instant now, Slot slot, bool dead, const std::set<NodeId>& accusers);

  // It refuted its death, and had been cut off from everybody meanwhile, as it says itself: its own
  // network fails. No partition, and nothing that a second time would have to confirm.
  void on_isolated(Instant now, Slot slot);

  // It has begun a new life, or its slot is about to name somebody else.
  void forget(Slot slot);

  // Half of its marks are forgotten.
  void on_due(Instant now, Slot slot);

  bool degraded(Slot slot) const;

  // How long a suspicion of it lasts at the least.
  Duration damping(Slot slot) const;

  // Who became Degraded, or is no longer, since the last call.
  std::vector<Slot> take_changed() { return std::exchange(changed_, {}); }
  bool quiet() const { return changed_.empty(); }

 private:
  struct Flap {
    std::uint32_t marks_milli = 0;
    std::set<NodeId> accusers;
    bool was_dead = false;
    bool degraded = false;
  };

  Flap& flap(Instant now, Slot slot);
  void mark(Slot slot, Flap& flap, std::uint32_t marks_milli);

  Core& core_;
  std::map<Slot, Flap> flaps_;
  std::vector<Slot> changed_;
};

}  // namespace rpcnet::swim
