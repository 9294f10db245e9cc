// Says which number of a configuration is out of its bounds, and what was expected.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "engine/instant.h"

namespace rpcnet {

// Keeps the first fault of the numbers that it is shown:
//   Bounds("HedgeConfig").time("delay", config.delay).number(...).fault()
class Bounds {
 public:
  // Where a timer that fires at once, again and again, would be no use to anybody.
  static constexpr Duration kTick = std::chrono::milliseconds(1);
  // Sums and small multiples of two of these still are Durations.
  static constexpr Duration kLongest = std::chrono::hours(24 * 365 * 10);
  static constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();

  // `owner` is what the numbers are part of; it and the names must outlive this.
  explicit Bounds(std::string_view owner) : owner_(owner) {}

  Bounds& time(std::string_view name, Duration value, Duration least = {},
               Duration most = kLongest);
  Bounds& number(std::string_view name, std::uint64_t value, std::uint64_t least,
                 std::uint64_t most = kMost);
  // The one may not be longer than the other.
  Bounds& order(std::string_view name, Duration less, std::string_view other, Duration more);
  // backoff_min and backoff_max.
  Bounds& backoff(Duration min, Duration max);

  // "HedgeConfig::delay is -1 ms, expected 0 ms to 3650 days"; nullopt: all are within.
  const std::optional<std::string>& fault() const { return fault_; }

 private:
  Bounds& tell(std::string_view name, const std::string& value, const std::string& expected);

  std::string_view owner_;
  std::optional<std::string> fault_;
};

}  // namespace rpcnet
