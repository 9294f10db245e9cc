// Who gets the call: every strategy is a function of (candidates, request, rng).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "engine/cluster/candidate.h"
#include "engine/command.h"
#include "engine/ids.h"
#include "engine/rng.h"

namespace rpcnet::cluster {

// Chooses one of `candidates`; nullopt if there are none. `last` is who was chosen before, for
// strategies that take turns. `key` is for consistent_hash; a call without one goes to the less
// loaded of two.
std::optional<std::size_t> choose(LoadBalancingStrategy strategy, Candidates candidates,
                                  const std::optional<NodeId>& last, std::string_view key,
                                  Rng& rng);

}  // namespace rpcnet::cluster
