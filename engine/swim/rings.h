// Who observes whom: pseudo-random rings over all members.
//
// In each ring the members stand in the order of a hash of the ring's number and their name, so all
// who know the same members see the same rings. A node exchanges heartbeats with the two next to it
// in each ring: every member has the same small number of observers, drawn from the whole cluster,
// whatever its size (Rapid, ATC 2018, 4.1; there it is expander graphs that prove that a few rings
// leave no group of members observed by none but each other). Where views differ for a while, a
// node may observe one that does not observe it; the heartbeats say so (monitor.h).
//
// Only the neighbours are remembered, so a cluster of thousands costs a node eight numbers; when
// one of them goes, the next is looked for among all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/config.h"
#include "engine/swim/membership.h"

namespace rpcnet::swim {

class Rings {
 public:
  Rings(const SwimConfig& config, const Membership& table);

  // The member came, or is one no longer. True: the neighbours may have changed.
  bool add(Slot slot);
  bool remove(Slot slot);

  // In order of slots, each once; in a small cluster all others.
  std::vector<Slot> neighbours() const;

  bool off() const { return rings_.empty(); }

 private:
  // One direction of one ring: the member next to us.
  struct Side {
    std::optional<Slot> slot;
    std::uint64_t distance = 0;  // round the ring; of another one that is to take the place, less
  };
  struct Ring {
    std::uint64_t own = 0;  // our place
    Side after;
    Side before;
  };

  std::uint64_t place(std::size_t ring, Slot slot) const;
  bool offer(Ring& ring, std::size_t number, Slot slot);
  bool small() const { return table_.size() <= full_mesh_max_; }

  const Membership& table_;
  std::size_t full_mesh_max_;
  std::vector<Ring> rings_;
  bool was_small_ = true;
};

}  // namespace rpcnet::swim
