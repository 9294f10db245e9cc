// One wait on a signal_set.
#include "io/signals.h"

#include <asio/use_awaitable.hpp>

#include <csignal>

namespace rpcnet {

ShutdownSignal::ShutdownSignal(asio::io_context& context) : signals_(context, SIGINT, SIGTERM) {}

asio::awaitable<int> ShutdownSignal::wait() {
  const int number = co_await signals_.async_wait(asio::use_awaitable);
  // Both signals have their default meaning again.
  signals_.clear();
  co_return number;
}

}  // namespace rpcnet
