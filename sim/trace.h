// The fingerprint of a run: a rolling 128-bit hash of everything that went into or came out of a
// node, with checkpoints, so that two runs can be compared and the first difference found.
//
// A line of the trace is (time, host, kind, payload hash, outcome). The hash covers every line; the
// text is made only for the lines of a window, and for the last ones before a failure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/moment.h"

namespace rpcnet::sim {

struct TraceHash {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const TraceHash&, const TraceHash&) = default;
};

std::string to_text(const TraceHash& hash);  // 32 hexadecimal digits

// What a line is about: inputs first, then outputs.
enum class TraceKind : std::uint8_t {
  started,
  stopped,
  fact,
  command,
  deadline,
  unreachable,
  order,
  event,
  fault,
  datagram,  // a UDP datagram that left; outcome: the host it was for
};

struct TraceLine {
  Moment at;
  HostIndex host = 0;
  TraceKind kind{};
  std::uint8_t detail = 0;  // the alternative of the variant that it was
  std::uint64_t payload = 0;
  std::uint64_t outcome = 0;
};

std::string to_text(const TraceLine& line);

class Trace {
 public:
  static constexpr std::uint64_t kCheckpointEvery = 4096;
  static constexpr std::size_t kTail = 64;

  void add(const TraceLine& line);

  // Keep the text of lines [from, to).
  void watch(std::uint64_t from, std::uint64_t to);

  TraceHash hash() const { return {high_, low_}; }
  std::uint64_t lines() const { return lines_; }
  const std::vector<TraceHash>& checkpoints() const { return checkpoints_; }
  const std::vector<std::string>& watched() const { return watched_; }
  std::vector<TraceLine> tail() const;  // the last kTail lines, oldest first

 private:
  std::uint64_t high_ = 0x243f6a8885a308d3;
  std::uint64_t low_ = 0x13198a2e03707344;
  std::uint64_t lines_ = 0;
  std::vector<TraceHash> checkpoints_;
  std::array<TraceLine, kTail> tail_{};
  std::uint64_t watch_from_ = 0;
  std::uint64_t watch_to_ = 0;
  std::vector<std::string> watched_;
};

}  // namespace rpcnet::sim
