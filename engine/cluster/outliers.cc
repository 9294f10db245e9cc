// Counting failures, comparing means.
#include "engine/cluster/outliers.h"

#include <algorithm>

namespace rpcnet::cluster {
namespace {

// Who was not called for so long is forgotten: workers come and go for years.
constexpr Duration kForgotten = std::chrono::minutes(10);
// And at most so many are known; more are not judged.
constexpr std::size_t kWorkersMax = 10'000;

}  // namespace

void Outliers::on_ended(Instant now, const NodeId& worker, Ending ending,
                        std::optional<Duration> latency) {
  compare(now);
  const auto found = workers_.find(worker);
  if (found == workers_.end() && workers_.size() >= kWorkersMax) return;
  Worker& known = found == workers_.end() ? workers_[worker] : found->second;
  known.heard = now;
  if (latency) {
    ++known.calls;
    known.spent += std::min<Duration>(*latency, std::chrono::hours(1));
  }
  if (ending == Ending::success) known.failures = 0;
  if (ending == Ending::failure) ++known.failures;
  if (config_.consecutive_failures == 0 || known.failures < config_.consecutive_failures) return;
  known.failures = 0;
  send_away(now, known);
}

std::vector<NodeId> Outliers::away(Instant now) {
  compare(now);
  std::vector<NodeId> found;
  for (const auto& [id, worker] : workers_) {
    if (worker.until > now) found.push_back(id);
  }
  return found;
}

void Outliers::compare(Instant now) {
  if (begun_ && now - compared_ < config_.interval) return;
  begun_ = true;
  compared_ = now;
  std::erase_if(workers_, [now](const auto& entry) {
    return entry.second.until <= now && now - entry.second.heard > kForgotten;
  });
  std::vector<Duration> means;
  for (auto& [id, worker] : workers_) {
    if (worker.calls > 0 && worker.calls >= config_.samples_min && worker.until <= now) {
      means.push_back(worker.spent / worker.calls);
    }
  }
  if (means.size() > 1 && config_.latency_factor > 0) {
    // Of an even number the lower one: of two workers the faster sets the measure.
    const auto middle = means.begin() + static_cast<std::ptrdiff_t>((means.size() - 1) / 2);
    std::nth_element(means.begin(), middle, means.end());
    const Duration median = *middle;
    for (auto& [id, worker] : workers_) {
      if (worker.calls == 0 || worker.calls < config_.samples_min || worker.until > now) continue;
      const Duration mean = worker.spent / worker.calls;
      if (mean - median > config_.latency_slack && mean / config_.latency_factor > median) {
        send_away(now, worker);
      }
    }
  }
  for (auto& [id, worker] : workers_) {
    worker.calls = 0;
    worker.spent = {};
    // Good for as long as it was away the last time: it begins to be forgiven.
    const Duration term =
        std::min(config_.away_min * (1U << std::min(worker.times, 20U)), config_.away_max);
    if (worker.times > 0 && now - worker.until > term) --worker.times;
  }
}

bool Outliers::room_for_another(Instant now) const {
  const auto gone = static_cast<std::size_t>(
      std::count_if(workers_.begin(), workers_.end(),
                    [now](const auto& entry) { return entry.second.until > now; }));
  return (gone + 1) * 100 <= workers_.size() * config_.away_percent_max;
}

void Outliers::send_away(Instant now, Worker& worker) {
  if (worker.until > now || !room_for_another(now)) return;
  const Duration term =
      std::min(config_.away_min * (1U << std::min(worker.times, 20U)), config_.away_max);
  ++worker.times;
  ++ejections_;
  worker.until = now + term;
}

}  // namespace rpcnet::cluster
