// When a call that failed is tried again, and when no longer: backoff, what the callee asks for,
// and a budget that keeps retries from making an overload worse (gRFC A6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/config.h"
#include "engine/instant.h"
#include "engine/rng.h"
#include "engine/status.h"

namespace rpcnet::rpc {

// In a trailer: the callee wishes to be left alone for so many milliseconds; anything that is no
// number: for good.
inline constexpr std::string_view kRetryAfterMs = "rpcnet-retry-after-ms";

// May a call that ended so be made again?
bool is_transient(StatusCode code);

// Somebody who cannot be reached, or drains, is not overloaded: trying elsewhere costs no token.
bool is_free(const Status& status, const Metadata& trailers);

// A failure that says something about the callee, or the way to it, and not about what was asked;
// it did begin the call.
bool blames_callee(const Status& status, const Metadata& trailers);

// The wait after so many attempts, from 1 on: doubling from `min` to `max`, with jitter over the
// upper half, since those who failed together must not return together.
Duration backoff_after(std::uint32_t attempts, Duration min, Duration max, Rng& rng);

// The first value of `key`; null: there is none.
const std::string* find_metadata(const Metadata& metadata, std::string_view key);

// What a callee asks for in its trailers.
struct PushBack {
  bool never = false;              // leave it alone for good
  std::optional<Duration> wait{};  // or for so long
};
PushBack push_back_of(const Metadata& trailers);

// What all calls of one channel share. A failure takes a token and a success gives back a part of
// one; in the lower half nothing is tried again, but for calls that found nobody to begin at. So
// when everything fails, retries soon stop, and when a few calls fail they all may.
class RetryBudget {
 public:
  explicit RetryBudget(const RetryConfig& config)
      : config_(config), milli_tokens_(std::uint64_t{config.tokens_max} * 1000) {}

  void on_success();
  void on_failure();
  bool allows() const { return milli_tokens_ * 2 > std::uint64_t{config_.tokens_max} * 1000; }

  std::uint64_t milli_tokens() const { return milli_tokens_; }

 private:
  RetryConfig config_;
  std::uint64_t milli_tokens_;
};

// The attempts of one call.
class Retry {
 public:
  // `safe`: the method may be executed twice. The budget must outlive this.
  Retry(const RetryConfig& config, RetryBudget& budget, bool safe)
      : config_(config), budget_(budget), safe_(safe) {}

  // After an attempt that ended so: how long to wait before the next one; absent: this was the end.
  std::optional<Duration> next(const Status& status, const Metadata& trailers, Rng& rng);

 private:
  const RetryConfig& config_;
  RetryBudget& budget_;
  bool safe_;
  std::uint32_t attempts_ = 0;
};

}  // namespace rpcnet::rpc
