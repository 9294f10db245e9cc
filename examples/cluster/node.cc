// A cluster: workers that greet, and a client that finds one by itself.
//
//   cluster_node worker HOST:PORT [SEED]    joins, and greets whoever calls
//   cluster_node ask HOST:PORT SEED         joins, finds workers, and is greeted ten times
#include <rpcnet/io/rpcnet.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <cstdio>

#include "greeter.rpcnet.h"

using Seeds = std::vector<std::string>;

struct Greeter : greeter::GreeterService {
  asio::awaitable<rpcnet::Result<greeter::Reply>> Greet(rpcnet::ServerCall&,
                                                        greeter::Request request) override {
    greeter::Reply reply;
    reply.set_text("Hello, " + request.name() + "!");
    co_return reply;
  }
};

asio::awaitable<void> work(rpcnet::Host& host, Seeds seeds) {
  host.serve(std::make_shared<Greeter>());
  rpcnet::ClusterMembership cluster(host);
  cluster.set_tag("role", "worker");
  const rpcnet::Status joined = co_await cluster.join(seeds);
  if (!joined.ok()) std::puts(to_text(joined).c_str());
}

asio::awaitable<void> ask(rpcnet::Host& host, Seeds seeds) {
  rpcnet::ClusterMembership cluster(host);
  rpcnet::WorkerRegistry registry(cluster, rpcnet::LoadBalancingStrategy::LeastConnections);
  registry.start();
  rpcnet::EventStream events = cluster.events();  // NodeJoined, NodeLeft, NodeFailed, ...
  co_await cluster.join(seeds);
  while (registry.workers().empty()) co_await events.next();

  const greeter::GreeterClient any(rpcnet::Channel(rpcnet::ClusterClient(host, registry)));
  greeter::Request request;
  request.set_name("cluster");
  for (int i = 0; i < 10; ++i) {
    const auto reply = co_await any.Greet(request);  // some worker; another if that is gone
    std::puts(reply.ok() ? reply->text().c_str() : to_text(reply.status()).c_str());
  }
  co_await cluster.leave();
  host.stop();
}

int main(int argc, char** argv) {
  if (argc < 3) return std::puts("usage: cluster_node worker|ask HOST:PORT [SEED]"), 64;
  rpcnet::set_up_log();  // what goes wrong below, to standard error
  asio::io_context context;
  auto host = rpcnet::Host::start(context, {.bind = argv[2]});
  if (!host.ok()) return std::puts(to_text(host.status()).c_str()), 1;
  const Seeds seeds(argv + 3, argv + argc);
  const bool works = std::string(argv[1]) == "worker";
  asio::co_spawn(context, works ? work(*host, seeds) : ask(*host, seeds), asio::detached);
  context.run();
}
