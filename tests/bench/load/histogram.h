// How often each duration was seen, to within one part in 128, whatever its size (the idea of
// HdrHistogram): quantiles far out in the tail cost no memory and no sorting.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bench {

class Histogram {
 public:
  void add(std::uint64_t nanoseconds) {
    ++buckets_[index_of(nanoseconds)];
    ++count_;
  }

  std::uint64_t count() const { return count_; }

  // The duration that a share of `part` (0 to 1) did not exceed, in nanoseconds; 0: none was seen.
  std::uint64_t quantile(double part) const {
    const auto wanted = static_cast<std::uint64_t>(part * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t index = 0; index < buckets_.size(); ++index) {
      seen += buckets_[index];
      if (seen > wanted || (seen == count_ && seen > 0)) return value_of(index);
    }
    return 0;
  }

 private:
  static constexpr unsigned kBits = 7;  // of each value that are kept below its highest one
  static constexpr std::uint64_t kParts = std::uint64_t{1} << kBits;
  static constexpr unsigned kPowersMax = 40 - kBits;  // up to 2^40 ns, 18 minutes

  static std::size_t index_of(std::uint64_t value) {
    if (value < 2 * kParts) return value;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kBits;
    if (shift > kPowersMax) return (kPowersMax + 2) * kParts - 1;
    return shift * kParts + (value >> shift);
  }

  // The middle of the bucket.
  static std::uint64_t value_of(std::size_t index) {
    if (index < 2 * kParts) return index;
    const std::uint64_t shift = index / kParts - 1;
    return ((index - shift * kParts) << shift) + (std::uint64_t{1} << shift) / 2;
  }

  std::array<std::uint64_t, (kPowersMax + 2) * kParts> buckets_{};
  std::uint64_t count_ = 0;
};

}  // namespace bench
