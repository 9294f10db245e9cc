// What keeps calls going: inheritance, calls made twice, workers left alone, limits, static lists.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/this_coro.hpp>
#include <boost/test/unit_test.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/rpcnet.h"
#include "tests/io/support/rig.h"

using namespace rpcnet;
using namespace rpcnet::test;

namespace {

using Answer = asio::awaitable<Result<Bytes>>;

constexpr MethodInfo kSafe{.name = "Work.do",
                           .request = "bytes",
                           .reply = "bytes",
                           .idempotency = Idempotency::no_side_effects};

// Three servers, of which each tells its number after its own delay.
struct Servers {
  // Handlers that still wait end with the io_context and look at these.
  std::vector<Duration> delays{0ms, 0ms, 0ms};
  std::vector<int> calls{0, 0, 0};
  std::vector<int> cancelled{0, 0, 0};
  std::vector<std::string> targets;
  asio::io_context context;
  std::vector<Host> hosts;

  explicit Servers(const HostOptions& with = options()) {
    for (std::size_t i = 0; i < 3; ++i) {
      hosts.push_back(start(context, with));
      targets.push_back(to_text(hosts[i].address()));
      hosts[i].serve("Work.do", [this, i](ServerCall& call, Bytes) -> Answer {
        ++calls[i];
        struct Watch {
          ServerCall& call;
          int& count;
          ~Watch() { count += call.cancelled() ? 1 : 0; }
        } watch{call, cancelled[i]};
        if (delays[i] > 0ms) co_await pause(delays[i]);
        co_return Bytes{static_cast<std::uint8_t>(i)};
      });
    }
  }
};

HostOptions anonymous_client() {
  HostOptions client = options();
  client.member = false;
  return client;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(Inheritance)

// Goal: whatever a handler's coroutine awaited before, its calls are made for the handler's call.
BOOST_AUTO_TEST_CASE(IsAutomaticWhereverTheCoroutineHasBeen) {
  asio::io_context context;
  Host back = start(context);
  Host middle = start(context);
  Host client = start(context);
  std::map<std::string, std::optional<Duration>> left;
  std::map<std::string, std::size_t> traced;
  const auto note = [&](ServerCall& call) {
    std::string name(call.method());
    left[name] = call.time_left();
    traced[name] = call.metadata().size();
  };
  for (const char* name :
       {"Back.first", "Back.timer", "Back.other", "Back.spawned", "Back.apart"}) {
    back.serve(name, [&](ServerCall& call, Bytes request) -> Answer {
      note(call);
      co_return request;
    });
  }
  back.serve_stream("Back.stream", [&](ServerCall& call) -> asio::awaitable<Status> {
    note(call);
    co_return Status{};
  });
  const Peer peer = peer_of(back);
  middle.serve("Middle.ask", [&](ServerCall&, Bytes) -> Answer {
    (void)co_await middle.call(peer, "Back.first", {}, {.timeout = no_deadline});
    co_await pause(1ms);
    (void)co_await middle.call(peer, "Back.timer", {}, {.timeout = no_deadline});
    ClientCall stream = middle.open(peer, "Back.stream", {.timeout = no_deadline});
    (void)co_await stream.finish();
    (void)co_await middle.call(peer, "Back.other", {}, {.timeout = no_deadline});
    bool over = false;
    const auto beside = [&]() -> asio::awaitable<void> {
      co_await pause(1ms);
      (void)co_await middle.call(peer, "Back.spawned", {}, {.timeout = no_deadline});
      over = true;
    };
    asio::co_spawn(co_await asio::this_coro::executor, beside(), asio::detached);
    co_await eventually([&] { return over; });
    (void)co_await middle.call(peer, "Back.apart", {}, {.timeout = no_deadline, .detached = true});
    co_return Bytes{};
  });
  run(context, [&]() -> asio::awaitable<void> {
    const Metadata trace{{"traceparent", "00-a-b-01"}};
    Result<Bytes> got =
        co_await client.call(peer_of(middle), "Middle.ask", {}, {.timeout = 5s, .metadata = trace});
    BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
    // Who is in no handler inherits nothing.
    got = co_await client.call(peer, "Back.apart", {}, {.timeout = no_deadline});
    BOOST_CHECK(got.ok());
  });
  for (const char* name :
       {"Back.first", "Back.timer", "Back.stream", "Back.other", "Back.spawned"}) {
    BOOST_TEST_CONTEXT(name) {
      BOOST_REQUIRE(left.contains(name));
      BOOST_REQUIRE(left[name].has_value());
      BOOST_CHECK(*left[name] <= 5s);
      BOOST_TEST(traced[name] == 1U);
    }
  }
  BOOST_CHECK(!left["Back.apart"]);
  BOOST_TEST(traced["Back.apart"] == 0U);
}

// Two calls at once in one process: neither takes the other for its parent.
BOOST_AUTO_TEST_CASE(IsNotMixedUpBetweenHandlers) {
  asio::io_context context;
  Host back = start(context);
  Host middle = start(context);
  Host client = start(context);
  back.serve("Back.ask", [](ServerCall& call, Bytes) -> Answer {
    co_return to_bytes(call.metadata().empty() ? "" : call.metadata()[0].second);
  });
  middle.serve("Middle.ask", [&](ServerCall&, Bytes request) -> Answer {
    for (int i = 0; i < 5; ++i) {
      co_await pause(std::chrono::milliseconds(request[0] % 3));
      Result<Bytes> heard = co_await middle.call(peer_of(back), "Back.ask", {});
      if (!heard.ok() || *heard != to_bytes(std::to_string(request[0]))) co_return heard;
    }
    co_return request;
  });
  int good = 0;
  int over = 0;
  const auto ask = [&](std::uint8_t number) -> asio::awaitable<void> {
    const Metadata trace{{"traceparent", std::to_string(number)}};
    Bytes request{number};
    auto calling = client.call(peer_of(middle), "Middle.ask", request, {.metadata = trace});
    Result<Bytes> got = co_await std::move(calling);
    good += got.ok() && *got == Bytes{number} ? 1 : 0;
    ++over;
  };
  run(context, [&]() -> asio::awaitable<void> {
    for (std::uint8_t i = 0; i < 50; ++i) asio::co_spawn(context, ask(i), asio::detached);
    co_await eventually([&] { return over == 50; });
  });
  BOOST_TEST(good == 50);
}

// Handlers run in coroutines that were used before: what the one before left running stays its own.
BOOST_AUTO_TEST_CASE(WhatAHandlerLeavesRunningGoesOnForItsCall) {
  asio::io_context context;
  Host back = start(context);
  Host middle = start(context);
  Host client = start(context);
  std::string heard;
  back.serve("Back.ask", [&](ServerCall& call, Bytes request) -> Answer {
    heard = call.metadata().empty() ? "" : call.metadata()[0].second;
    co_return request;
  });
  bool go = false;
  const auto later = [&]() -> asio::awaitable<void> {
    co_await eventually([&] { return go; });
    (void)co_await middle.call(peer_of(back), "Back.ask", {});
  };
  middle.serve("Middle.leave", [&](ServerCall&, Bytes request) -> Answer {
    asio::co_spawn(co_await asio::this_coro::executor, later(), asio::detached);
    co_return request;
  });
  middle.serve("Middle.stay", [&](ServerCall&, Bytes request) -> Answer {
    go = true;
    co_await eventually([&] { return !heard.empty(); });
    co_return request;
  });
  run(context, [&]() -> asio::awaitable<void> {
    const Metadata first{{"traceparent", "first"}};
    const Metadata second{{"traceparent", "second"}};
    (void)co_await client.call(peer_of(middle), "Middle.leave", {}, {.metadata = first});
    (void)co_await client.call(peer_of(middle), "Middle.stay", {}, {.metadata = second});
  });
  BOOST_TEST(heard == "first");
}

// A call that nobody awaits any more ends with the one that it was made for.
BOOST_AUTO_TEST_CASE(ACancelledCallCancelsWhatWasMadeForIt) {
  asio::io_context context;
  Host back = start(context);
  Host middle = start(context);
  Host client = start(context);
  back.serve("Back.ask", [](ServerCall&, Bytes) -> Answer {
    co_await pause(1h);
    co_return Bytes{};
  });
  middle.serve("Middle.ask", [&](ServerCall&, Bytes) -> Answer {
    // Its completion is a callback: Asio's cancellation of this coroutine does not reach it.
    middle.call(peer_of(back), "Back.ask", {}, {.timeout = no_deadline}, [](Result<Bytes>) {});
    co_await pause(1h);
    co_return Bytes{};
  });
  run(context, [&]() -> asio::awaitable<void> {
    ClientCall call = client.open(peer_of(middle), "Middle.ask", {.timeout = no_deadline});
    co_await call.write({});
    call.half_close();
    const bool begun = co_await eventually([&] { return back.serving() == 1; });
    BOOST_REQUIRE(begun);
    call.cancel();
    const bool freed =
        co_await eventually([&] { return back.serving() == 0 && middle.serving() == 0; }, 2s);
    BOOST_CHECK(freed);
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(StaticWorkers)

BOOST_AUTO_TEST_CASE(AClientThatIsNoMemberBalancesByItself) {
  Servers servers;
  Host client = start(servers.context, anonymous_client());
  WorkerRegistry registry(client, LoadBalancingStrategy::RoundRobin);
  BOOST_REQUIRE(registry.start().ok());
  run(servers.context, [&]() -> asio::awaitable<void> {
    const Status used = co_await registry.use(servers.targets);
    BOOST_CHECK_MESSAGE(used.ok(), to_text(used));
    const Channel channel(ClusterClient(client, registry));
    for (int i = 0; i < 30; ++i) {
      Result<Bytes> got = co_await channel.call("Work.do", {});
      BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
    }
    BOOST_CHECK((servers.calls == std::vector{10, 10, 10}));
    // One goes: no call fails, and its calls go to the others.
    const bool drained = co_await servers.hosts[1].drain(5s);
    BOOST_CHECK(drained);
    servers.hosts[1].stop();
    for (int i = 0; i < 30; ++i) {
      Result<Bytes> got = co_await channel.call("Work.do", {});
      BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
    }
    BOOST_TEST(servers.calls[1] == 10);
    BOOST_TEST(servers.calls[0] + servers.calls[2] == 50);
    // A name that is none is told, the others serve.
    std::vector<std::string> some{"no port here", servers.targets[2]};
    const Status partly = co_await registry.use(some);
    BOOST_CHECK(partly.code == StatusCode::invalid_argument);
    BOOST_TEST(registry.workers().size() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(TheSameKeyGoesToTheSameWorker) {
  Servers servers;
  Host client = start(servers.context, anonymous_client());
  WorkerRegistry registry(client, LoadBalancingStrategy::ConsistentHash);
  BOOST_REQUIRE(registry.start().ok());
  run(servers.context, [&]() -> asio::awaitable<void> {
    (void)co_await registry.use(servers.targets);
    const Channel channel(ClusterClient(client, registry));
    std::map<std::string, std::uint8_t> owners;
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 20; ++i) {
        const std::string key = "key-" + std::to_string(i);
        Result<Bytes> got = co_await channel.call("Work.do", {}, {.key = key});
        BOOST_REQUIRE(got.ok());
        const auto [owner, first] = owners.try_emplace(key, got->at(0));
        BOOST_TEST(owner->second == got->at(0));
      }
    }
    for (const int count : servers.calls) BOOST_TEST(count > 0);
  });
}

// Load is what this client has open: it is released when a call ends.
BOOST_AUTO_TEST_CASE(OpenCallsAreTheLoad) {
  Servers servers;
  Host client = start(servers.context, anonymous_client());
  WorkerRegistry registry(client, LoadBalancingStrategy::LeastConnections);
  BOOST_REQUIRE(registry.start().ok());
  servers.delays = {1h, 0ms, 0ms};
  run(servers.context, [&]() -> asio::awaitable<void> {
    (void)co_await registry.use(servers.targets);
    const Channel channel(ClusterClient(client, registry));
    for (int i = 0; i < 4; ++i) channel.call("Work.do", {}, {}, [](Result<Bytes>) {});
    const bool begun = co_await eventually(
        [&] { return servers.calls[0] + servers.calls[1] + servers.calls[2] == 4; });
    BOOST_REQUIRE(begun);
    const int stuck = servers.calls[0];
    for (int i = 0; i < 20; ++i) {
      Result<Bytes> got = co_await channel.call("Work.do", {}, {.timeout = 5s});
      BOOST_CHECK(got.ok());
    }
    BOOST_TEST(servers.calls[0] == stuck);
    std::uint32_t load = 0;
    for (const WorkerView& worker : registry.workers()) load += worker.load();
    BOOST_TEST(load == static_cast<std::uint32_t>(stuck));
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(Hedging)

BOOST_AUTO_TEST_CASE(TheFasterOfTwoAnswersAndTheOtherIsCancelled) {
  Servers servers;
  Host client = start(servers.context, anonymous_client());
  WorkerRegistry registry(client, LoadBalancingStrategy::RoundRobin);
  BOOST_REQUIRE(registry.start().ok());
  run(servers.context, [&]() -> asio::awaitable<void> {
    (void)co_await registry.use(servers.targets);
    const HedgeConfig hedge{.delay = 20ms, .attempts_max = 2};
    const Channel channel = Channel(ClusterClient(client, registry)).hedged(hedge);
    servers.delays = {1h, 1h, 1h};
    servers.delays[1] = 0ms;
    for (int i = 0; i < 3; ++i) {
      auto calling = call<Bytes>(channel, kSafe, Bytes{}, {.timeout = 5s});
      Result<Bytes> got = co_await std::move(calling);
      // Of three in turn, with two attempts: one call in three finds nobody in time.
      if (got.ok()) BOOST_TEST(got->at(0) == 1);
      if (got.ok()) break;
    }
    servers.delays = {1h, 0ms, 0ms};
    for (int i = 0; i < 6; ++i) {
      auto calling = call<Bytes>(channel, kSafe, Bytes{}, {.timeout = 5s});
      Result<Bytes> got = co_await std::move(calling);
      BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
    }
    const bool freed = co_await eventually(
        [&] { return servers.hosts[0].serving() + servers.hosts[2].serving() == 0; });
    BOOST_CHECK(freed);
    BOOST_TEST(servers.cancelled[0] > 0);
  });
}

BOOST_AUTO_TEST_CASE(OnlyAMethodThatIsSafeIsCalledTwice) {
  Servers servers;
  Host client = start(servers.context, anonymous_client());
  WorkerRegistry registry(client, LoadBalancingStrategy::RoundRobin);
  BOOST_REQUIRE(registry.start().ok());
  servers.delays = {100ms, 100ms, 100ms};
  run(servers.context, [&]() -> asio::awaitable<void> {
    (void)co_await registry.use(servers.targets);
    const HedgeConfig hedge{.delay = 1ms, .attempts_max = 3};
    const Channel channel = Channel(ClusterClient(client, registry)).hedged(hedge);
    Result<Bytes> got = co_await channel.call("Work.do", {});
    BOOST_CHECK(got.ok());
    BOOST_TEST(servers.calls[0] + servers.calls[1] + servers.calls[2] == 1);
    auto calling = call<Bytes>(channel, kSafe, Bytes{});
    got = co_await std::move(calling);
    BOOST_CHECK(got.ok());
    BOOST_TEST(servers.calls[0] + servers.calls[1] + servers.calls[2] == 4);
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(Ejection)

BOOST_AUTO_TEST_CASE(WhoFailsOrIsSlowIsLeftAlone) {
  for (const bool slow : {false, true}) {
    Servers servers;
    HostOptions with = anonymous_client();
    with.outliers.latency_factor = slow ? 5 : 0;
    with.outliers.interval = 200ms;
    with.outliers.samples_min = 1;
    Host client = start(servers.context, with);
    WorkerRegistry registry(client, LoadBalancingStrategy::RoundRobin);
    BOOST_REQUIRE(registry.start().ok());
    if (slow) {
      servers.delays[0] = 300ms;  // far from what a busy machine makes of the others
    } else {
      servers.hosts[0].serve("Work.do", [&](ServerCall&, Bytes) -> Answer {
        ++servers.calls[0];
        co_return error(StatusCode::internal, "broken");
      });
    }
    run(servers.context, [&]() -> asio::awaitable<void> {
      (void)co_await registry.use(servers.targets);
      const Channel channel(ClusterClient(client, registry));
      for (int i = 0; i < 60; ++i) {
        (void)co_await channel.call("Work.do", {});
        if (slow) co_await pause(5ms);
      }
      const int before = servers.calls[0];
      BOOST_TEST(before < 20);
      for (int i = 0; i < 30; ++i) {
        Result<Bytes> got = co_await channel.call("Work.do", {});
        BOOST_CHECK(got.ok());
      }
      BOOST_TEST(servers.calls[0] == before);
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(Admission)

BOOST_AUTO_TEST_CASE(SoManyRunSoManyWaitTheOthersGoElsewhere) {
  asio::io_context context;
  HostOptions with = options();
  with.admission = {.running_max = 2, .queue_max = 3};
  Host server = start(context, with);
  Host client = start(context);
  int running = 0;
  int most = 0;
  server.serve("Work.do", [&](ServerCall&, Bytes request) -> Answer {
    most = std::max(most, ++running);
    co_await pause(20ms);
    --running;
    co_return request;
  });
  int good = 0;
  int refused = 0;
  Metadata trailers;
  run(context, [&]() -> asio::awaitable<void> {
    (void)co_await client.call(peer_of(server), "Work.do", {});  // brings the link up
    for (int i = 0; i < 9; ++i) {
      client.call(peer_of(server), "Work.do", {}, {}, [&](Result<Bytes> got) {
        good += got.ok() ? 1 : 0;
        refused += got.code() == StatusCode::resource_exhausted ? 1 : 0;
      });
    }
    const bool over = co_await eventually([&] { return good + refused == 9; });
    BOOST_CHECK(over);
    BOOST_TEST(good == 5);
    BOOST_TEST(refused == 4);
    BOOST_TEST(most == 2);
    BOOST_TEST(server.counters().calls_turned_away == 4U);
    // One whose time would pass in the queue learns it at once and not at its end.
    for (int i = 0; i < 4; ++i) client.call(peer_of(server), "Work.do", {}, {}, [](auto) {});
    Result<Bytes> late = co_await client.call(peer_of(server), "Work.do", {}, {.timeout = 4ms});
    BOOST_CHECK(late.code() == StatusCode::resource_exhausted);
    ResponseMetadata response;
    late = co_await client.call(peer_of(server), "Work.do", {},
                                {.timeout = 4ms, .response = &response});
    BOOST_REQUIRE(!response.trailers.empty());
    BOOST_TEST(response.trailers[0].first == "rpcnet-not-started");
    const bool idle = co_await eventually([&] { return server.serving() == 0; });
    BOOST_CHECK(idle);
    // Calls that are given up in the queue leave it.
    for (int i = 0; i < 2; ++i) client.call(peer_of(server), "Work.do", {}, {}, [](auto) {});
    {
      ClientCall waiting = client.open(peer_of(server), "Work.do");
      co_await waiting.write({});
      co_await eventually([&] { return server.serving() == 3; });
    }
    Result<Bytes> next = co_await client.call(peer_of(server), "Work.do", {});
    BOOST_CHECK(next.ok());
  });
}

BOOST_AUTO_TEST_SUITE_END()
