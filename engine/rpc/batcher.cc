// Who waits, and whose turn it is.
#include "engine/rpc/batcher.h"

#include <algorithm>

#include "engine/assert.h"

namespace rpcnet::rpc {

Batcher::Batcher(const BatchConfig& config) : config_(config) {
  config_.batch_max = std::max<std::size_t>(config_.batch_max, 1);
  config_.running_max = std::max<std::size_t>(config_.running_max, 1);
}

std::optional<Batcher::Item> Batcher::on_item(Instant now) {
  if (waiting_.size() >= config_.queue_max) return std::nullopt;
  const Item item = next_++;
  waiting_.emplace_hint(waiting_.end(), item, now);
  return item;
}

std::vector<Batcher::Item> Batcher::next(Instant now) {
  const auto due = deadline();
  const bool full = waiting_.size() >= config_.batch_max;
  if (running_ >= config_.running_max || !(full || (due && *due <= now))) return {};
  std::vector<Item> batch;
  while (!waiting_.empty() && batch.size() < config_.batch_max) {
    batch.push_back(waiting_.begin()->first);
    waiting_.erase(waiting_.begin());
  }
  ++running_;
  return batch;
}

void Batcher::on_batch_over(Instant now, Instant began) {
  ENGINE_ASSERT(running_ > 0);
  --running_;
  const Duration ran = now - began;
  usual_ = usual_ == Duration::zero() ? ran : usual_ + (ran - usual_) / 8;
}

std::optional<Instant> Batcher::deadline() const {
  if (waiting_.empty() || running_ >= config_.running_max) return std::nullopt;
  return waiting_.begin()->second + config_.wait_max;
}

Duration Batcher::retry_after() const {
  const auto batches = static_cast<std::int64_t>(waiting_.size() / config_.batch_max + 1);
  const auto lanes = static_cast<std::int64_t>(config_.running_max);
  const Duration each = usual_ > Duration::zero() ? usual_ : config_.wait_max;
  return std::max<Duration>(each * batches / lanes, std::chrono::milliseconds(1));
}

}  // namespace rpcnet::rpc
