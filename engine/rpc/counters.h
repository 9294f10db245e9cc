// What the RPC machine counts, for the node's metrics.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/status.h"

namespace rpcnet::rpc {

inline constexpr std::size_t kStatusCodes = 17;  // ok to unauthenticated

struct Counters {
  // Outgoing calls.
  std::uint64_t started = 0;                           // StartCall was accepted
  std::array<std::uint64_t, kStatusCodes> finished{};  // CallFinished, by status
  // Incoming calls.
  std::uint64_t arrived = 0;                           // CallArrived
  std::array<std::uint64_t, kStatusCodes> answered{};  // FinishCall, by status
  std::uint64_t aborted = 0;                           // CallAborted
  std::uint64_t refused = 0;                           // turned away: draining, calls_max
  // Both.
  std::uint64_t malformed = 0;  // streams ended for bytes that the grammar does not allow
  std::uint64_t too_large = 0;  // streams ended for a message or metadata over its limit
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_sent = 0;  // stream content, frames included
  std::uint64_t bytes_received = 0;

  void count_finished(StatusCode code) { ++finished[static_cast<std::size_t>(code)]; }
  void count_answered(StatusCode code) { ++answered[static_cast<std::size_t>(code)]; }
};

}  // namespace rpcnet::rpc
