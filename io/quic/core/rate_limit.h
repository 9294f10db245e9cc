// A token bucket for answers to packets that belong to no link.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "engine/instant.h"

namespace rpcnet::quic {

class RateLimit {
 public:
  RateLimit(std::uint32_t per_second, std::uint32_t burst)
      : per_second_(per_second), burst_(burst), tokens_(burst) {}

  bool allow(Instant now) {
    if (per_second_ > 0 && now > refilled_) {
      const Duration per_token = Duration{std::chrono::seconds{1}} / per_second_;
      const auto earned = (now - refilled_) / per_token;
      if (earned >= static_cast<Duration::rep>(burst_)) {
        tokens_ = burst_;
        refilled_ = now;
      } else {
        tokens_ = std::min<std::uint64_t>(burst_, tokens_ + static_cast<std::uint64_t>(earned));
        refilled_ += earned * per_token;
      }
    }
    if (tokens_ == 0) return false;
    --tokens_;
    return true;
  }

 private:
  std::uint32_t per_second_;
  std::uint32_t burst_;
  std::uint64_t tokens_;
  Instant refilled_{};
};

}  // namespace rpcnet::quic
