// What a program's timer is for: the low bits of its token; the number of the call, or of the
// batch, is above them.
#pragma once

#include <cstdint>

#include "engine/ids.h"

namespace rpcnet::sim {

// A client's.
enum class Due : std::uint8_t {
  session,
  ask,
  patience,
  echo_time,
  talk_time,
  cancel,
  go_on,
  take,
  again,
  hedge,
};

// A worker's.
enum class WorkDue : std::uint8_t { token, answer, take, retag, batch_due, batch_over };

inline constexpr std::uint64_t kDueBits = 4;

template <class What>
std::uint64_t token_of(What due, CallId call = {}) {
  return (call.value << kDueBits) | static_cast<std::uint64_t>(due);
}
template <class What>
What due_of(std::uint64_t token) {
  return static_cast<What>(token & ((1U << kDueBits) - 1));
}
inline CallId call_of(std::uint64_t token) { return CallId{token >> kDueBits}; }

}  // namespace rpcnet::sim
