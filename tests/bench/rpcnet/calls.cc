// Whole calls through the whole stack in one process: two hosts on one thread, over loopback. A
// fixed number of them, so that instructions can be counted where time cannot be measured:
//
//   valgrind --tool=callgrind build/bin/bench_calls CERTS IN_FLIGHT CALLS
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "io/host.h"
#include "tests/bench/rpcnet/options.h"

namespace {

struct Work {
  rpcnet::Host& caller;
  rpcnet::Peer peer;
  std::size_t left = 0;
  std::size_t running = 0;
};

asio::awaitable<void> call(Work& work, asio::io_context& context) {
  while (work.left > 0) {
    --work.left;
    auto calling = work.caller.call(work.peer, "Bench.echo", rpcnet::Bytes(64));
    const auto reply = co_await std::move(calling);
    if (!reply.ok()) {
      std::fprintf(stderr, "calls: %s\n", to_text(reply.status()).c_str());
      std::exit(1);
    }
  }
  if (--work.running == 0) context.stop();
}

rpcnet::Host start(asio::io_context& context, const bench::Load& load) {
  auto host = rpcnet::Host::start(context, bench::host_options(load));
  if (!host.ok()) {
    std::fprintf(stderr, "calls: %s\n", to_text(host.status()).c_str());
    std::exit(1);
  }
  return std::move(*host);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: bench_calls CERTS IN_FLIGHT CALLS\n");
    return 64;
  }
  bench::Load load;
  load.certs = argv[1];
  asio::io_context context(1);
  rpcnet::Host server = start(context, load);
  rpcnet::Host caller = start(context, load);
  server.serve("Bench.echo",
               [](rpcnet::ServerCall&, rpcnet::Bytes request)
                   -> asio::awaitable<rpcnet::Result<rpcnet::Bytes>> { co_return request; });
  Work work{caller, {server.address(), std::nullopt}};
  work.left = std::strtoul(argv[3], nullptr, 10);
  work.running = std::strtoul(argv[2], nullptr, 10);
  for (std::size_t i = work.running; i > 0; --i) {
    asio::co_spawn(context, call(work, context), asio::detached);
  }
  const auto begin = bench::Clock::now();
  context.run();
  const std::chrono::duration<double> took = bench::Clock::now() - begin;
  std::printf("%.0f calls a second\n", std::strtod(argv[3], nullptr) / took.count());
}
