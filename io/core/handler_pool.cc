// The loops.
#include "io/core/handler_pool.h"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/this_coro.hpp>

#include <exception>
#include <utility>

#include "io/core/core.h"

namespace rpcnet::core {

HandlerPool::HandlerPool(asio::io_context& context, Runner& runner)
    : context_(context), runner_(runner) {}

void HandlerPool::run(std::shared_ptr<IncomingCall> call) {
  std::shared_ptr<Loop> loop;
  const bool fresh = idle_->loops.empty();
  if (fresh) {
    loop = std::make_shared<Loop>(runner_);
  } else {
    loop = std::move(idle_->loops.back());
    idle_->loops.pop_back();
  }
  call->cancel = &loop->cancel;
  loop->call = std::move(call);
  if (!fresh) return loop->work.notify();
  runner_.later([loop, idle = idle_, &context = context_] {
    asio::co_spawn(
        CallExecutor(context.get_executor(), loop->place), work(loop, idle),
        asio::bind_cancellation_slot(loop->cancel.slot(), [loop](const std::exception_ptr&) {}));
  });
}

void HandlerPool::stop() {
  idle_->stopped = true;
  for (const auto& loop : std::exchange(idle_->loops, {})) loop->work.notify();
}

asio::awaitable<void> HandlerPool::work(std::shared_ptr<Loop> self, std::shared_ptr<Idle> idle) {
  CallPlace& place = *self->place;
  const auto alone = self->place.use_count();
  while (self->call) {
    {
      struct Cleared {
        IncomingCall& call;
        ~Cleared() { call.cancel = nullptr; }
      };
      place.call = std::move(self->call);
      const Cleared cleared{*place.call};
      place.runner.enter(place.call);
      auto running = run_handler(place.call);
      co_await std::move(running);
    }
    // What the handler spawned on its executor, and still runs, goes on for the handler's call.
    if (self->place.use_count() > alone) co_return;
    place.call.reset();
    place.runner.enter(nullptr);
    // A handler may have been cancelled, or have changed what cancels it.
    co_await asio::this_coro::reset_cancellation_state();
    co_await asio::this_coro::throw_if_cancelled(true);
    if (idle->stopped || idle->loops.size() >= kIdleMax) co_return;
    idle->loops.push_back(self);
    co_await self->work.wait();
  }
}

}  // namespace rpcnet::core
