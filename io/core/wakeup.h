// Wakeup: something that coroutines wait for and that the engine's events bring about.
//
//   while (!condition) co_await wakeup.wait();      // in a coroutine
//   condition = true; wakeup.notify();              // elsewhere, on the same thread
//
// notify() only hands the waiters to the Runner. A waiter that is cancelled through Asio leaves at
// once, and Asio ends its coroutine at the next co_await.
#pragma once

#include <asio/associated_cancellation_slot.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/use_awaitable.hpp>

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include "io/core/recycled.h"
#include "io/core/runner.h"

namespace rpcnet::core {

class Wakeup {
 public:
  explicit Wakeup(Runner& runner) : runner_(runner) {}
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;
  ~Wakeup() { notify(); }

  asio::awaitable<void> wait() {
    return asio::async_initiate<const asio::use_awaitable_t<>&, void()>(Start{this},
                                                                        asio::use_awaitable);
  }

  void notify();
  bool awaited() const { return first_ != nullptr; }
  Runner& runner() const { return runner_; }

 private:
  struct Waiter : Task {
    explicit Waiter(Wakeup& wakeup_in)
        : runner(wakeup_in.runner_), call(runner.current()), wakeup(&wakeup_in) {}
    ~Waiter() override;
    Runner& runner;
    std::shared_ptr<IncomingCall> call;  // for which it waits, and will go on
    Wakeup* wakeup;                      // null: no longer waiting, its turn has come
    Waiter* next = nullptr;
  };

  template <typename Handler>
  struct WaiterOf final : Waiter {
    WaiterOf(Wakeup& wakeup_in, Handler handler_in)
        : Waiter(wakeup_in), handler(std::move(handler_in)) {}
    // While the handler lives, and with it what the slot belongs to: what is cancelled later, on
    // the way out of its coroutine too, is to find nothing of this.
    ~WaiterOf() override {
      if (slot.is_connected()) slot.clear();
    }
    static void* operator new(std::size_t size) { return Shelf::take(size); }
    static void operator delete(void* block, std::size_t size) { Shelf::give_back(block, size); }
    void run() override {
      Handler resumed = std::move(handler);
      const Runner::Within within(runner, std::move(call));
      delete this;
      std::move(resumed)();
    }
    Handler handler;
    asio::cancellation_slot slot{};
  };

  struct Start {
    Wakeup* wakeup;
    template <typename Handler>
    void operator()(Handler&& handler) {
      using Kept = WaiterOf<std::decay_t<Handler>>;
      auto slot = asio::get_associated_cancellation_slot(handler);
      auto* waiter = new Kept(*wakeup, std::forward<Handler>(handler));
      wakeup->add(*waiter);
      if (!slot.is_connected()) return;
      waiter->slot = slot;
      slot.assign([waiter](asio::cancellation_type) {
        if (waiter->wakeup != nullptr) waiter->wakeup->release(*waiter);
      });
    }
  };

  void add(Waiter& waiter);
  void unlink(Waiter& waiter);
  void release(Waiter& waiter);

  Runner& runner_;
  Waiter* first_ = nullptr;  // rarely more than one
};

}  // namespace rpcnet::core
