// A rate limit with room for bursts: `capacity` at once, one more each `refill`.
#pragma once

#include <cstdint>

#include "engine/instant.h"

namespace rpcnet::swim {

class TokenBucket {
 public:
  TokenBucket(std::int64_t capacity, Duration refill) : capacity_(capacity), refill_(refill) {}

  // Kept as the time at which the bucket would be full: one number, nothing to tick.
  bool take(Instant now) {
    const Instant empty_limit = now + refill_ * capacity_;
    const Instant full_at = full_at_ < now ? now : full_at_;
    if (full_at + refill_ > empty_limit) return false;
    full_at_ = full_at + refill_;
    return true;
  }

 private:
  std::int64_t capacity_;
  Duration refill_;
  Instant full_at_{Instant::min()};
};

}  // namespace rpcnet::swim
