// Attempts, numbers, ends.
#include "engine/rpc/resume.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "engine/assert.h"
#include "engine/rpc/retry.h"

namespace rpcnet::rpc {
namespace {

// More workers than this that were all lost within lost_for: who is chosen hardly matters.
constexpr std::size_t kLostMax = 64;

Status fault(StatusCode code, std::string message) {
  return Status{.code = code, .message = std::move(message), .details = {}};
}

}  // namespace

std::optional<std::uint64_t> parse_sequence(const Metadata& metadata) {
  const std::string* text = find_metadata(metadata, kResumeFrom);
  if (text == nullptr) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, wrong] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (wrong != std::errc() || end != text->data() + text->size() || number == 0) {
    return std::nullopt;
  }
  return number;
}

Resume::Resume(const ResumeConfig& config, std::uint64_t first)
    : config_(config), next_(std::max<std::uint64_t>(first, 1)) {}

void Resume::on_begun() {
  ENGINE_ASSERT(!running_ && !end_);
  running_ = true;
  opened_ = false;
  useless_ = false;
  at_ = 0;
}

std::optional<Status> Resume::on_opened(const Metadata& headers) {
  ENGINE_ASSERT(running_ && !opened_);
  const auto first = parse_sequence(headers);
  if (!first) {
    return fault(StatusCode::internal,
                 "the answer does not say with which item it begins: can the method resume?");
  }
  if (*first > next_) {
    useless_ = true;
    return fault(StatusCode::data_loss, "the answer begins with item " + std::to_string(*first) +
                                            ", and item " + std::to_string(next_) +
                                            " was asked for");
  }
  opened_ = true;
  at_ = *first;
  return std::nullopt;
}

bool Resume::on_item() {
  ENGINE_ASSERT(running_ && opened_);
  if (at_++ < next_) return false;
  ++next_;
  fruitless_ = 0;
  return true;
}

// What the end of the attempt means for the stream.
Status Resume::judged(const Status& status) const {
  if (!status.ok()) return status;
  if (!opened_) {
    return fault(StatusCode::internal,
                 "the answer ended without saying where it begins: can the method resume?");
  }
  if (at_ < next_) {
    return fault(StatusCode::data_loss, "the stream ended before item " + std::to_string(at_) +
                                            ", which another server had sent");
  }
  return status;
}

bool Resume::on_ended(Instant now, const Status& status, const Metadata& trailers,
                      const std::optional<NodeId>& worker, Rng& rng) {
  ENGINE_ASSERT(running_);
  running_ = false;
  if (end_) return true;
  Status end = judged(status);
  if (!is_transient(end.code) && !useless_) {
    end_ = std::move(end);
    return true;
  }
  if (opened_) ++failovers_;
  ++fruitless_;
  const PushBack push_back = push_back_of(trailers);
  if (push_back.never || (config_.attempts_max > 0 && fruitless_ >= config_.attempts_max)) {
    end_ = std::move(end);
    return true;
  }
  if (worker) {
    std::erase_if(lost_,
                  [&](const Lost& one) { return one.worker == *worker || one.until <= now; });
    if (lost_.size() >= kLostMax) lost_.erase(lost_.begin());
    lost_.push_back({*worker, now + config_.lost_for});
  }
  begin_at_ = now;
  if (push_back.wait) {
    begin_at_ += *push_back.wait;
  } else if (fruitless_ > 1) {
    begin_at_ += backoff_after(fruitless_ - 1, config_.backoff_min, config_.backoff_max, rng);
  }
  return false;
}

void Resume::give_up(Status why) {
  if (!end_) end_ = std::move(why);
}

std::optional<Duration> Resume::patience() const {
  const Duration span = opened_ ? config_.silence_max : config_.open_max;
  return span > Duration::zero() ? std::optional<Duration>(span) : std::nullopt;
}

Status Resume::too_slow() const {
  return fault(StatusCode::unavailable,
               opened_ ? "no item came in time" : "no answer began in time");
}

std::vector<NodeId> Resume::lost(Instant now) const {
  std::vector<NodeId> workers;
  for (const Lost& one : lost_) {
    if (one.until > now) workers.push_back(one.worker);
  }
  return workers;
}

}  // namespace rpcnet::rpc
