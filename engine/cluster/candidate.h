// What a strategy looks at: the workers that a call may go to.
#pragma once

#include <cstdint>
#include <span>

#include "engine/ids.h"

namespace rpcnet::cluster {

struct Candidate {
  const NodeId* id = nullptr;  // distinct; candidates are in NodeId order
  std::uint32_t load = 0;      // calls that it serves or is about to serve
  std::uint32_t weight = 1;    // its share where weights count; 0: none while others have one
};

// Never empty where a strategy is asked.
using Candidates = std::span<const Candidate>;

}  // namespace rpcnet::cluster
