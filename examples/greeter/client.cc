// Asks to be greeted.
#include <rpcnet/io/rpcnet.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <cstdio>

#include "greeter.rpcnet.h"

asio::awaitable<void> greet(rpcnet::Host& host) {
  const greeter::GreeterClient client(rpcnet::Channel(host, "127.0.0.1:7000"));
  greeter::Request request;
  request.set_name("world");
  const auto reply = co_await client.Greet(request, {.wait_for_ready = true});
  std::puts(reply.ok() ? reply->text().c_str() : to_text(reply.status()).c_str());
  host.stop();
}

int main() {
  asio::io_context context;
  auto host = rpcnet::Host::start(context, {.member = false, .accept = false});
  if (!host.ok()) return std::puts(to_text(host.status()).c_str()), 1;
  asio::co_spawn(context, greet(*host), asio::detached);
  context.run();
}
