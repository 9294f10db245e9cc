// Tokens, attempts, waits.
#include "engine/rpc/retry.h"

#include <algorithm>
#include <charconv>

#include "engine/rpc/frame.h"

namespace rpcnet::rpc {
namespace {

// A callee that asks for more than a day means never.
std::optional<Duration> parse_retry_after(const std::string& text) {
  std::uint32_t milliseconds = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), milliseconds);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (milliseconds > 86'400'000) return std::nullopt;
  return std::chrono::milliseconds(milliseconds);
}

}  // namespace

const std::string* find_metadata(const Metadata& metadata, std::string_view key) {
  const auto found = std::find_if(metadata.begin(), metadata.end(),
                                  [key](const auto& pair) { return pair.first == key; });
  return found != metadata.end() ? &found->second : nullptr;
}

Duration backoff_after(std::uint32_t attempts, Duration min, Duration max, Rng& rng) {
  const Duration ceiling = std::min(min * (std::int64_t{1} << std::min(attempts - 1, 20u)), max);
  const auto half = static_cast<std::uint64_t>((ceiling / 2).count());
  return ceiling / 2 + Duration(static_cast<Duration::rep>(rng.below(half + 1)));
}

bool is_transient(StatusCode code) {
  return code == StatusCode::unavailable || code == StatusCode::resource_exhausted;
}

bool is_free(const Status& status, const Metadata& trailers) {
  return status.code == StatusCode::unavailable && find_metadata(trailers, kNotStarted) != nullptr;
}

bool blames_callee(const Status& status, const Metadata& trailers) {
  switch (status.code) {
    case StatusCode::unavailable:
    case StatusCode::deadline_exceeded:
    case StatusCode::unknown:
    case StatusCode::internal:
    case StatusCode::data_loss: return find_metadata(trailers, kNotStarted) == nullptr;
    default: return false;
  }
}

PushBack push_back_of(const Metadata& trailers) {
  const std::string* asked = find_metadata(trailers, kRetryAfterMs);
  if (asked == nullptr) return {};
  const auto wait = parse_retry_after(*asked);
  return {.never = !wait, .wait = wait};
}

void RetryBudget::on_success() {
  const std::uint64_t full = std::uint64_t{config_.tokens_max} * 1000;
  milli_tokens_ = std::min(milli_tokens_ + config_.milli_tokens_per_success, full);
}

void RetryBudget::on_failure() { milli_tokens_ -= std::min<std::uint64_t>(milli_tokens_, 1000); }

std::optional<Duration> Retry::next(const Status& status, const Metadata& trailers, Rng& rng) {
  ++attempts_;
  if (!is_transient(status.code)) {
    if (status.ok()) budget_.on_success();
    return std::nullopt;
  }
  const bool not_started = find_metadata(trailers, kNotStarted) != nullptr;
  const bool free = is_free(status, trailers);
  if (!free) budget_.on_failure();
  if (attempts_ >= config_.attempts_max || !(safe_ || not_started)) return std::nullopt;
  if (!free && !budget_.allows()) return std::nullopt;
  const PushBack push_back = push_back_of(trailers);
  if (push_back.never || push_back.wait) return push_back.wait;
  return backoff_after(attempts_, config_.backoff_min, config_.backoff_max, rng);
}

}  // namespace rpcnet::rpc
