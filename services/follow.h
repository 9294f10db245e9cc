// ClusterFollower: lets a client that is no member know who works in a cluster, so that it chooses
// for itself and nobody stands in the way of its calls.
//
//   rpcnet::WorkerRegistry registry(host, rpcnet::LoadBalancingStrategy::PowerOfTwo);
//   registry.start();
//   rpcnet::ClusterFollower follower(host, registry, {.seeds = {"10.0.0.1:61000"}});
//   co_await follower.start();
//   GreeterClient any(rpcnet::Channel(rpcnet::ClusterClient(host, registry)));
//
// It asks a member, any that serves ClusterService, and is told of changes at once; in between it
// asks for the members' loads. When that member is lost it goes on with another one: a seed, or any
// that it has learned of. With nobody to ask the workers stay as they were known last, and the
// calls' own retries go around those that are gone.
#pragma once

#include <asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "io/cluster.h"
#include "io/completion.h"
#include "io/host.h"

namespace rpcnet {

struct FollowOptions {
  std::vector<std::string> seeds{};    // "host:port" of members
  std::string filter = "role=worker";  // tags that make a member a worker
  // How old the workers' loads may become. A member has this long to answer, but at least 1 s.
  Duration interval = std::chrono::seconds(1);
};

class ClusterFollower {
 public:
  // `registry`: one made from a Host, started.
  ClusterFollower(Host& host, WorkerRegistry registry, FollowOptions options);
  ClusterFollower(const ClusterFollower&) = delete;
  ClusterFollower& operator=(const ClusterFollower&) = delete;
  ~ClusterFollower();  // follows no longer

  // Begins, and gives ok when the registry has its first workers; until then it tries all seeds
  // again and again. Another status: what no trying mends, or `cancelled` as the follower is
  // destroyed.
  template <typename Token = Awaited>
  auto start(Token&& token = Token()) {
    return core::complete(executor(), start_following(), std::forward<Token>(token));
  }

  // Who is asked now: "host:port"; empty: nobody answers.
  const std::string& source() const;

 private:
  struct State;
  asio::any_io_executor executor() const;
  asio::awaitable<Status> start_following();
  static asio::awaitable<void> follow(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

}  // namespace rpcnet
