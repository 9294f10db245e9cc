// A cluster: workers that greet, and a client that finds one by itself.
//
//   cluster_node worker HOST:PORT [SEED]    joins, and greets whoever calls
//   cluster_node ask HOST:PORT SEED         joins, finds workers, and is greeted ten times
#include <rpcnet/io/rpcnet.h>
#include <iostream>
#include "greeter.rpcnet.h"

struct Greeter : greeter::GreeterService {
  using Answer = asio::awaitable<rpcnet::Result<greeter::Reply>>;
  Answer Greet(rpcnet::ServerCall&, greeter::Request request) override {
    greeter::Reply reply;
    reply.set_text("Hello, " + request.name() + "!");
    co_return reply;
  }
};

asio::awaitable<void> work(rpcnet::Host& host, std::vector<std::string> seeds) {
  rpcnet::ShutdownSignal shutdown(host.context());
  host.serve(std::make_shared<Greeter>());
  rpcnet::ClusterMembership cluster(host);
  cluster.set_tag("role", "worker");
  const rpcnet::Status joined = co_await cluster.join(seeds);
  if (!joined.ok()) throw std::runtime_error(to_text(joined));
  co_await shutdown.wait();
  co_await host.drain(std::chrono::seconds(5));  // what runs ends, what is new goes elsewhere
  co_await cluster.leave();
}

asio::awaitable<void> ask(rpcnet::Host& host, std::vector<std::string> seeds) {
  rpcnet::ClusterMembership cluster(host);
  rpcnet::WorkerRegistry registry(cluster, rpcnet::LoadBalancingStrategy::LeastConnections);
  registry.start();
  rpcnet::EventStream events = cluster.events();  // NodeJoined, NodeLeft, NodeFailed, ...
  const rpcnet::Status joined = co_await cluster.join(seeds);
  if (!joined.ok()) throw std::runtime_error(to_text(joined));
  while (registry.workers().empty()) co_await events.next();

  const greeter::GreeterClient any(rpcnet::Channel(rpcnet::ClusterClient(host, registry)));
  greeter::Request request;
  request.set_name("cluster");
  for (int i = 0; i < 10; ++i) {
    const auto reply = co_await any.Greet(request);  // some worker; another if that is gone
    std::cout << (reply.ok() ? reply->text() : to_text(reply.status())) << '\n';
  }
  co_await cluster.leave();
}

int main(int argc, char** argv) {
  const bool works = argc > 2 && argv[1] == std::string("worker");
  if (!works && (argc < 4 || argv[1] != std::string("ask"))) {
    return std::cerr << "usage: cluster_node worker|ask HOST:PORT [SEED]\n", 64;
  }
  const std::vector<std::string> seeds(argv + 3, argv + argc);
  return rpcnet::run({.bind = argv[2]}, [&](rpcnet::Host& host) {
    return works ? work(host, seeds) : ask(host, seeds);
  });
}
