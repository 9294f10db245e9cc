// Counting failures, comparing means, trying again.
#include "engine/cluster/outliers.h"

#include <algorithm>

namespace rpcnet::cluster {
namespace {

// Who was not called for so long is forgotten: workers come and go for years.
constexpr Duration kForgotten = std::chrono::minutes(10);
// And at most so many are known; more are not judged.
constexpr std::size_t kWorkersMax = 10'000;

}  // namespace

void Outliers::on_begun(Instant now, const NodeId& worker) {
  const auto found = workers_.find(worker);
  if (found == workers_.end()) return;
  Worker& known = found->second;
  if (known.on_trial && known.until <= now && room_for(now, known)) known.tried = true;
}

void Outliers::on_ended(Instant now, const NodeId& worker, Ending ending,
                        std::optional<Duration> latency) {
  compare(now);
  const auto found = workers_.find(worker);
  if (found == workers_.end() && (ending == Ending::not_begun || workers_.size() >= kWorkersMax)) {
    return;
  }
  Worker& known = found == workers_.end() ? workers_[worker] : found->second;
  known.heard = now;
  if (known.until > now) return;  // begun before it was sent away
  if (known.on_trial && !conclude_trial(now, known, ending, latency)) return;
  if (ending == Ending::not_begun) return;
  if (latency) {
    ++known.calls;
    known.spent += std::min<Duration>(*latency, std::chrono::hours(1));
  }
  if (ending == Ending::success) known.failures = 0;
  if (ending == Ending::failure) ++known.failures;
  if (config_.consecutive_failures == 0 || known.failures < config_.consecutive_failures) return;
  send_away(now, known);
}

bool Outliers::conclude_trial(Instant now, Worker& worker, Ending ending,
                              std::optional<Duration> latency) {
  if (latency) worker.tried = false;
  const bool failed = ending == Ending::failure && config_.consecutive_failures > 0;
  if (failed || (latency && slow(*latency))) {
    send_away(now, worker);
  } else if (ending == Ending::success) {
    worker.on_trial = false;
  } else if (latency) {
    // It says nothing, good or bad. The next one may as well: not at once.
    worker.until = now + config_.interval;
  }
  return !worker.on_trial;
}

std::vector<NodeId> Outliers::away(Instant now) {
  compare(now);
  std::vector<NodeId> found;
  for (const auto& [id, worker] : workers_) {
    if (worker.away(now)) found.push_back(id);
  }
  return found;
}

bool Outliers::slow(Duration latency) const {
  return config_.latency_factor > 0 && median_ && latency - *median_ > config_.latency_slack &&
         latency / config_.latency_factor > *median_;
}

void Outliers::compare(Instant now) {
  if (begun_ && now - compared_ < config_.interval) return;
  begun_ = true;
  compared_ = now;
  std::erase_if(workers_, [now](const auto& entry) {
    return entry.second.until <= now && now - entry.second.heard > kForgotten;
  });
  std::vector<Worker*> renewed;
  std::vector<Duration> means;
  for (auto& [id, worker] : workers_) {
    if (worker.until > now || worker.on_trial) continue;
    if (worker.calls > 0 && worker.calls >= config_.samples_min) {
      worker.mean = worker.spent / worker.calls;
      worker.calls = 0;
      worker.spent = {};
      renewed.push_back(&worker);
    }
    if (worker.mean) means.push_back(*worker.mean);
    forgive(now, worker);
  }
  if (means.empty()) return;
  // Of an even number the lower one: of two workers the faster sets the measure.
  const auto middle = means.begin() + static_cast<std::ptrdiff_t>((means.size() - 1) / 2);
  std::nth_element(means.begin(), middle, means.end());
  median_ = *middle;
  for (Worker* worker : renewed) {
    if (slow(*worker->mean)) send_away(now, *worker);
  }
}

// Good for as long as it was away the last time: one time less.
void Outliers::forgive(Instant now, Worker& worker) const {
  if (worker.times == 0 || now - worker.until < term(worker.times - 1)) return;
  --worker.times;
  worker.until = now;
}

Duration Outliers::term(std::uint32_t times) const {
  Duration term = config_.away_min;
  while (times-- > 0 && term < config_.away_max) term *= 2;
  return std::min(term, config_.away_max);
}

bool Outliers::room_for(Instant now, const Worker& another) const {
  const auto others = static_cast<std::size_t>(std::count_if(
      workers_.begin(), workers_.end(),
      [&](const auto& entry) { return &entry.second != &another && entry.second.away(now); }));
  return (others + 1) * 100 <= workers_.size() * config_.away_percent_max;
}

void Outliers::send_away(Instant now, Worker& worker) {
  if (worker.until > now || !room_for(now, worker)) return;
  worker.until = now + term(worker.times);
  ++worker.times;
  ++ejections_;
  worker.failures = 0;
  worker.calls = 0;
  worker.spent = {};
  worker.mean.reset();
  worker.on_trial = true;
  worker.tried = false;
}

}  // namespace rpcnet::cluster
