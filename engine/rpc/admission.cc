// Running, waiting, turned away.
#include "engine/rpc/admission.h"

namespace rpcnet::rpc {

Admission::Verdict Admission::on_arrival(Instant now, CallId call,
                                         std::optional<Instant> deadline) {
  if (config_.running_max == 0 || (running_.size() < config_.running_max && queue_.empty())) {
    running_.emplace(call, now);
    return Verdict::run;
  }
  if (queue_.size() >= config_.queue_max) return Verdict::full;
  if (deadline && *deadline - now < expected_wait() + usual_) return Verdict::hopeless;
  const std::uint64_t sequence = ++arrivals_;
  queue_.emplace(sequence, call);
  waiting_.emplace(call, Waiting{deadline, sequence});
  return Verdict::wait;
}

void Admission::on_over(Instant now, CallId call) {
  if (const auto found = running_.find(call); found != running_.end()) {
    // One part in eight, as TCP smooths its round trip time (RFC 6298 2.3).
    usual_ += (now - found->second - usual_) / 8;
    running_.erase(found);
  } else if (const auto waiting = waiting_.find(call); waiting != waiting_.end()) {
    queue_.erase(waiting->second.sequence);
    waiting_.erase(waiting);
  }
}

std::optional<Admission::Turn> Admission::next(Instant now) {
  if (queue_.empty() || running_.size() >= config_.running_max) return std::nullopt;
  const CallId call = queue_.begin()->second;
  const auto deadline = waiting_.at(call).deadline;
  queue_.erase(queue_.begin());
  waiting_.erase(call);
  // The last one is never given up for an estimate.
  const Duration needed = queue_.empty() ? Duration::zero() : usual_;
  if (deadline && *deadline - now <= needed) return Turn{call, true};
  running_.emplace(call, now);
  return Turn{call, false};
}

Duration Admission::expected_wait() const {
  if (config_.running_max == 0) return Duration::zero();
  const auto ahead = static_cast<std::int64_t>(queue_.size() + 1);
  return usual_ * ahead / static_cast<std::int64_t>(config_.running_max);
}

}  // namespace rpcnet::rpc
