// What a node knows of another member's well-being, and from what.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/instant.h"

namespace rpcnet::swim {

// What this node knows of another member's well-being.
struct Health {
  std::uint32_t active_calls = 0;  // as it reported itself
  // Numbers its reports as they came in; 0: it has reported nothing yet. A number not seen before
  // is news.
  std::uint64_t report = 0;
  // Suspicion level times 1000 (Phi 4), the higher of the two that follow: by its silence, and by
  // the silence of its answers. 0 while it is not watched.
  std::uint32_t phi_milli = 0;
  std::uint32_t phi_heard_milli = 0;
  std::uint32_t phi_answered_milli = 0;
  std::uint64_t samples = 0;  // heartbeat gaps that Phi has learned from
  // Give it work only if nobody else is left: suspect, or Phi is over PhiConfig::avoid_at_milli, or
  // it is degraded.
  bool avoid = false;
  bool degraded = false;                 // accused by several, and refuting it again and again
  bool neighbour = false;                // in a ring: this node is one of its observers
  std::size_t accusers = 0;              // of a suspect, those that are known here
  std::uint32_t local_health = 0;        // its own, as it says; 0 is well
  std::optional<Instant> last_heard;     // any message of its own, directly from it
  std::optional<Instant> last_answered;  // the last proof that both ways work, while it is watched
};

// The part of it that a choice among members looks at.
struct Standing {
  std::uint32_t active_calls = 0;
  std::uint64_t report = 0;
  bool avoid = false;
};

}  // namespace rpcnet::swim
