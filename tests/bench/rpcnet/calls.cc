// Whole calls through the whole stack in one process, over loopback. A fixed number of them, so
// that instructions can be counted where time cannot be measured:
//
//   valgrind --tool=callgrind build/bin/bench_calls CERTS IN_FLIGHT CALLS [BYTES [THREADS]]
//
// With one thread, the caller and the server share it. With more, the server has so many I/O
// threads, and as many callers have a thread and a host each; in flight and calls are of each.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "io/host.h"
#include "tests/bench/rpcnet/options.h"

namespace {

struct Work {
  rpcnet::Peer peer;
  std::size_t bytes = 0;
  std::size_t left = 0;
  std::size_t running = 0;
};

asio::awaitable<void> call(rpcnet::Host& caller, Work& work, asio::io_context& context) {
  while (work.left > 0) {
    --work.left;
    auto calling = caller.call(work.peer, "Bench.echo", rpcnet::Bytes(work.bytes));
    const auto reply = co_await std::move(calling);
    if (!reply.ok()) {
      std::fprintf(stderr, "calls: %s\n", to_text(reply.status()).c_str());
      std::exit(1);
    }
  }
  if (--work.running == 0) context.stop();
}

rpcnet::Host start(asio::io_context& context, const bench::Load& load, std::size_t threads) {
  rpcnet::HostOptions options = bench::host_options(load);
  options.io_threads = threads;
  auto host = rpcnet::Host::start(context, options);
  if (!host.ok()) {
    std::fprintf(stderr, "calls: %s\n", to_text(host.status()).c_str());
    std::exit(1);
  }
  return std::move(*host);
}

// Makes all the calls, and runs the context meanwhile.
void make_calls(asio::io_context& context, const bench::Load& load, Work work) {
  rpcnet::Host caller = start(context, load, 1);
  for (std::size_t i = work.running; i > 0; --i) {
    asio::co_spawn(context, call(caller, work, context), asio::detached);
  }
  context.run();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || argc > 6) {
    std::fprintf(stderr, "usage: bench_calls CERTS IN_FLIGHT CALLS [BYTES [THREADS]]\n");
    return 64;
  }
  const auto number = [&](int at, std::size_t otherwise) {
    return at < argc ? std::strtoul(argv[at], nullptr, 10) : otherwise;
  };
  bench::Load load;
  load.certs = argv[1];
  const std::size_t threads = number(5, 1);
  asio::io_context context(1);
  rpcnet::Host server = start(context, load, threads);
  server.serve("Bench.echo",
               [](rpcnet::ServerCall&, rpcnet::Bytes request)
                   -> asio::awaitable<rpcnet::Result<rpcnet::Bytes>> { co_return request; });
  const Work work{{server.address(), std::nullopt}, number(4, 64), number(3, 0), number(2, 1)};
  const auto begin = bench::Clock::now();
  if (threads == 1) {
    make_calls(context, load, work);
  } else {
    auto busy = asio::make_work_guard(context);
    std::thread serving([&context] { context.run(); });
    std::vector<std::thread> callers;
    for (std::size_t i = 0; i < threads; ++i) {
      callers.emplace_back([&load, work] {
        asio::io_context own(1);
        make_calls(own, load, work);
      });
    }
    for (std::thread& caller : callers) caller.join();
    context.stop();
    serving.join();
  }
  const std::chrono::duration<double> took = bench::Clock::now() - begin;
  const double calls = static_cast<double>(work.left * threads);
  std::printf("%.0f calls a second\n", calls / took.count());
}
