// Hosts on loopback that find each other, work and leave.
#include <boost/test/unit_test.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <map>

#include "tests/io/support/rig.h"

namespace rpcnet::test {
namespace {

HostOptions member(const std::string& name) {
  HostOptions made = options(name);
  // Short rounds, so that the tests are: the rules are the same.
  made.cluster = ClusterConfig{}
                     .with_gossip_interval(50ms)
                     .with_health_check_interval(200ms)
                     .with_heartbeat_interval(100ms);
  return made;
}

std::vector<std::string> seeds_of(const Host& host) { return {to_text(host.address())}; }

BOOST_AUTO_TEST_SUITE(Cluster)

BOOST_AUTO_TEST_CASE(ThreeHostsJoinWorkAndLeave) {
  asio::io_context context;
  Host director = start(context, member("director"));
  Host first = start(context, member("worker-a"));
  Host second = start(context, member("worker-b"));
  ClusterMembership at_director(director);
  ClusterMembership at_first(first);
  ClusterMembership at_second(second);
  EventStream events = at_director.events();
  WorkerRegistry registry(at_director, LoadBalancingStrategy::LeastConnections);
  BOOST_REQUIRE(registry.start().ok());
  BOOST_CHECK(registry.start().ok());
  for (Host* host : {&first, &second}) {
    const std::string name = host->id().text();
    host->serve("Work.do", [name](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> {
      co_return to_bytes(name);
    });
  }
  run(context, [&]() -> asio::awaitable<void> {
    BOOST_CHECK(registry.select_worker().code() == StatusCode::unavailable);
    Status joined = co_await at_director.join({});
    BOOST_CHECK(joined.ok());
    BOOST_CHECK(at_first.set_tag("role", "worker").ok());
    BOOST_CHECK(at_first.set_tags({{"gpu", "true"}, {"label", "A"}}).ok());
    BOOST_CHECK(at_second.set_tag("role", "worker").ok());
    const std::vector<std::string> seeds = seeds_of(director);
    joined = co_await at_first.join(seeds);
    BOOST_CHECK_MESSAGE(joined.ok(), to_text(joined));
    joined = co_await at_second.join(seeds);
    BOOST_CHECK_MESSAGE(joined.ok(), to_text(joined));

    const bool complete = co_await eventually([&] {
      return registry.workers().size() == 2 && at_first.members().size() == 3 &&
             at_second.members().size() == 3;
    });
    BOOST_REQUIRE(complete);

    // By tag, by exclusion, and both used.
    Result<Worker> worker = registry.select_worker("gpu=true");
    BOOST_REQUIRE_MESSAGE(worker.ok(), to_text(worker.status()));
    BOOST_CHECK_EQUAL(worker->id.text(), "worker-a");
    BOOST_CHECK_EQUAL(worker->label(), "A");
    const std::vector<NodeId> lost{worker->id};
    worker = registry.select_worker("role=worker", lost);
    BOOST_REQUIRE(worker.ok());
    BOOST_CHECK_EQUAL(worker->id.text(), "worker-b");
    BOOST_CHECK(registry.select_worker("gpu=false").code() == StatusCode::unavailable);
    BOOST_CHECK(registry.select_worker("gpu").code() == StatusCode::invalid_argument);
    ClusterClient client(director, registry);
    std::map<std::string, int> answers;
    for (int i = 0; i < 20; ++i) {
      Result<Bytes> got = co_await client.call_worker("Work.do", {});
      BOOST_REQUIRE_MESSAGE(got.ok(), to_text(got.status()));
      ++answers[std::string(as_text(*got))];
    }
    BOOST_CHECK_EQUAL(answers.size(), 2u);

    const Status left = co_await at_second.leave();
    BOOST_CHECK_MESSAGE(left.ok(), to_text(left));
    const bool gone = co_await eventually([&] { return registry.workers().size() == 1; });
    BOOST_CHECK(gone);
    BOOST_CHECK(at_second.set_tag("role", "idle").code == StatusCode::failed_precondition);

    // The story as the director saw it.
    std::map<std::string, std::vector<MemberEventKind>> story;
    while (auto event = events.try_next()) {
      BOOST_REQUIRE(std::holds_alternative<MemberEvent>(*event));
      const auto& one = std::get<MemberEvent>(*event);
      if (one.kind != MemberEventKind::tags_changed) {
        story[one.member.id.text()].push_back(one.kind);
      }
    }
    BOOST_CHECK((story["worker-a"] == std::vector{MemberEventKind::joined}));
    BOOST_CHECK((story["worker-b"] == std::vector{MemberEventKind::joined, MemberEventKind::left}));
  });
}

BOOST_AUTO_TEST_CASE(CallsFindAnotherWorkerWhenOneIsGone) {
  asio::io_context context;
  Host director = start(context, member("director"));
  Host first = start(context, member("worker-a"));
  std::optional<Host> second = start(context, member("worker-b"));
  ClusterMembership at_director(director);
  WorkerRegistry registry(at_director, LoadBalancingStrategy::RoundRobin);
  BOOST_REQUIRE(registry.start().ok());
  run(context, [&]() -> asio::awaitable<void> {
    const std::vector<std::string> seeds = seeds_of(director);
    for (Host* host : {&first, &*second}) {
      host->serve("Work.do", echo);
      host->serve_stream("Work.list", [](ServerCall& call) -> asio::awaitable<Status> {
        for (int i = 0; i < 3; ++i) co_await call.write(pattern(10));
        co_return Status{};
      });
      ClusterMembership here(*host);
      BOOST_CHECK(here.set_tag("role", "worker").ok());
      const Status joined = co_await here.join(seeds);
      BOOST_REQUIRE_MESSAGE(joined.ok(), to_text(joined));
    }
    const bool both = co_await eventually([&] { return registry.workers().size() == 2; });
    BOOST_REQUIRE(both);
    second.reset();
    // The registry does not know yet; no call fails for it.
    ClusterClient client(director, registry);
    for (int i = 0; i < 20; ++i) {
      Result<Bytes> got = co_await client.call_worker("Work.do", pattern(10));
      BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
      // A stream whose one request is known goes elsewhere too.
      const Channel channel(client);
      ClientCall stream = channel.start_stream("Work.list", pattern(10), {});
      int count = 0;
      while (co_await stream.read()) ++count;
      const Status end = co_await stream.finish();
      BOOST_CHECK_MESSAGE(end.ok() && count == 3, to_text(end));
    }
    const bool noticed = co_await eventually([&] { return registry.workers().size() == 1; }, 20s);
    BOOST_CHECK(noticed);
  });
}

BOOST_AUTO_TEST_CASE(AMemberThatComesBackOnItsAddressIsAWorkerAgain) {
  asio::io_context context;
  Host director = start(context, member("director"));
  std::optional<Host> worker = start(context, member("worker-a"));
  HostOptions again = member("worker-a");
  again.bind = to_text(worker->address());
  ClusterMembership at_director(director);
  WorkerRegistry registry(at_director);
  BOOST_REQUIRE(registry.start().ok());
  run(context, [&]() -> asio::awaitable<void> {
    const std::vector<std::string> seeds = seeds_of(director);
    for (int life = 0; life < 4; ++life) {
      worker->serve("Work.do", echo);
      ClusterMembership here(*worker);
      BOOST_CHECK(here.set_tag("role", "worker").ok());
      BOOST_CHECK(here.set_tag("life", std::to_string(life)).ok());
      const Status joined = co_await here.join(seeds);
      BOOST_REQUIRE_MESSAGE(joined.ok(), to_text(joined));
      const std::string filter = "life=" + std::to_string(life);
      const Instant before = director.now();
      const bool found = co_await eventually([&] { return registry.select_worker(filter).ok(); });
      BOOST_CHECK(found);
      BOOST_CHECK(director.now() - before < 3s);
      Result<Worker> chosen = registry.select_worker(filter);
      BOOST_REQUIRE(chosen.ok());
      Result<Bytes> got = co_await director.call(chosen->peer(), "Work.do", {});
      BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
      worker.reset();
      worker = start(context, again);
    }
  });
}

BOOST_AUTO_TEST_CASE(ALaggingReaderIsTold) {
  asio::io_context context;
  HostOptions small = member("watcher");
  small.event_queue_max = 3;
  Host watcher = start(context, small);
  Host other = start(context, member("other"));
  ClusterMembership at_watcher(watcher);
  ClusterMembership at_other(other);
  EventStream events = at_watcher.events();
  run(context, [&]() -> asio::awaitable<void> {
    const std::vector<std::string> seeds = seeds_of(watcher);
    const Status joined = co_await at_other.join(seeds);
    BOOST_REQUIRE_MESSAGE(joined.ok(), to_text(joined));
    for (int i = 0; i < 8; ++i) {
      const std::string value = std::to_string(i);
      BOOST_CHECK(at_other.set_tag("n", value).ok());
      const auto seen = [&] {
        const auto known = at_watcher.find(other.id());
        return known && known->tags.contains("n") && known->tags.at("n") == value;
      };
      const bool spread = co_await eventually(seen);
      BOOST_REQUIRE(spread);
    }
    std::optional<ClusterEvent> first = co_await events.next();
    BOOST_REQUIRE(first && std::holds_alternative<Coalesced>(*first));
    BOOST_CHECK_GE(std::get<Coalesced>(*first).events, 1u);
    BOOST_CHECK_EQUAL(std::get<Coalesced>(*first).events, watcher.counters().events_coalesced);
    int kept = 0;
    std::string last;
    while (auto event = events.try_next()) {
      BOOST_REQUIRE(std::holds_alternative<MemberEvent>(*event));
      const Tags& tags = std::get<MemberEvent>(*event).member.tags;
      if (tags.contains("n")) last = tags.at("n");  // when it joined it had none
      ++kept;
    }
    BOOST_CHECK_LE(kept, 4);
    BOOST_CHECK_EQUAL(last, "7");
    // The end of the host ends the stream.
    watcher.stop();
    std::optional<ClusterEvent> none = co_await events.next();
    BOOST_CHECK(!none.has_value());
  });
}

BOOST_AUTO_TEST_CASE(ASeedThatComesLaterIsFound) {
  asio::io_context context;
  HostOptions late = member("seed");
  {
    Host reserved = start(context, member("seed"));
    late.bind = to_text(reserved.address());
  }
  Host early = start(context, member("early"));
  ClusterMembership at_early(early);
  bool joined = false;
  const auto join = [&]() -> asio::awaitable<void> {
    const std::vector<std::string> seeds{late.bind};
    const Status status = co_await at_early.join(seeds);
    joined = status.ok();
  };
  run(context, [&]() -> asio::awaitable<void> {
    asio::co_spawn(context, join(), asio::detached);
    co_await pause(300ms);
    BOOST_CHECK(!joined);
    Host seed = start(context, late);
    const bool found = co_await eventually([&] { return joined; });
    BOOST_CHECK(found);
  });
}

BOOST_AUTO_TEST_CASE(WhatCannotBeJoinedIsSaid) {
  asio::io_context context;
  Host host = start(context, member("one"));
  HostOptions outside = member("two");
  outside.member = false;
  Host client = start(context, outside);
  run(context, [&]() -> asio::awaitable<void> {
    ClusterMembership cluster(host);
    const std::vector<std::string> malformed{"seed"};
    Status status = co_await cluster.join(malformed);
    BOOST_CHECK(status.code == StatusCode::invalid_argument);
    // Only our own address: we are the first.
    const std::vector<std::string> own = seeds_of(host);
    status = co_await cluster.join(own);
    BOOST_CHECK_MESSAGE(status.ok(), to_text(status));
    BOOST_CHECK(cluster.set_tag("Bad Key", "x").code == StatusCode::invalid_argument);
    BOOST_CHECK(cluster.set_tag("big", std::string(5000, 'x')).code ==
                StatusCode::resource_exhausted);
    BOOST_CHECK(cluster.set_tag("zone", "eu").ok());
    BOOST_CHECK(cluster.self().tags == (Tags{{"zone", "eu"}}));
    BOOST_CHECK(cluster.remove_tag("zone").ok());
    BOOST_CHECK(cluster.self().tags.empty());
    ClusterMembership none(client);
    status = co_await none.join(own);
    BOOST_CHECK(status.code == StatusCode::failed_precondition);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rpcnet::test
