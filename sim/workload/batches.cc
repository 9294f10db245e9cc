// Whose batch it is, and what each of its calls is answered.
#include "sim/workload/batches.h"

#include <chrono>
#include <string>
#include <utility>

#include "engine/rpc/retry.h"
#include "engine/rpc/words.h"
#include "sim/workload/due.h"
#include "sim/workload/payload.h"

namespace rpcnet::sim {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kDrawWork = 7;
constexpr std::uint64_t kWorkMs = 30;  // of a batch, at most

}  // namespace

Batches::Batches(const Workload& workload)
    : batcher_(BatchConfig{.batch_max = static_cast<std::size_t>(workload.batch_max),
                           .wait_max = milliseconds(workload.batch_wait_ms),
                           .queue_max = static_cast<std::size_t>(workload.batch_queue_max)}) {}

void Batches::on_request(ProgramContext& context, CallId call, Bytes request,
                         const Metadata& metadata) {
  const auto item = batcher_.on_item(context.now());
  if (!item) {
    Metadata trailers = metadata;
    for (auto& pair : rpc::not_started()) trailers.push_back(std::move(pair));
    const auto pause = std::chrono::ceil<milliseconds>(batcher_.retry_after()).count();
    trailers.emplace_back(rpc::kRetryAfterMs, std::to_string(pause));
    context.command(FinishCall{call,
                               std::nullopt,
                               {StatusCode::resource_exhausted, "the queue is full", {}},
                               std::move(trailers)});
    return;
  }
  calls_.emplace(*item, Waiting{call, std::move(request), metadata});
  items_.emplace(call, *item);
  look(context);
}

void Batches::on_gone(CallId call) {
  const auto found = items_.find(call);
  if (found == items_.end()) return;
  batcher_.on_gone(found->second);
  calls_.erase(found->second);
  items_.erase(found);
}

void Batches::look(ProgramContext& context) {
  const Instant now = context.now();
  for (auto items = batcher_.next(now); !items.empty(); items = batcher_.next(now)) {
    const std::uint64_t number = ++batches_;
    Running batch{.began = now, .items = std::move(items), .answers = {}};
    for (const auto item : batch.items) batch.answers.push_back(calls_.at(item).request);
    running_.emplace(number, std::move(batch));
    context.wake(milliseconds(1 + context.draw(kDrawWork, number, kWorkMs)),
                 token_of(WorkDue::batch_over, CallId{number}));
  }
  const auto due = batcher_.deadline();
  if (due) context.wake(*due - now, token_of(WorkDue::batch_due));
}

void Batches::on_worked(ProgramContext& context, std::uint64_t batch) {
  auto ended = running_.extract(batch);
  const Running& together = ended.mapped();
  batcher_.on_batch_over(context.now(), together.began);
  const std::string mark =
      std::to_string(batch) + '.' + std::to_string(together.began.time_since_epoch().count());
  for (std::size_t i = 0; i < together.items.size(); ++i) {
    const auto found = calls_.find(together.items[i]);
    if (found == calls_.end()) continue;  // its caller has given up
    Waiting waiting = std::move(found->second);
    on_gone(waiting.call);
    Metadata trailers = std::move(waiting.metadata);
    trailers.emplace_back(kBatch, mark);
    context.command(FinishCall{waiting.call, together.answers[i], {}, std::move(trailers)});
  }
  look(context);
}

}  // namespace rpcnet::sim
