// RpcNet's client of the benchmark: a host for each connection, all in one thread, and coroutines
// that call.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "io/host.h"
#include "tests/bench/load/load.h"
#include "tests/bench/rpcnet/options.h"

namespace {

using rpcnet::Bytes;

class Client {
 public:
  Client(asio::io_context& context, const bench::Load& load)
      : context_(context), load_(load), meter_(load) {}

  int run() {
    asio::co_spawn(context_, all(), asio::detached);
    context_.run();
    return meter_.report();
  }

 private:
  rpcnet::Credentials loaded_;

  rpcnet::Host start_host() {
    rpcnet::HostOptions options = bench::host_options(load_);
    options.bind = load_.host + ":0";
    options.accept = false;
    if (!loaded_) loaded_ = *rpcnet::load_credentials(options.credentials);
    options.loaded = loaded_;
    auto host = rpcnet::Host::start(context_, options);
    if (!host.ok()) {
      std::fprintf(stderr, "client: %s\n", to_text(host.status()).c_str());
      std::exit(1);
    }
    return std::move(*host);
  }

  asio::awaitable<void> all() {
    if (load_.kind != bench::Kind::handshake) {
      for (std::size_t i = 0; i < load_.connections; ++i) hosts_.push_back(start_host());
      auto resolving = hosts_.front().resolve(load_.address());
      peer_ = *co_await std::move(resolving);
      // Every connection is up before the time begins.
      for (rpcnet::Host& host : hosts_) {
        auto calling = echo_once(host);
        co_await std::move(calling);
      }
    }
    const auto begin = meter_.begin();
    if (load_.kind == bench::Kind::idle) {
      asio::co_spawn(context_, idle(), asio::detached);
    } else if (load_.rate > 0) {
      asio::co_spawn(context_, open_loop(begin), asio::detached);
    } else {
      running_ = load_.in_flight * load_.connections;
      for (std::size_t i = 0; i < running_; ++i) {
        rpcnet::Host* host = hosts_.empty() ? nullptr : &hosts_[i % hosts_.size()];
        asio::co_spawn(context_, closed_loop(host), asio::detached);
      }
    }
  }

  asio::awaitable<void> closed_loop(rpcnet::Host* host) {
    if (load_.kind == bench::Kind::unary) {
      auto loop = unary_loop(*host);
      co_await std::move(loop);
    } else if (load_.kind == bench::Kind::tokens) {
      auto loop = tokens_loop(*host);
      co_await std::move(loop);
    } else if (load_.kind == bench::Kind::pingpong) {
      auto loop = pingpong_loop(*host);
      co_await std::move(loop);
    } else {
      auto loop = handshake_loop();
      co_await std::move(loop);
    }
    if (--running_ == 0) end();
  }

  asio::awaitable<void> unary_loop(rpcnet::Host& host) {
    auto start = bench::Clock::now();
    while (!meter_.over()) {
      auto calling = host.call(peer_, "Bench.echo", Bytes(load_.payload));
      const auto reply = co_await std::move(calling);
      if (reply.ok()) {
        start = meter_.done(start);
      } else {
        start = fail(reply.status());
      }
    }
  }

  asio::awaitable<void> tokens_loop(rpcnet::Host& host) {
    const bench::TokensWanted wanted{static_cast<std::uint32_t>(load_.messages),
                                     static_cast<std::uint32_t>(load_.payload)};
    while (!meter_.over()) {
      Bytes request(sizeof wanted);
      std::memcpy(request.data(), &wanted, sizeof wanted);
      auto call = host.open(peer_, "Bench.tokens");
      auto writing = call.write(std::move(request));
      co_await std::move(writing);
      call.half_close();
      auto last = bench::Clock::now();
      while (!meter_.over()) {
        auto reading = call.read();
        const auto token = co_await std::move(reading);
        if (!token) break;
        last = meter_.done(last);
      }
      if (meter_.over()) break;
      auto finishing = call.finish();
      const auto status = co_await std::move(finishing);
      if (!status.ok()) fail(status);
    }
  }

  asio::awaitable<void> pingpong_loop(rpcnet::Host& host) {
    auto call = host.open(peer_, "Bench.pingpong");
    auto start = bench::Clock::now();
    while (!meter_.over()) {
      Bytes message(load_.payload);
      auto writing = call.write(std::move(message));
      co_await std::move(writing);
      auto reading = call.read();
      const auto reply = co_await std::move(reading);
      if (!reply) {
        fail(call.ended().value_or(rpcnet::Status{}));
        break;
      }
      start = meter_.done(start);
    }
  }

  asio::awaitable<void> handshake_loop() {
    while (!meter_.over()) {
      const auto start = bench::Clock::now();
      rpcnet::Host host = start_host();
      auto resolving = host.resolve(load_.address());
      peer_ = *co_await std::move(resolving);
      auto calling = echo_once(host);
      const bool good = co_await std::move(calling);
      if (good) meter_.done(start);
      host.stop();
    }
  }

  // Calls begin when it is their time. What comes too late to be begun then, because this thread
  // was busy, still counts from when it was due.
  asio::awaitable<void> open_loop(bench::Clock::time_point begin) {
    bench::Arrivals arrivals(load_.rate, begin);
    asio::steady_timer timer(context_);
    for (std::size_t next = 0; !meter_.over(); next = (next + 1) % hosts_.size()) {
      if (arrivals.next() > meter_.check()) {
        timer.expires_at(arrivals.next());
        co_await timer.async_wait(asio::use_awaitable);
        continue;
      }
      ++running_;
      const bool slow = arrivals.draw_slow(load_.slow_share);
      asio::co_spawn(context_, one_call(hosts_[next], arrivals.take(), slow), asio::detached);
    }
    ended_ = true;
    if (running_ == 0) end();
  }

  asio::awaitable<void> one_call(rpcnet::Host& host, bench::Clock::time_point due, bool slow) {
    Bytes request(load_.payload);
    if (slow) request.front() = bench::kSlowMark;
    auto calling = host.call(peer_, "Bench.echo", std::move(request));
    const auto reply = co_await std::move(calling);
    if (reply.ok()) {
      meter_.done(due, !slow);
    } else {
      fail(reply.status());
    }
    if (--running_ == 0 && ended_) end();
  }

  asio::awaitable<void> idle() {
    asio::steady_timer timer(context_);
    while (!meter_.over()) {
      timer.expires_after(std::chrono::milliseconds(50));
      co_await timer.async_wait(asio::use_awaitable);
      meter_.check();
    }
    end();
  }

  asio::awaitable<bool> echo_once(rpcnet::Host& host) {
    auto calling = host.call(peer_, "Bench.echo", Bytes(load_.payload));
    const auto reply = co_await std::move(calling);
    if (!reply.ok()) fail(reply.status());
    co_return reply.ok();
  }

  bench::Clock::time_point fail(const rpcnet::Status& status) {
    meter_.failed(to_text(status));
    return meter_.check();
  }

  void end() {
    for (rpcnet::Host& host : hosts_) host.stop();
    context_.stop();
  }

  asio::io_context& context_;
  const bench::Load& load_;
  bench::Meter meter_;
  std::vector<rpcnet::Host> hosts_;
  rpcnet::Peer peer_;
  std::size_t running_ = 0;
  bool ended_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Load load = bench::parse_load(argc, argv);
  asio::io_context context(1);
  return Client(context, load).run();
}
