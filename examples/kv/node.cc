// One node of the store: joins, and keeps what it is given, in memory.
//
//   kv_node HOST:PORT [SEED]
#include <rpcnet/io/rpcnet.h>

#include <cstdio>
#include <map>

#include "kv.rpcnet.h"

using rpcnet::Result;
using rpcnet::ServerCall;

class Store final : public kv::StoreService {
 public:
  explicit Store(std::string node) : node_(std::move(node)) {}

  asio::awaitable<Result<kv::Entry>> Put(ServerCall&, kv::Entry request) override {
    request.set_node(node_);
    values_[request.key()] = request.value();
    co_return request;
  }

  asio::awaitable<Result<kv::Entry>> Get(ServerCall&, kv::Key request) override {
    const auto found = values_.find(request.key());
    if (found == values_.end()) {
      co_return rpcnet::error(rpcnet::StatusCode::not_found, "no such key on " + node_);
    }
    kv::Entry entry;
    entry.set_key(found->first);
    entry.set_value(found->second);
    entry.set_node(node_);
    co_return entry;
  }

 private:
  std::string node_;
  std::map<std::string, std::string> values_;
};

asio::awaitable<void> work(rpcnet::Host& host, std::vector<std::string> seeds) {
  rpcnet::ShutdownSignal shutdown(host.context());
  host.serve(std::make_shared<Store>(to_text(host.address())));
  rpcnet::ClusterMembership cluster(host);
  cluster.set_tag("role", "kv");
  const rpcnet::Status joined = co_await cluster.join(seeds);
  if (!joined.ok()) throw std::runtime_error(to_text(joined));
  co_await shutdown.wait();
  co_await host.drain(std::chrono::seconds(5));
  co_await cluster.leave();
}

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs("usage: kv_node HOST:PORT [SEED]\n", stderr), 64;
  return rpcnet::run({.bind = argv[1]},
                     [&](rpcnet::Host& host) { return work(host, {argv + 2, argv + argc}); });
}
