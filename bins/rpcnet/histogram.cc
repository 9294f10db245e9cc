#include "bins/rpcnet/histogram.h"

#include <algorithm>
#include <bit>

namespace rpcnet::bins {

void Histogram::add(Duration latency) {
  max_ = std::max(max_, latency);
  ++count_;
  const auto micros = static_cast<std::uint64_t>(std::max<std::int64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(latency).count(), 0));
  // Below 64 each number has a bucket; above, the six bits behind the highest one choose it.
  std::size_t index = micros;
  if (micros >= kStep) {
    const auto power = static_cast<std::size_t>(std::bit_width(micros)) - 7;
    index = (power + 1) * kStep + static_cast<std::size_t>((micros >> power) - kStep);
  }
  ++buckets_[std::min(index, buckets_.size() - 1)];
}

Duration Histogram::at(std::uint64_t permille) const {
  std::uint64_t left = (count_ * permille + 999) / 1000;
  if (left == 0) return Duration::zero();
  for (std::size_t index = 0; index < buckets_.size(); ++index) {
    if (buckets_[index] < left) {
      left -= buckets_[index];
      continue;
    }
    if (index < kStep) return std::chrono::microseconds(index);
    const std::size_t power = index / kStep - 1;
    const auto edge = static_cast<std::int64_t>(((index % kStep) + kStep + 1) << power);
    return std::min<Duration>(std::chrono::microseconds(edge - 1), max_);
  }
  return max_;
}

}  // namespace rpcnet::bins
