// By chance: each alike, or each by its weight.
#pragma once

#include <cstddef>

#include "engine/cluster/candidate.h"
#include "engine/rng.h"

namespace rpcnet::cluster {

std::size_t any(Candidates candidates, Rng& rng);

// With a chance in proportion to its weight; all alike if no weight is above 0.
std::size_t any_by_weight(Candidates candidates, Rng& rng);

}  // namespace rpcnet::cluster
