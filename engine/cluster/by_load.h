// By load: the least of all, or the lesser of two.
#pragma once

#include <cstddef>
#include <optional>

#include "engine/cluster/candidate.h"
#include "engine/rng.h"

namespace rpcnet::cluster {

// Ties go to the next behind `last`, so that equal workers share evenly (rpcnet sent every tie to
// the same one).
std::size_t least_loaded(Candidates candidates, const std::optional<NodeId>& last);

// The lesser of two drawn at random (Mitzenmacher, "The Power of Two Choices in Randomized Load
// Balancing"): nearly as even as the least of all, and many choosers whose reports are old do not
// all run to the same worker. Ties go to the first drawn.
std::size_t less_loaded_of_two(Candidates candidates, Rng& rng);

}  // namespace rpcnet::cluster
