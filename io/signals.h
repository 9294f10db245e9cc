// SIGINT and SIGTERM as something to wait for.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

namespace rpcnet {

// Takes both signals from when it is made, so that one that comes while a program is still
// beginning is not lost, and does not end it in the midst:
//
//   rpcnet::ShutdownSignal shutdown(context);
//   ...
//   co_await shutdown.wait();
//   co_await host.drain(std::chrono::seconds(30));
//   co_await cluster.leave();
//   host.stop();
class ShutdownSignal {
 public:
  explicit ShutdownSignal(asio::io_context& context);

  // Waits for the first signal and gives its number. From then on a second one ends the process at
  // once, as if nobody had asked for it: impatience is honoured. Once; this must outlive it.
  asio::awaitable<int> wait();

 private:
  asio::signal_set signals_;
};

}  // namespace rpcnet
