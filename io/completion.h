// How an operation tells its end: to a coroutine that waits for it, unless another of Asio's
// completion tokens is given (a callback, use_future, deferred, ...), which gets the same value.
//
//   rpcnet::Result<rpcnet::Bytes> reply = co_await host.call(peer, "Echo.echo", request);
//   host.call(peer, "Echo.echo", request, {}, [](rpcnet::Result<rpcnet::Bytes> reply) { ... });
//   auto future = host.call(peer, "Echo.echo", request, {}, asio::use_future);
//
// The operation runs on its host's io_context. The token's associated executor, cancellation slot
// and allocator count: a callback bound to another executor runs there.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/system_error.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "io/result.h"

namespace rpcnet {

// The default token of every operation.
using Awaited = asio::use_awaitable_t<>;

namespace core {

// What an operation gives that was cancelled through Asio before its end: no value, false, or the
// status that says so.
template <typename T>
T cancelled_value() {
  if constexpr (std::is_constructible_v<T, Status>) {
    return T(error(StatusCode::cancelled, "the waiting was cancelled"));
  } else {
    return T{};
  }
}

// Between co_spawn, which ends with an exception or a value, and a handler that takes a value.
template <typename T, typename Handler>
class Completion {
 public:
  using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;
  using cancellation_slot_type = asio::associated_cancellation_slot_t<Handler>;
  using allocator_type = asio::associated_allocator_t<Handler>;

  Completion(asio::any_io_executor executor, Handler handler)
      : executor_(std::move(executor)), handler_(std::move(handler)) {}

  executor_type get_executor() const noexcept {
    return asio::get_associated_executor(handler_, executor_);
  }
  cancellation_slot_type get_cancellation_slot() const noexcept {
    return asio::get_associated_cancellation_slot(handler_);
  }
  allocator_type get_allocator() const noexcept { return asio::get_associated_allocator(handler_); }

  // An exception that is no cancellation is nobody's to handle: it leaves io_context::run.
  void operator()(const std::exception_ptr& thrown, T value) {
    if (thrown) {
      try {
        std::rethrow_exception(thrown);
      } catch (const asio::system_error& fault) {
        if (fault.code() != asio::error::operation_aborted) throw;
        value = cancelled_value<T>();
      }
    }
    std::move(handler_)(std::move(value));
  }

 private:
  asio::any_io_executor executor_;
  Handler handler_;
};

struct Spawn {
  template <typename Handler, typename T>
  void operator()(Handler&& handler, const asio::any_io_executor& executor,
                  asio::awaitable<T> work) const {
    using Kept = Completion<T, std::decay_t<Handler>>;
    asio::co_spawn(executor, std::move(work), Kept(executor, std::forward<Handler>(handler)));
  }
};

// Hands `work` to the token. With `Awaited` that is the coroutine itself, at no cost: a `where`
// that is a function is not even asked for the executor then.
template <typename Where, typename T, typename Token>
auto complete(const Where& where, asio::awaitable<T> work, Token&& token) {
  if constexpr (std::is_same_v<std::decay_t<Token>, Awaited>) {
    return work;
  } else if constexpr (std::is_invocable_v<const Where&>) {
    return complete(where(), std::move(work), std::forward<Token>(token));
  } else {
    const asio::any_io_executor& executor = where;
    return asio::async_initiate<Token, void(T)>(Spawn{}, token, executor, std::move(work));
  }
}

}  // namespace core
}  // namespace rpcnet
