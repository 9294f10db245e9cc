// One wait on a signal_set.
#include "io/signals.h"

#include <asio/signal_set.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <csignal>

namespace rpcnet {

asio::awaitable<int> shutdown_signal() {
  const auto executor = co_await asio::this_coro::executor;
  int number = 0;
  {
    asio::signal_set signals(executor, SIGINT, SIGTERM);
    number = co_await signals.async_wait(asio::use_awaitable);
  }
  // The set is gone, so both signals have their default meaning again.
  co_return number;
}

}  // namespace rpcnet
