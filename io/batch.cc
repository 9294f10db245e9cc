// When a batch begins, and who is told of its end.
#include "io/batch.h"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/steady_timer.hpp>

#include <map>
#include <optional>
#include <stdexcept>

#include "engine/config_bounds.h"
#include "engine/rpc/batcher.h"
#include "engine/rpc/frame.h"
#include "engine/rpc/retry.h"
#include "engine/rpc/words.h"
#include "io/core/core.h"
#include "io/core/wakeup.h"
#include "io/system.h"

namespace rpcnet::core {
namespace {

// Calls that are worked on together.
struct Together {
  BatchSlots slots;
  std::size_t interested = 0;  // that were not given up
  Instant began{};
  asio::cancellation_signal cancel;
};

struct Waiting {
  Waiting(Runner& runner, std::shared_ptr<BatchSlot> slot_in)
      : slot(std::move(slot_in)), over(runner) {}
  std::shared_ptr<BatchSlot> slot;
  std::shared_ptr<Together> batch;  // null: it waits for one
  std::optional<Status> end;
  std::exception_ptr thrown;
  Wakeup over;
};

}  // namespace

class BatchQueue : public std::enable_shared_from_this<BatchQueue> {
 public:
  BatchQueue(const BatchConfig& config, BatchWork work)
      : batcher_(config), work_(std::move(work)) {}

  static asio::awaitable<Status> wait(std::shared_ptr<BatchQueue> self, ServerCall& call,
                                      std::shared_ptr<BatchSlot> slot) {
    Runner& runner = call.state()->runner;
    const auto item = self->batcher_.on_item(system_now());
    if (!item) co_return self->full(call);
    const auto waiting = std::make_shared<Waiting>(runner, std::move(slot));
    self->waiting_.emplace(*item, waiting);
    const Presence presence{*self, *item};
    self->look(runner);
    while (!waiting->end && !waiting->thrown) co_await waiting->over.wait();
    if (waiting->thrown) std::rethrow_exception(waiting->thrown);
    co_return *waiting->end;
  }

 private:
  // For as long as the call's handler waits.
  struct Presence {
    BatchQueue& queue;
    rpc::Batcher::Item item;
    ~Presence() { queue.leave(item); }
  };

  Status full(ServerCall& call) const {
    const auto pause = std::chrono::ceil<std::chrono::milliseconds>(batcher_.retry_after()).count();
    for (auto& pair : rpc::not_started()) call.trailers().push_back(std::move(pair));
    call.trailers().emplace_back(rpc::kRetryAfterMs, std::to_string(pause));
    return error(StatusCode::resource_exhausted, std::to_string(batcher_.waiting()) +
                                                     " calls wait for a batch of " + call.method() +
                                                     ", and that is queue_max");
  }

  void leave(rpc::Batcher::Item item) {
    batcher_.on_gone(item);
    const auto found = waiting_.find(item);
    const auto batch = found->second->batch;
    const bool over = found->second->end || found->second->thrown;
    waiting_.erase(found);
    if (batch && !over && --batch->interested == 0) {
      batch->cancel.emit(asio::cancellation_type::terminal);
    }
  }

  // Begins what may begin, and sees to it that the next look comes in time.
  void look(Runner& runner) {
    const Instant now = system_now();
    for (auto items = batcher_.next(now); !items.empty(); items = batcher_.next(now)) {
      begin(runner, now, items);
    }
    const auto due = batcher_.deadline();
    if (!due || (armed_ && *armed_ <= *due)) return;
    armed_ = due;
    if (!timer_) timer_.emplace(runner.context());
    timer_->expires_after(std::max(*due - now, Duration::zero()));
    timer_->async_wait([weak = weak_from_this(), &runner](const asio::error_code& stopped) {
      const auto self = weak.lock();
      if (stopped || !self) return;
      self->armed_.reset();
      self->look(runner);
    });
  }

  void begin(Runner& runner, Instant now, const std::vector<rpc::Batcher::Item>& items) {
    const auto batch = std::make_shared<Together>();
    batch->began = now;
    for (const auto item : items) {
      Waiting& waiting = *waiting_.at(item);
      waiting.batch = batch;
      batch->slots.push_back(waiting.slot);
    }
    batch->interested = items.size();
    const auto over = [self = shared_from_this(), &runner, batch, items](
                          const std::exception_ptr& thrown, Status status) {
      self->end(runner, *batch, items, thrown, std::move(status));
    };
    // In nobody's name: one call's deadline is not that of the others.
    runner.later([self = shared_from_this(), &runner, batch, over] {
      const Runner::Within within(runner, nullptr);
      asio::co_spawn(runner.context(), self->work_(batch->slots),
                     asio::bind_cancellation_slot(batch->cancel.slot(), over));
    });
  }

  void end(Runner& runner, const Together& batch, const std::vector<rpc::Batcher::Item>& items,
           const std::exception_ptr& thrown, Status status) {
    batcher_.on_batch_over(system_now(), batch.began);
    for (const auto item : items) {
      const auto found = waiting_.find(item);
      if (found == waiting_.end()) continue;
      found->second->end = status;
      found->second->thrown = thrown;
      found->second->over.notify();
    }
    look(runner);
  }

  rpc::Batcher batcher_;
  BatchWork work_;
  std::map<rpc::Batcher::Item, std::shared_ptr<Waiting>> waiting_;
  std::optional<asio::steady_timer> timer_;
  std::optional<Instant> armed_;  // when the timer is due
};

std::shared_ptr<BatchQueue> make_batch_queue(const BatchConfig& config, BatchWork work) {
  if (const auto fault = fault_of(config)) throw std::invalid_argument(*fault);
  return std::make_shared<BatchQueue>(config, std::move(work));
}

asio::awaitable<Status> wait_for_batch(std::shared_ptr<BatchQueue> queue, ServerCall& call,
                                       std::shared_ptr<BatchSlot> slot) {
  return BatchQueue::wait(std::move(queue), call, std::move(slot));
}

Status wrong_count(std::size_t results, std::size_t requests) {
  return error(StatusCode::internal, "the batch handler gave " + std::to_string(results) +
                                         " results for " + std::to_string(requests) + " requests");
}

}  // namespace rpcnet::core
