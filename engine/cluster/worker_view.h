// A worker as its registry sees it, for choosing and for showing.
#pragma once

#include <cstdint>

#include "engine/member.h"

namespace rpcnet {

struct WorkerView {
  Member member;
  std::uint32_t active_calls = 0;  // reported by the worker itself, in its heartbeats
  std::uint32_t assignments = 0;   // chosen here and not yet visible in a report
  std::uint32_t phi_milli = 0;     // suspicion level times 1000 (Phi 4)
  bool degraded = false;           // accused by several, and refuting it again and again
  // Suspect, degraded, or silent for too long: chosen only if nobody else is left.
  bool avoid = false;

  std::uint32_t load() const { return active_calls + assignments; }
};

}  // namespace rpcnet
