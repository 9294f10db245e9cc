// SIGINT and SIGTERM as something to wait for.
#pragma once

#include <asio/awaitable.hpp>

namespace rpcnet {

// Waits for the first SIGINT or SIGTERM and gives its number. From then on a second one ends the
// process at once, as if nobody had asked for it: impatience is honoured.
//
//   co_await rpcnet::shutdown_signal();
//   co_await host.drain(std::chrono::seconds(30));
//   co_await cluster.leave();
//   host.stop();
asio::awaitable<int> shutdown_signal();

}  // namespace rpcnet
