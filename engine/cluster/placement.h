// Who gets the call: the three strategies as functions of (candidates, position, rng).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "engine/command.h"
#include "engine/ids.h"
#include "engine/rng.h"

namespace rpcnet::cluster {

struct Candidate {
  const NodeId* id = nullptr;  // distinct; candidates are in NodeId order
  std::uint32_t load = 0;      // calls that it serves or is about to serve
};

// Chooses one of `candidates`; nullopt if there are none. `last` is who was chosen before:
// round robin goes on behind it, in NodeId order, so that a member that comes or goes moves
// nobody else's turn; least connections gives ties to the next in the same order, so that equal
// workers share evenly (rpcnet sent every tie to the same one).
std::optional<std::size_t> choose(LoadBalancingStrategy strategy,
                                  std::span<const Candidate> candidates,
                                  const std::optional<NodeId>& last, Rng& rng);

}  // namespace rpcnet::cluster
