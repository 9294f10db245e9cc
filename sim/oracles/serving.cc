// Arrivals and answers, added up.
#include "sim/oracles/serving.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "sim/fault_runner.h"
#include "sim/workload/payload.h"

namespace rpcnet::sim {
namespace {

using std::chrono::milliseconds;

// How late a batch may begin on a process that nothing holds up.
constexpr Duration kSlack = milliseconds(50);
// What all of the queue before it takes at the most, in which no batch may be forgotten.
constexpr Duration kQueue = std::chrono::seconds(1);

// "number.nanoseconds"
struct Mark {
  std::uint64_t number = 0;
  std::int64_t began = 0;
};

std::optional<Mark> mark_in(const Metadata& trailers) {
  for (const auto& [key, value] : trailers) {
    if (key != kBatch) continue;
    const char* const end = value.data() + value.size();
    Mark mark;
    const char* const point = std::from_chars(value.data(), end, mark.number).ptr;
    if (point == end || std::from_chars(point + 1, end, mark.began).ptr != end) return {};
    return mark;
  }
  return {};
}

}  // namespace

ServingOracle::ServingOracle(const Ground& ground) : Oracle(ground), workers_(plan().hosts()) {}

void ServingOracle::on_stopping(HostIndex host) { workers_[host] = {}; }

void ServingOracle::on_event(HostIndex host, const Event& event) {
  Worker& worker = workers_[host];
  if (const auto* arrived = std::get_if<CallArrived>(&event)) {
    const Workload& workload = plan().workload;
    // What came before has been answered, or taken on.
    const auto most = static_cast<std::size_t>(workload.running_max + workload.queue_max);
    if (!check(workload.running_max == 0 || worker.alone.size() <= most)) {
      return fail(host, "has " + std::to_string(worker.alone.size()) +
                            " unary calls; it may serve and let wait " + std::to_string(most));
    }
    if (arrived->method == kEcho) worker.alone.emplace(arrived->call, world().now());
    if (arrived->method == kTogether) worker.together.emplace(arrived->call, std::nullopt);
  } else if (const auto* message = std::get_if<MessageArrived>(&event)) {
    // It waits for its batch from now on.
    const auto call = worker.together.find(message->call);
    if (call == worker.together.end()) return;
    call->second = Waiting{world().now(), world().local_now(host), worker.arrivals++};
  } else if (const auto* aborted = std::get_if<CallAborted>(&event)) {
    worker.alone.erase(aborted->call);
    worker.together.erase(aborted->call);
  }
}

void ServingOracle::on_tick() {
  for (HostIndex host = 0; host < workers_.size(); ++host) {
    for (const auto& [call, waiting] : workers_[host].together) {
      if (!waiting || faults().held_up_since(host, waiting->at)) continue;
      if (!check(world().now() <
                 waiting->at + milliseconds(plan().workload.batch_wait_ms) + kQueue)) {
        return fail(
            host, "has forgotten call " + std::to_string(call.value) + ", which waits for a batch");
      }
    }
  }
}

void ServingOracle::on_command(HostIndex, const Command& command) {
  finishing_.reset();
  if (const auto* finish = std::get_if<FinishCall>(&command)) finishing_ = *finish;
}

void ServingOracle::on_outcome(HostIndex host, Outcome outcome) {
  const auto finish = std::exchange(finishing_, std::nullopt);
  if (!finish) return;
  Worker& worker = workers_[host];
  const bool full = finish->status.code == StatusCode::resource_exhausted;
  if (const auto alone = worker.alone.extract(finish->call); !alone.empty()) {
    if (full && outcome == Outcome::done) on_turned_away(host, alone.mapped());
  } else if (const auto together = worker.together.extract(finish->call); !together.empty()) {
    if (outcome == Outcome::done) on_answer(host, *together.mapped(), *finish);
  }
}

void ServingOracle::on_turned_away(HostIndex host, Moment arrived) {
  ++turned_away_;
  const Worker& worker = workers_[host];
  // Whose turn came too late leaves the place of the one that has just ended.
  const std::size_t left = arrived == world().now() ? 0 : 1;
  const auto most = static_cast<std::size_t>(plan().workload.running_max);
  if (!check(most > 0 && worker.alone.size() + left >= most)) {
    fail(host, "turns a call away though " + std::to_string(worker.alone.size()) +
                   " are open and " + std::to_string(most) + " may run");
  }
}

void ServingOracle::on_answer(HostIndex host, const Waiting& call, const FinishCall& finish) {
  const Worker& worker = workers_[host];
  const Workload& workload = plan().workload;
  if (finish.status.code == StatusCode::resource_exhausted) {
    ++turned_away_;
    const auto most = static_cast<std::size_t>(workload.batch_queue_max);
    if (!check(worker.together.size() >= most)) {
      fail(host, "turns a call away though " + std::to_string(worker.together.size()) +
                     " wait for a batch and " + std::to_string(most) + " may");
    }
    return;
  }
  ++batched_;
  const auto mark = mark_in(finish.trailers);
  if (!check(mark.has_value())) return fail(host, "answers a batch's call without its mark");
  const Batch batch{.number = mark->number,
                    .began = Instant(Duration(mark->began)),
                    .over = world().local_now(host),
                    .size = 1,
                    .last = call.arrival};
  std::optional<Batch>& latest = workers_[host].batch;
  const std::string text = "batch " + std::to_string(batch.number);
  if (latest && latest->number == batch.number) {
    ++latest->size;
    latest->last = std::max(latest->last, call.arrival);
    const auto most = static_cast<std::size_t>(workload.batch_max);
    if (!check(latest->size <= most && latest->began == batch.began)) {
      fail(host, text + " has " + std::to_string(latest->size) + " calls and may have " +
                     std::to_string(most));
    }
    return;
  }
  // One at a time; who came first is in the earlier one.
  if (!check(!latest || (batch.number > latest->number && batch.began >= latest->over &&
                         call.arrival > latest->last))) {
    return fail(host, text + " began before the one before it was over, or out of turn");
  }
  // When the first of it, or the one that we see of it, had waited enough and the lane was free.
  const Instant patience = call.local + milliseconds(workload.batch_wait_ms);
  const Instant due = latest ? std::max(patience, latest->over) : patience;
  if (!faults().held_up_since(host, call.at) && !check(batch.began <= due + kSlack)) {
    return fail(host, text + " began too late");
  }
  latest = batch;
}

}  // namespace rpcnet::sim
