// A client that is no member follows the members of a cluster and chooses among them by itself.
#include <boost/test/unit_test.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/follow.h"
#include "services/standard.h"
#include "tests/io/support/rig.h"

using namespace rpcnet;
using namespace rpcnet::test;

BOOST_AUTO_TEST_SUITE(Following)

// Goal: calls never fail while workers come and go, and while the seed itself goes; no member is in
// the way of a call.
BOOST_AUTO_TEST_CASE(WorkersComeAndGoAndSoDoesTheSeed) {
  asio::io_context context;
  std::map<std::string, int> served;
  std::map<std::string, Host> members;
  const auto join = [&](const std::string& name) -> asio::awaitable<void> {
    Host& host = members[name] = start(context, options(name));
    serve_standard(host);
    host.serve("Work.do", [&served, name](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> {
      ++served[name];
      co_return Bytes{};
    });
    ClusterMembership cluster(host);
    if (name != "seed") BOOST_REQUIRE(cluster.set_tag("role", "worker").ok());
    std::vector<std::string> seeds{to_text(members["seed"].address())};
    const Status joined = co_await cluster.join(seeds);
    BOOST_REQUIRE_MESSAGE(joined.ok(), to_text(joined));
  };
  HostOptions outside = options("outside");
  outside.member = false;
  Host client = start(context, outside);
  WorkerRegistry registry(client, LoadBalancingStrategy::RoundRobin);
  BOOST_REQUIRE(registry.start().ok());
  std::optional<ClusterFollower> follower;
  run(context, [&]() -> asio::awaitable<void> {
    for (const std::string name : {"seed", "a", "b"}) co_await join(name);
    FollowOptions follow;
    follow.seeds = {"127.0.0.1:1", to_text(members["seed"].address())};
    follow.interval = 100ms;
    follower.emplace(client, registry, follow);
    const Status began = co_await follower->start();
    BOOST_REQUIRE_MESSAGE(began.ok(), to_text(began));
    BOOST_TEST(co_await eventually([&] { return registry.workers().size() == 2; }));

    const Channel any{ClusterClient(client, registry)};
    int failed = 0;
    const auto ask = [&](int calls) -> asio::awaitable<void> {
      for (int i = 0; i < calls; ++i) {
        const Result<Bytes> done = co_await any.call("Work.do", {});
        if (!done.ok()) BOOST_TEST_MESSAGE(to_text(done.status()));
        failed += done.ok() ? 0 : 1;
      }
    };
    co_await ask(10);
    BOOST_TEST(served["a"] == 5);
    BOOST_TEST(served["b"] == 5);
    BOOST_TEST(served["seed"] == 0);

    co_await join("c");
    BOOST_TEST(co_await eventually([&] { return registry.workers().size() == 3; }));
    co_await ask(9);
    BOOST_TEST(served["c"] == 3);

    // Without a farewell: until the others have noticed, retries go around it.
    members["a"].stop();
    co_await ask(9);
    members["seed"].stop();
    co_await ask(9);
    BOOST_TEST(co_await eventually([&] { return registry.workers().size() == 2; }, 20s));
    const std::string source = follower->source();
    BOOST_TEST(
        (source == to_text(members["b"].address()) || source == to_text(members["c"].address())));
    BOOST_TEST(failed == 0);
    follower.reset();
  });
}

BOOST_AUTO_TEST_CASE(WhatNobodyCanMendIsTold) {
  asio::io_context context;
  HostOptions outside = options("outside");
  outside.member = false;
  Host client = start(context, outside);
  Host plain = start(context, outside);  // serves no ClusterService
  WorkerRegistry registry(client);
  BOOST_REQUIRE(registry.start().ok());
  run(context, [&]() -> asio::awaitable<void> {
    FollowOptions nobody;
    ClusterFollower alone(client, registry, nobody);
    const Status none = co_await alone.start();
    BOOST_CHECK(none.code == StatusCode::invalid_argument);
    FollowOptions wrong;
    wrong.seeds = {to_text(plain.address())};
    ClusterFollower lost(client, registry, wrong);
    const Status refused = co_await lost.start();
    BOOST_CHECK_MESSAGE(refused.code == StatusCode::unimplemented, to_text(refused));
  });
}

BOOST_AUTO_TEST_SUITE_END()
