// Latencies by count, in buckets that are 1/64 of a power of two wide (as HdrHistogram's with two
// digits): what it tells is at most 1.6 % above what was, and it takes the same memory for ever.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/instant.h"

namespace rpcnet::bins {

class Histogram {
 public:
  // From nothing to about two hours; what is longer counts as that.
  void add(Duration latency);
  void clear() { *this = Histogram(); }

  std::uint64_t count() const { return count_; }
  // The upper edge of the bucket within which `permille` of a thousand lie; zero if there are none.
  Duration at(std::uint64_t permille) const;
  Duration max() const { return max_; }

 private:
  static constexpr std::size_t kStep = 64;  // buckets of one power of two
  static constexpr std::size_t kPowers = 34;

  std::array<std::uint64_t, kStep * kPowers> buckets_{};  // of microseconds
  std::uint64_t count_ = 0;
  Duration max_{};
};

}  // namespace rpcnet::bins
