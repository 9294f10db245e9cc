// Cap'n Proto's server of the benchmark: one event loop over TCP, without encryption (it has no TLS
// of its own in this form; a reader must know that it does less work).
#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include <cstdio>

#include "tests/bench/capnp/echo.capnp.h"
#include "tests/bench/load/load.h"

namespace {

class EchoServer final : public Echo::Server {
 public:
  explicit EchoServer(kj::Timer& timer) : timer_(timer) {}

  kj::Promise<void> echo(EchoContext context) override {
    const auto payload = context.getParams().getPayload();
    if (payload.size() > 0 && payload[0] == bench::kSlowMark) {
      return timer_.afterDelay(5 * kj::MILLISECONDS).then([context]() mutable {
        context.getResults().setPayload(context.getParams().getPayload());
      });
    }
    context.getResults().setPayload(payload);
    return kj::READY_NOW;
  }

  kj::Promise<void> tokens(TokensContext context) override {
    const auto wanted = context.getParams();
    return send(wanted.getSink(), wanted.getMessages(), wanted.getPayload());
  }

 private:
  static kj::Promise<void> send(Sink::Client sink, std::uint32_t left, std::uint32_t size) {
    if (left == 0) return kj::READY_NOW;
    auto request = sink.tokenRequest();
    request.initPayload(size);
    auto sent = request.send();
    return sent.then(
        [sink = kj::mv(sink), left, size]() mutable { return send(kj::mv(sink), left - 1, size); });
  }

  kj::Timer& timer_;
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Load load = bench::parse_server(argc, argv);
  auto io = kj::setupAsyncIo();
  auto address =
      io.provider->getNetwork().parseAddress(load.host.c_str(), load.port).wait(io.waitScope);
  auto listener = address->listen();
  capnp::TwoPartyServer server(kj::heap<EchoServer>(io.provider->getTimer()));
  bench::print_listening(static_cast<std::uint16_t>(listener->getPort()));
  server.listen(*listener).wait(io.waitScope);
}
