// The one true time of a simulated world, which no node ever sees.
//
// Nodes live in Instants of their own, faulty clocks (host_clock.h). Two types keep them apart: a
// Moment handed to an engine does not compile.
#pragma once

#include <chrono>
#include <cstdint>

#include "engine/instant.h"

namespace rpcnet::sim {

struct WorldClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<WorldClock, duration>;
  static constexpr bool is_steady = true;
};

// Zero is the beginning of the run.
using Moment = WorldClock::time_point;

// Hosts are numbered from 0 in the order of the plan; a host keeps its number over restarts.
using HostIndex = std::uint32_t;

}  // namespace rpcnet::sim
