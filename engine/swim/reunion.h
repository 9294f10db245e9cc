// Finding those again who are lost to us (ringpop, serf, foca: gossip to the dead).
//
// One member that is dead in our view is pinged every heal_interval. One who is not, or no longer,
// dead learns from this ping what is held against it, refutes it in its answer, and both sides of a
// partition find together again. Tombstones end; where the dead were is remembered beyond that, for
// a partition may last longer than they do, and with two nodes there is nobody else to ask.
#pragma once

#include <cstddef>
#include <deque>

#include "engine/swim/core.h"
#include "engine/swim/courier.h"

namespace rpcnet::swim {

class Reunion {
 public:
  Reunion(Core& core, Courier& courier) : core_(core), courier_(courier) {}

  void on_due(Instant now, Outbox& out);

  // Its tombstone is about to be forgotten.
  void remember(const Peer& peer);

  // It is known again. True: it was remembered.
  bool forget(const NodeId& id);

  void clear() { remembered_.clear(); }

 private:
  Core& core_;
  Courier& courier_;
  std::deque<Peer> remembered_;
  std::uint64_t turns_ = 0;
};

}  // namespace rpcnet::swim
