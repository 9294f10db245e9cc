// Round robin: one after the other, in NodeId order.
#pragma once

#include <cstddef>
#include <optional>

#include "engine/cluster/candidate.h"

namespace rpcnet::cluster {

// The first candidate behind `last` in NodeId order, around the end: a member that comes or goes
// moves nobody else's turn.
std::size_t next_in_turn(Candidates candidates, const std::optional<NodeId>& last);

}  // namespace rpcnet::cluster
