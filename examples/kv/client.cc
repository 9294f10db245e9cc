// Puts keys into the store, or gets them: each goes to the node that owns it, and nobody else.
//
//   kv_client put|get KEYS NODES SEED    KEYS: how many; NODES: how many to wait for
#include <rpcnet/io/rpcnet.h>

#include <cstdio>
#include <cstdlib>
#include <map>

#include "kv.rpcnet.h"

struct Task {
  bool put = false;
  int keys = 0;
  std::size_t nodes = 0;
  std::string seed;
};

asio::awaitable<void> run(rpcnet::Host& host, Task task) {
  rpcnet::ClusterMembership cluster(host);
  rpcnet::WorkerRegistry registry(cluster, rpcnet::LoadBalancingStrategy::ConsistentHash,
                                  "role=kv");
  registry.start();
  rpcnet::EventStream events = cluster.events();
  const std::vector<std::string> seeds{task.seed};
  const rpcnet::Status joined = co_await cluster.join(seeds);
  if (!joined.ok()) throw std::runtime_error(to_text(joined));
  while (registry.workers().size() < task.nodes) co_await events.next();

  const kv::StoreClient store(rpcnet::Channel(rpcnet::ClusterClient(host, registry)));
  std::map<std::string, int> by_node;
  int missing = 0;
  for (int i = 0; i < task.keys; ++i) {
    const std::string name = "key-" + std::to_string(i);
    rpcnet::CallOptions options;
    options.key = name;  // what ConsistentHash goes by
    rpcnet::Result<kv::Entry> entry = rpcnet::Status{};
    if (task.put) {
      kv::Entry request;
      request.set_key(name);
      request.set_value("value-" + std::to_string(i));
      entry = co_await store.Put(request, options);
    } else {
      kv::Key request;
      request.set_key(name);
      entry = co_await store.Get(request, options);
    }
    if (entry.ok() && entry->value() == "value-" + std::to_string(i)) {
      ++by_node[entry->node()];
    } else {
      ++missing;
    }
  }
  for (const auto& [node, count] : by_node) std::printf("%s: %d\n", node.c_str(), count);
  std::printf("missing: %d\n", missing);
  co_await cluster.leave();
}

int main(int argc, char** argv) {
  const std::string verb = argc == 5 ? argv[1] : "";
  const int keys = argc == 5 ? std::atoi(argv[2]) : 0;
  const int nodes = argc == 5 ? std::atoi(argv[3]) : 0;
  if ((verb != "put" && verb != "get") || keys < 1 || nodes < 1) {
    return std::fputs("usage: kv_client put|get KEYS NODES SEED\n", stderr), 64;
  }
  const Task task{verb == "put", keys, static_cast<std::size_t>(nodes), argv[4]};
  return rpcnet::run({.bind = "127.0.0.1:0"}, [&](rpcnet::Host& host) { return run(host, task); });
}
