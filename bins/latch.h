// Something that happens once and that a coroutine waits for.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/system_error.hpp>
#include <asio/use_awaitable.hpp>

namespace rpcnet::bins {

class Latch {
 public:
  explicit Latch(asio::io_context& context)
      : timer_(context, asio::steady_timer::time_point::max()) {}

  void set() { timer_.expires_at(asio::steady_timer::time_point::min()); }

  // At once if it has happened already.
  asio::awaitable<void> wait() {
    asio::error_code stopped;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
    const bool happened = timer_.expiry() == asio::steady_timer::time_point::min();
    if (!happened) throw asio::system_error(stopped);  // the waiting coroutine is cancelled
  }

 private:
  asio::steady_timer timer_;
};

}  // namespace rpcnet::bins
