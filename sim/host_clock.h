// A host's own idea of time: it starts somewhere, runs fast or slow, and sometimes jumps ahead.
//
// It is the monotonic clock of an operating system: it never runs backwards (Node demands that),
// but no two hosts agree on it. A jump is what a process sees after its machine was suspended.
#pragma once

#include <cstdint>

#include "sim/moment.h"

namespace rpcnet::sim {

class HostClock {
 public:
  HostClock() = default;
  // `drift_ppm` above -1,000,000: how many microseconds it gains in a second.
  HostClock(Duration offset, std::int64_t drift_ppm)
      : local_anchor_(offset), drift_ppm_(drift_ppm) {}

  Instant local(Moment at) const {
    const std::int64_t passed = (at - anchor_).count();
    return Instant(local_anchor_ + Duration(scaled(passed)));
  }

  // The first moment at which local() is at least `instant`.
  Moment when(Instant instant) const {
    const std::int64_t wanted = (instant.time_since_epoch() - local_anchor_).count();
    if (wanted <= 0) return anchor_;
    const std::int64_t rate = kMillion + drift_ppm_;
    std::int64_t passed = wanted / rate * kMillion + wanted % rate * kMillion / rate;
    while (scaled(passed) < wanted) ++passed;
    return anchor_ + Duration(passed);
  }

  void jump(Moment now, Duration ahead) {
    set_anchor(now);
    local_anchor_ += ahead;
  }

  void drift(Moment now, std::int64_t ppm) {
    set_anchor(now);
    drift_ppm_ = ppm;
  }

  std::int64_t drift_ppm() const { return drift_ppm_; }

 private:
  static constexpr std::int64_t kMillion = 1'000'000;

  // passed * rate / a million, without a product of more than 64 bits.
  std::int64_t scaled(std::int64_t passed) const {
    const std::int64_t rate = kMillion + drift_ppm_;
    return passed / kMillion * rate + passed % kMillion * rate / kMillion;
  }

  void set_anchor(Moment now) {
    local_anchor_ = local(now).time_since_epoch();
    anchor_ = now;
  }

  Moment anchor_{};
  Duration local_anchor_{};
  std::int64_t drift_ppm_ = 0;
};

}  // namespace rpcnet::sim
