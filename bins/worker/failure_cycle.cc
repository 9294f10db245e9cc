#include "bins/worker/failure_cycle.h"

#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

namespace rpcnet::bins {
namespace {

asio::awaitable<void> pass(std::chrono::seconds span) {
  asio::steady_timer timer(co_await asio::this_coro::executor, span);
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace

asio::awaitable<void> simulate_failures(Inference& inference, ClusterMembership cluster,
                                        Console console) {
  using std::chrono::seconds;
  while (true) {
    co_await pass(seconds(10));
    console.warn("⚠️ ", "Simulating worker failure in 3 seconds...");
    co_await pass(seconds(3));
    console.warn("💥", "Worker failed!");
    inference.set_failed(true);
    // Without the tag no registry sends clients here.
    (void)cluster.remove_tag("role");
    co_await pass(seconds(5));
    console.warn("🔄", "Worker recovering...");
    inference.set_failed(false);
    if (inference.draining()) co_return;
    (void)cluster.set_tag("role", "worker");
    console.warn("✅", "Worker recovered and ready to serve!");
  }
}

}  // namespace rpcnet::bins
