// HandlerPool: the coroutines that run handlers, each one call after the other. To begin a
// coroutine costs several times what a short handler does, so those that are idle wait here for
// another call.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>

#include <cstddef>
#include <memory>
#include <vector>

#include "io/core/call_executor.h"
#include "io/core/calls.h"
#include "io/core/runner.h"
#include "io/core/wakeup.h"

namespace rpcnet::core {

class HandlerPool {
 public:
  HandlerPool(asio::io_context& context, Runner& runner);
  HandlerPool(const HandlerPool&) = delete;
  HandlerPool& operator=(const HandlerPool&) = delete;
  ~HandlerPool() { stop(); }

  // Runs the handler when it is its turn. Until it is done, `call->cancel` cancels it.
  void run(std::shared_ptr<IncomingCall> call);

  // Handlers that run go on; nothing is kept for others.
  void stop();

 private:
  static constexpr std::size_t kIdleMax = 1024;

  struct Loop {
    explicit Loop(Runner& runner) : place(std::make_shared<CallPlace>(runner)), work(runner) {}
    std::shared_ptr<IncomingCall> call;  // null: there is nothing to do
    asio::cancellation_signal cancel;
    std::shared_ptr<CallPlace> place;  // of the executor that the coroutine runs on
    Wakeup work;
  };
  // Shared with the loops, which may outlive the pool.
  struct Idle {
    std::vector<std::shared_ptr<Loop>> loops;
    bool stopped = false;
  };

  static asio::awaitable<void> work(std::shared_ptr<Loop> self, std::shared_ptr<Idle> idle);

  asio::io_context& context_;
  Runner& runner_;
  std::shared_ptr<Idle> idle_ = std::make_shared<Idle>();
};

}  // namespace rpcnet::core
