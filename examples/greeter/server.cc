// Greets whoever calls.
#include <rpcnet/io/rpcnet.h>
#include "greeter.rpcnet.h"

struct Greeter : greeter::GreeterService {
  using Answer = asio::awaitable<rpcnet::Result<greeter::Reply>>;
  Answer Greet(rpcnet::ServerCall&, greeter::Request request) override {
    greeter::Reply reply;
    reply.set_text("Hello, " + request.name() + "!");
    co_return reply;
  }
};

int main() { return rpcnet::run({.bind = "127.0.0.1:7000"}, std::make_shared<Greeter>()); }
