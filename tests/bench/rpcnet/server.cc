// RpcNet's server of the benchmark: byte-level handlers on one host and one thread.
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>
#include <cstring>

#include "io/host.h"
#include "tests/bench/load/load.h"
#include "tests/bench/rpcnet/options.h"

namespace {

asio::awaitable<rpcnet::Result<rpcnet::Bytes>> echo(rpcnet::ServerCall& call,
                                                    rpcnet::Bytes request) {
  if (!request.empty() && request.front() == bench::kSlowMark) {
    asio::steady_timer timer(call.executor(), bench::kSlow);
    co_await timer.async_wait(asio::use_awaitable);
  }
  co_return request;
}

// The request says how many messages of how many bytes are wanted: two numbers.
asio::awaitable<rpcnet::Status> tokens(rpcnet::ServerCall& call) {
  auto reading = call.read();
  const auto request = co_await std::move(reading);
  bench::TokensWanted wanted;
  if (!request || request->size() != sizeof wanted) {
    co_return rpcnet::error(rpcnet::StatusCode::invalid_argument, "two numbers are expected");
  }
  std::memcpy(&wanted, request->data(), sizeof wanted);
  for (std::uint32_t i = 0; i < wanted.messages; ++i) {
    rpcnet::Bytes token(wanted.payload);
    auto writing = call.write(std::move(token));
    if (!co_await std::move(writing)) break;
  }
  co_return rpcnet::Status{};
}

asio::awaitable<rpcnet::Status> pingpong(rpcnet::ServerCall& call) {
  while (true) {
    auto reading = call.read();
    auto message = co_await std::move(reading);
    if (!message) break;
    auto writing = call.write(std::move(*message));
    if (!co_await std::move(writing)) break;
  }
  co_return rpcnet::Status{};
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Load load = bench::parse_server(argc, argv);
  asio::io_context context(1);
  rpcnet::HostOptions options = bench::host_options(load);
  options.bind = load.address();
  auto host = rpcnet::Host::start(context, options);
  if (!host.ok()) {
    std::fprintf(stderr, "server: %s\n", to_text(host.status()).c_str());
    return 1;
  }
  host->serve("Bench.echo", echo);
  host->serve_stream("Bench.tokens", tokens);
  host->serve_stream("Bench.pingpong", pingpong);
  bench::print_listening(host->address().port);
  context.run();
}
