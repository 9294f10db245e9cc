// The addresses to join through, and to come back to for ever.
//
// All are contacted at once, and each again and again: with a jittered backoff until one has let us
// in, then every heal_interval while no member that is alive has that address. So a join succeeds
// as soon as any seed runs, a seed that was restarted with an empty memory learns its members
// within moments, and the halves of a partition that hold each other dead find together again.
// (rpcnet tries one seed, once, and a failed join can never be repeated.)
//
// The members that a former life of this node knew (Snapshot) are asked likewise, some at a time,
// each that fails being replaced by the next, until anybody has let us in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "engine/swim/core.h"
#include "engine/swim/sync.h"

namespace rpcnet::swim {

class Seeds {
 public:
  Seeds(Core& core, Sync& sync) : core_(core), sync_(sync) {}

  void join(Instant now, const std::vector<Address>& addresses, const std::vector<Peer>& former);

  void on_due(Instant now, std::uint64_t place, Outbox& out);

  // Whether the result was a seed's. Tells Joined and seed_unreachable.
  bool on_result(Instant now, const SyncResult& result, Outbox& out);

  // A link to this address broke: whoever is there now may know nothing of us.
  void on_lost(Instant now, const Address& address);

  // The address turned out to be our own, under another name.
  void drop(const Address& address);

  void clear();
  bool joined() const { return joined_; }

 private:
  struct Seed {
    Address address;
    Duration backoff{};
    bool lost = true;  // to be contacted even if a member there seems alive
    bool dropped = false;
    bool former = false;             // a member that a former life knew, and nobody's wish
    bool refused = false;            // so ended the last attempt
    std::optional<Instant> noticed;  // when its silence was last told
    std::optional<Slot> keeper;      // the member that was last seen alive there
  };

  void add(Instant now, const Address& address, bool former);
  bool covered(Seed& seed) const;  // a member that is alive has its address
  void note_refusals(Instant now, const std::string& detail, Outbox& out);

  Core& core_;
  Sync& sync_;
  std::vector<Seed> seeds_;
  std::deque<Address> former_;  // those whose turn has not come
  bool joined_ = false;
  std::optional<Instant> refused_since_;  // all seeds
};

}  // namespace rpcnet::swim
