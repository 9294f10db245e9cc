// Consistent hashing: the same key goes to the same worker for as long as that is there.
//
// By rendezvous (Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates"): every
// worker draws a number from the key and its own name, and the highest wins. A worker that goes
// moves only its own keys, evenly to all others; one that comes takes only what becomes its own.
// Rings and maglev tables approximate that and have to be built; this is a pure function of the
// view, whose cost is one hash a worker.
#pragma once

#include <cstddef>
#include <string_view>

#include "engine/cluster/candidate.h"

namespace rpcnet::cluster {

std::size_t owner_of(std::string_view key, Candidates candidates);

}  // namespace rpcnet::cluster
