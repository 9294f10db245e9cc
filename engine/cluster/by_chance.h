// By chance: each alike, or each by its weight, or by what of its weight is left.
#pragma once

#include <cstddef>

#include "engine/cluster/candidate.h"
#include "engine/rng.h"

namespace rpcnet::cluster {

std::size_t any(Candidates candidates, Rng& rng);

// With a chance in proportion to its weight; all alike if no weight is above 0.
std::size_t any_by_weight(Candidates candidates, Rng& rng);

// The same with weight / (load + 1): who is slow at present, or has work of others, gets less, and
// many choosers whose reports are old do not all run to the same worker (Envoy's weighted least
// request, with a bias of 1).
std::size_t any_by_weight_and_load(Candidates candidates, Rng& rng);

}  // namespace rpcnet::cluster
