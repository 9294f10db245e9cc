// Greets whoever calls.
#include <rpcnet/io/rpcnet.h>

#include <cstdio>

#include "greeter.rpcnet.h"

struct Greeter : greeter::GreeterService {
  asio::awaitable<rpcnet::Result<greeter::Reply>> Greet(rpcnet::ServerCall&,
                                                        greeter::Request request) override {
    greeter::Reply reply;
    reply.set_text("Hello, " + request.name() + "!");
    co_return reply;
  }
};

int main() {
  asio::io_context context;
  auto host = rpcnet::Host::start(context, {.bind = "127.0.0.1:7000"});
  if (!host.ok()) return std::puts(to_text(host.status()).c_str()), 1;
  host->serve(std::make_shared<Greeter>());
  context.run();
}
