// Asks to be greeted.
#include <rpcnet/io/rpcnet.h>
#include <iostream>
#include "greeter.rpcnet.h"

asio::awaitable<void> greet(rpcnet::Host& host) {
  const greeter::GreeterClient client(rpcnet::Channel(host, "127.0.0.1:7000"));
  greeter::Request request;
  request.set_name("world");
  const auto reply = co_await client.Greet(request, {.wait_for_ready = true});
  if (!reply.ok()) throw std::runtime_error(to_text(reply.status()));
  std::cout << reply->text() << '\n';
}

int main() { return rpcnet::run({.member = false, .accept = false}, greet); }
