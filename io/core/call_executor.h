// CallExecutor: where a handler's coroutine runs, and for which call.
//
// It is Asio's own executor with the call beside it: whatever is resumed through it, or started on
// it with co_spawn(this_coro::executor, ...), runs for that call, which Runner::current() tells. So
// the calls that a handler makes know what they are made for without being told. A coroutine runs
// one handler after the other (handler_pool.h): the call is in a place that its executors share.
#pragma once

#include <asio/execution.hpp>
#include <asio/prefer.hpp>
#include <asio/query.hpp>
#include <asio/require.hpp>

#include <memory>
#include <type_traits>
#include <utility>

#include "io/core/calls.h"
#include "io/core/runner.h"

namespace rpcnet::core {

// For which call a coroutine runs; null: it is idle.
struct CallPlace {
  explicit CallPlace(Runner& runner_in) : runner(runner_in) {}
  Runner& runner;
  std::shared_ptr<IncomingCall> call;
};

template <typename Inner>
class CallExecutor {
 public:
  CallExecutor(Inner inner, std::shared_ptr<CallPlace> place) noexcept
      : inner_(std::move(inner)), place_(std::move(place)) {}

  friend bool operator==(const CallExecutor& a, const CallExecutor& b) noexcept {
    return a.inner_ == b.inner_ && a.place_ == b.place_;
  }
  friend bool operator!=(const CallExecutor& a, const CallExecutor& b) noexcept {
    return !(a == b);
  }

  template <typename Property>
    requires asio::can_query_v<const Inner&, Property>
  decltype(auto) query(const Property& property) const noexcept {
    return asio::query(inner_, property);
  }

  template <typename Property>
    requires asio::can_require_v<const Inner&, Property>
  auto require(const Property& property) const noexcept {
    auto other = asio::require(inner_, property);
    return CallExecutor<decltype(other)>(std::move(other), place_);
  }

  template <typename F>
  void execute(F&& f) const {
    asio::execution::execute(inner_,
                             [place = place_, f = std::decay_t<F>(std::forward<F>(f))]() mutable {
                               const Runner::Within within(place->runner, place->call);
                               std::move(f)();
                             });
  }

 private:
  Inner inner_;
  std::shared_ptr<CallPlace> place_;
};

}  // namespace rpcnet::core
