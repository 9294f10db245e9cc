// Cap'n Proto's client of the benchmark: promise loops in one event loop, over TCP without
// encryption.
#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "tests/bench/capnp/echo.capnp.h"
#include "tests/bench/load/load.h"

namespace {

class CountingSink final : public Sink::Server {
 public:
  explicit CountingSink(bench::Meter& meter) : meter_(meter), last_(bench::Clock::now()) {}
  kj::Promise<void> token(TokenContext) override {
    last_ = meter_.done(last_);
    return kj::READY_NOW;
  }

 private:
  bench::Meter& meter_;
  bench::Clock::time_point last_;
};

struct Connection {
  explicit Connection(kj::Own<kj::AsyncIoStream> stream_in)
      : stream(kj::mv(stream_in)), rpc(*stream), echo(rpc.bootstrap().castAs<Echo>()) {}
  kj::Own<kj::AsyncIoStream> stream;
  capnp::TwoPartyClient rpc;
  Echo::Client echo;
};

class Client {
 public:
  Client(kj::AsyncIoContext& io, const bench::Load& load) : io_(io), load_(load), meter_(load) {}

  int run() {
    if (load_.kind == bench::Kind::handshake || load_.kind == bench::Kind::pingpong) {
      std::fprintf(stderr, "client: this workload has no counterpart here\n");
      return 64;
    }
    address_ =
        io_.provider->getNetwork().parseAddress(load_.host.c_str(), load_.port).wait(io_.waitScope);
    for (std::size_t i = 0; i < load_.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(address_->connect().wait(io_.waitScope)));
      request(*connections_.back(), false).send().wait(io_.waitScope);
    }
    const auto begin = meter_.begin();
    if (load_.kind == bench::Kind::idle) {
      idle();
    } else if (load_.rate > 0) {
      open_loop(begin);
    } else {
      auto loops = kj::heapArrayBuilder<kj::Promise<void>>(load_.in_flight * load_.connections);
      for (std::size_t i = 0; i < load_.in_flight * load_.connections; ++i) {
        Connection& connection = *connections_[i % connections_.size()];
        loops.add(load_.kind == bench::Kind::tokens ? tokens(connection)
                                                    : unary(connection, begin));
      }
      kj::joinPromises(loops.finish()).wait(io_.waitScope);
    }
    return meter_.report();
  }

 private:
  capnp::Request<Echo::EchoParams, Echo::EchoResults> request(Connection& connection, bool slow) {
    auto request = connection.echo.echoRequest();
    auto payload = request.initPayload(static_cast<unsigned>(load_.payload));
    if (slow) payload[0] = bench::kSlowMark;
    return request;
  }

  kj::Promise<void> unary(Connection& connection, bench::Clock::time_point start) {
    return request(connection, false)
        .send()
        .then([this, &connection, start](auto&&) -> kj::Promise<void> {
          const auto now = meter_.done(start);
          if (meter_.over()) return kj::READY_NOW;
          return unary(connection, now);
        });
  }

  kj::Promise<void> tokens(Connection& connection) {
    auto request = connection.echo.tokensRequest();
    request.setSink(kj::heap<CountingSink>(meter_));
    request.setMessages(static_cast<std::uint32_t>(load_.messages));
    request.setPayload(static_cast<std::uint32_t>(load_.payload));
    return request.send().then([this, &connection](auto&&) -> kj::Promise<void> {
      if (meter_.over()) return kj::READY_NOW;
      return tokens(connection);
    });
  }

  void open_loop(bench::Clock::time_point begin) {
    bench::Arrivals arrivals(load_.rate, begin);
    kj::TaskSet tasks(errors_);
    kj::Timer& timer = io_.provider->getTimer();
    for (std::size_t next = 0; !meter_.over(); next = (next + 1) % connections_.size()) {
      const auto now = meter_.check();
      if (arrivals.next() > now) {
        const auto wait = std::chrono::nanoseconds(arrivals.next() - now).count();
        timer.afterDelay(std::max<std::int64_t>(wait, 1) * kj::NANOSECONDS).wait(io_.waitScope);
        continue;
      }
      const bool slow = arrivals.draw_slow(load_.slow_share);
      const auto due = arrivals.take();
      tasks.add(request(*connections_[next], slow).send().then([this, due, slow](auto&&) {
        meter_.done(due, !slow);
      }));
    }
    tasks.onEmpty().wait(io_.waitScope);
  }

  void idle() {
    while (!meter_.over()) {
      io_.provider->getTimer().afterDelay(50 * kj::MILLISECONDS).wait(io_.waitScope);
      meter_.check();
    }
  }

  struct Errors final : kj::TaskSet::ErrorHandler {
    void taskFailed(kj::Exception&& exception) override {
      std::fprintf(stderr, "client: %s\n", exception.getDescription().cStr());
    }
  };

  kj::AsyncIoContext& io_;
  const bench::Load& load_;
  bench::Meter meter_;
  Errors errors_;
  kj::Own<kj::NetworkAddress> address_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Load load = bench::parse_load(argc, argv);
  auto io = kj::setupAsyncIo();
  return Client(io, load).run();
}
