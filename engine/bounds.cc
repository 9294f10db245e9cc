#include "engine/bounds.h"

namespace rpcnet {
namespace {

std::string in_words(Duration span) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(span).count();
  if (us % 1000 != 0) return std::to_string(us) + " us";
  const auto days = std::chrono::duration_cast<std::chrono::hours>(span).count() / 24;
  return days > 1 ? std::to_string(days) + " days" : std::to_string(us / 1000) + " ms";
}

}  // namespace

Bounds& Bounds::time(std::string_view name, Duration value, Duration least, Duration most) {
  if (value >= least && value <= most) return *this;
  return tell(name, in_words(value), in_words(least) + " to " + in_words(most));
}

Bounds& Bounds::number(std::string_view name, std::uint64_t value, std::uint64_t least,
                       std::uint64_t most) {
  if (value >= least && value <= most) return *this;
  return tell(name, std::to_string(value), std::to_string(least) + " to " + std::to_string(most));
}

Bounds& Bounds::order(std::string_view name, Duration less, std::string_view other, Duration more) {
  if (less <= more) return *this;
  return tell(name, in_words(less), "at most " + std::string(other) + ", " + in_words(more));
}

Bounds& Bounds::backoff(Duration min, Duration max) {
  time("backoff_min", min, kTick).time("backoff_max", max, kTick);
  return order("backoff_min", min, "backoff_max", max);
}

Bounds& Bounds::tell(std::string_view name, const std::string& value, const std::string& expected) {
  if (fault_) return *this;
  fault_ =
      std::string(owner_) + "::" + std::string(name) + " is " + value + ", expected " + expected;
  return *this;
}

}  // namespace rpcnet
