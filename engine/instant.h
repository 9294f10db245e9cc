// Time as the engine knows it: a number that the driver passes in.
//
// EngineClock has no now(), so nothing in the engine can read a clock, and assigning
// steady_clock::now() to an Instant does not compile. The driver maps its own monotonic clock to
// Instants (zero is whatever the driver chose); the simulator maps virtual time.
#pragma once

#include <chrono>
#include <cstdint>

namespace rpcnet {

struct EngineClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<EngineClock, duration>;
  static constexpr bool is_steady = true;
};

using Duration = EngineClock::duration;
using Instant = EngineClock::time_point;

}  // namespace rpcnet
