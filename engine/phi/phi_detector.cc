// The window of gaps and the two directions of the formula.
#include "engine/phi/phi_detector.h"

#include <algorithm>
#include <cmath>

#include "engine/assert.h"
#include "engine/phi/normal_tail.h"

namespace rpcnet::phi {
namespace {

__extension__ using Square = unsigned __int128;

// The integer square root, rounded down. IEEE 754 fixes each bit of a floating-point root, so the
// guess is the same everywhere; it is next to the answer.
std::int64_t root(Square value) {
  auto guess = static_cast<Square>(std::sqrt(static_cast<double>(value)));
  while (guess * guess > value) --guess;
  while ((guess + 1) * (guess + 1) <= value) ++guess;
  return static_cast<std::int64_t>(guess);
}

}  // namespace

PhiDetector::PhiDetector(const PhiConfig& config, Duration expected)
    : config_(config), expected_(expected) {
  ENGINE_ASSERT(config.window >= 2);
  ENGINE_ASSERT(expected > Duration::zero());
  ENGINE_ASSERT(config.deviation_min > Duration::zero());
  // The first guess, as Akka makes it: the promised gap, a quarter of it either way.
  record((expected * 3 / 4).count());
  record((expected * 5 / 4).count());
}

void PhiDetector::observe(Instant now) {
  if (!sampled_) return resume(now);
  last_ = std::max(*last_, now);
  const Duration gap = now - *sampled_;
  if (gap < expected_ / 2) return;
  sampled_ = now;
  if (gap > config_.gap_max) return;
  ++samples_;
  record(gap.count());
}

void PhiDetector::hear(Instant now) { last_ = std::max(last_.value_or(now), now); }

void PhiDetector::resume(Instant now) {
  last_ = now;
  sampled_ = now;
}

void PhiDetector::delay(Duration stall) {
  if (last_) *last_ += stall;
  if (sampled_) *sampled_ += stall;
}

std::uint32_t PhiDetector::phi_milli(Instant now) const {
  if (!last_) return 0;
  const Duration over = now - *last_ - mean() - config_.pause;
  return level_milli(static_cast<double>(over.count()) / static_cast<double>(deviation().count()));
}

std::optional<Instant> PhiDetector::when(std::uint32_t level) const {
  if (!last_ || level == 0) return std::nullopt;  // config.h: 0 is never
  const auto spread = static_cast<Wide>(deviation().count()) * deviations_micro(level) / 1'000'000;
  return *last_ + mean() + config_.pause + Duration(static_cast<std::int64_t>(spread));
}

void PhiDetector::measure() {
  mean_ = Duration(sum_ / static_cast<std::int64_t>(gaps_.size()));
  // Variance is (n * sum of squares - square of the sum) / n^2: exact, and never negative
  // (Cauchy-Schwarz).
  const auto count = static_cast<Wide>(gaps_.size());
  const Wide scatter = count * squares_ - static_cast<Wide>(sum_) * sum_;
  const std::int64_t deviation = root(static_cast<Square>(scatter / (count * count)));
  deviation_ = std::max(Duration(deviation), config_.deviation_min);
}

void PhiDetector::record(std::int64_t gap) {
  if (gaps_.size() < config_.window) {
    gaps_.push_back(gap);
  } else {
    const std::int64_t old = gaps_[oldest_];
    sum_ -= old;
    squares_ -= static_cast<Wide>(old) * old;
    gaps_[oldest_] = gap;
    oldest_ = (oldest_ + 1) % gaps_.size();
  }
  sum_ += gap;
  squares_ += static_cast<Wide>(gap) * gap;
  measure();
}

}  // namespace rpcnet::phi
