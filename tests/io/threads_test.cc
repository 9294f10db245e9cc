// Hosts with several I/O threads: one address, one member, handlers on all of them.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/io/support/rig.h"

namespace rpcnet::test {
namespace {

// On which threads handlers ran.
class Threads {
 public:
  void note() {
    const std::lock_guard lock(mutex_);
    ++seen_[std::this_thread::get_id()];
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return seen_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::thread::id, std::size_t> seen_;
};

HostOptions threaded(std::size_t count, std::string node = "server") {
  HostOptions wanted = options(std::move(node));
  wanted.io_threads = count;
  return wanted;
}

// Each has links of its own, so that all threads get some of them but with a chance of one in a
// million.
constexpr std::size_t kClients = 21;

std::vector<Host> clients(asio::io_context& context) {
  std::vector<Host> made;
  for (std::size_t i = 0; i < kClients; ++i) {
    HostOptions wanted = options("client-" + std::to_string(i));
    wanted.member = false;
    made.push_back(start(context, wanted));
  }
  return made;
}

asio::awaitable<void> echo_once(Host& client, Peer peer, std::uint32_t salt, std::size_t& right) {
  const Bytes sent = pattern(64, salt);
  auto calling = client.call(std::move(peer), "Echo.echo", sent, {.timeout = 30s});
  const Result<Bytes> got = co_await std::move(calling);
  BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
  if (got.ok() && *got == sent) ++right;
}

asio::awaitable<void> echo_from_all(asio::io_context& context, std::vector<Host>& from, Peer peer) {
  std::size_t right = 0;
  const std::size_t wanted = from.size() * 10;
  for (std::uint32_t i = 0; i < wanted; ++i) {
    asio::co_spawn(context, echo_once(from[i % from.size()], peer, i, right), asio::detached);
  }
  const bool done = co_await eventually([&] { return right == wanted; }, 30s);
  BOOST_CHECK(done);
}

BOOST_AUTO_TEST_SUITE(ThreadsOfAHost)

BOOST_AUTO_TEST_CASE(CallsAndStreamsAreServedOnEveryThread) {
  asio::io_context context;
  Host server = start(context, threaded(2));
  Threads called;
  Threads streamed;
  server.serve("Echo.echo", [&](ServerCall&, Bytes request) -> asio::awaitable<Result<Bytes>> {
    called.note();
    co_return request;
  });
  server.serve_stream("Echo.stream", [&](ServerCall& call) -> asio::awaitable<Status> {
    streamed.note();
    while (true) {
      auto reading = call.read();
      auto message = co_await std::move(reading);
      if (!message) break;
      auto writing = call.write(std::move(*message));
      if (!co_await std::move(writing)) break;
    }
    co_return Status{};
  });
  std::vector<Host> from = clients(context);
  run(context, [&]() -> asio::awaitable<void> {
    auto echoing = echo_from_all(context, from, peer_of(server));
    co_await std::move(echoing);
    for (Host& client : from) {
      ClientCall call = client.open(peer_of(server), "Echo.stream");
      for (std::uint32_t i = 0; i < 20; ++i) {
        const Bytes sent = pattern(3000, i);
        auto writing = call.write(sent);
        BOOST_CHECK(co_await std::move(writing));
        auto reading = call.read();
        const auto got = co_await std::move(reading);
        BOOST_REQUIRE(got.has_value());
        BOOST_CHECK(*got == sent);
      }
      call.half_close();
      auto ending = call.finish();
      const Status end = co_await std::move(ending);
      BOOST_CHECK_MESSAGE(end.ok(), to_text(end));
    }
    // A thread tells what it has counted when its pass is over.
    const bool counted = co_await eventually(
        [&] { return server.counters().quic.links_accepted == kClients && server.serving() == 0; });
    BOOST_CHECK(counted);
  });
  BOOST_CHECK_EQUAL(called.count(), 2u);
  BOOST_CHECK_EQUAL(streamed.count(), 2u);
  BOOST_CHECK_EQUAL(server.counters().rpc.arrived, kClients * 11);
  // The kernel steers.
  BOOST_CHECK_EQUAL(server.counters().udp.handed_over, 0u);
}

BOOST_AUTO_TEST_CASE(ADatagramAtTheWrongSocketIsHandedOver) {
  asio::io_context context;
  HostOptions unsteered = threaded(3);
  unsteered.io_steering = false;
  Host server = start(context, unsteered);
  server.serve("Echo.echo", echo);
  std::vector<Host> from = clients(context);
  run(context, [&]() -> asio::awaitable<void> {
    auto echoing = echo_from_all(context, from, peer_of(server));
    co_await std::move(echoing);
    const bool counted = co_await eventually([&] { return server.counters().udp.handed_over > 0; });
    BOOST_CHECK(counted);
  });
  BOOST_CHECK_EQUAL(server.counters().udp.handed_over_dropped, 0u);
  for (const Host& client : from) {
    BOOST_CHECK_EQUAL(client.counters().quic.links_dialled, 1u);
  }
}

BOOST_AUTO_TEST_CASE(AHandlersOwnCallsGoOutFromItsThread) {
  asio::io_context context;
  Host behind = start(context, threaded(2, "behind"));
  behind.serve("Echo.echo", echo);
  Host front = start(context, threaded(2, "front"));
  const Peer peer = peer_of(behind);
  std::atomic<std::size_t> moved = 0;
  front.serve("Echo.echo", [&](ServerCall&, Bytes request) -> asio::awaitable<Result<Bytes>> {
    const auto here = std::this_thread::get_id();
    auto calling = front.call(peer, "Echo.echo", std::move(request));
    Result<Bytes> got = co_await std::move(calling);
    if (std::this_thread::get_id() != here) ++moved;
    co_return got;
  });
  std::vector<Host> from = clients(context);
  run(context, [&]() -> asio::awaitable<void> {
    auto echoing = echo_from_all(context, from, peer_of(front));
    co_await std::move(echoing);
    const bool dialled =
        co_await eventually([&] { return front.counters().quic.links_dialled == 2; });
    BOOST_CHECK(dialled);  // one for each thread
  });
  BOOST_CHECK_EQUAL(moved, 0u);
}

BOOST_AUTO_TEST_CASE(MembershipLivesOnTheFirstAndTellsTheLoadOfAll) {
  asio::io_context context;
  Host server = start(context, threaded(3));
  HostOptions other = threaded(2, "other");
  Host watcher = start(context, other);
  std::atomic<bool> let_go = false;
  server.serve("Wait.here", [&](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
    asio::steady_timer timer(call.executor());
    while (!let_go) {
      timer.expires_after(2ms);
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_return Bytes{};
  });
  std::vector<Host> from = clients(context);
  std::size_t over = 0;
  const auto wait_there = [&](Host& client) -> asio::awaitable<void> {
    auto calling = client.call(peer_of(server), "Wait.here", Bytes{}, {.timeout = 50s});
    const Result<Bytes> got = co_await std::move(calling);
    BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
    ++over;
  };
  run(context, [&]() -> asio::awaitable<void> {
    ClusterMembership cluster(watcher);
    auto joining = cluster.join({to_text(server.address())});
    const Status joined = co_await std::move(joining);
    BOOST_REQUIRE_MESSAGE(joined.ok(), to_text(joined));
    // Whoever is chosen from is watched.
    WorkerRegistry registry(cluster);
    BOOST_REQUIRE(registry.start().ok());
    for (Host& client : from) asio::co_spawn(context, wait_there(client), asio::detached);
    const bool all = co_await eventually([&] { return server.serving() == kClients; });
    BOOST_CHECK(all);
    const bool told = co_await eventually(
        [&] { return watcher.node().health(server.id(), watcher.now()).active_calls == kClients; },
        20s);
    BOOST_CHECK(told);
    let_go = true;
    const bool done = co_await eventually([&] { return over == kClients; });
    BOOST_CHECK(done);
  });
}

BOOST_AUTO_TEST_CASE(DrainWaitsForTheHandlersOfAllThreads) {
  asio::io_context context;
  Host server = start(context, threaded(2));
  std::atomic<bool> let_go = false;
  server.serve("Wait.here", [&](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
    asio::steady_timer timer(call.executor());
    while (!let_go) {
      timer.expires_after(1ms);
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_return Bytes{};
  });
  std::vector<Host> from = clients(context);
  std::size_t answered = 0;
  const auto wait_there = [&](Host& client) -> asio::awaitable<void> {
    auto calling = client.call(peer_of(server), "Wait.here", Bytes{}, {.timeout = 50s});
    const Result<Bytes> got = co_await std::move(calling);
    BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
    ++answered;
  };
  run(context, [&]() -> asio::awaitable<void> {
    for (Host& client : from) asio::co_spawn(context, wait_there(client), asio::detached);
    const bool all = co_await eventually([&] { return server.serving() == kClients; });
    BOOST_CHECK(all);
    std::optional<bool> drained;
    server.drain(30s, [&](bool whole) { drained = whole; });
    auto pausing = pause(50ms);
    co_await std::move(pausing);
    BOOST_CHECK(!drained);
    auto calling = from.front().call(peer_of(server), "Wait.here", Bytes{}, {.timeout = 5s});
    const Result<Bytes> late = co_await std::move(calling);
    BOOST_CHECK(late.code() == StatusCode::unavailable);
    let_go = true;
    const bool done = co_await eventually([&] { return drained.has_value(); });
    BOOST_REQUIRE(done);
    BOOST_CHECK(*drained);
  });
  BOOST_CHECK_EQUAL(answered, kClients);
}

BOOST_AUTO_TEST_CASE(ARestartedHostIsReachedAgainOnAllItsThreads) {
  asio::io_context context;
  HostOptions wanted = threaded(2);
  auto server = std::make_unique<Host>(start(context, wanted));
  server->serve("Echo.echo", echo);
  std::vector<Host> from = clients(context);
  wanted.bind = to_text(server->address());
  const Peer peer = peer_of(*server);
  run(context, [&]() -> asio::awaitable<void> {
    auto echoing = echo_from_all(context, from, peer);
    co_await std::move(echoing);
    server = nullptr;
    // Each thread told its links.
    const bool ended = co_await eventually([&] {
      return std::all_of(from.begin(), from.end(),
                         [](const Host& client) { return client.counters().quic.links == 0; });
    });
    BOOST_CHECK(ended);
    server = std::make_unique<Host>(start(context, wanted));
    server->serve("Echo.echo", echo);
    auto again = echo_from_all(context, from, peer);
    co_await std::move(again);
  });
}

BOOST_AUTO_TEST_CASE(AnotherHostIsRefusedTheSameAddress) {
  asio::io_context context;
  HostOptions wanted = threaded(2);
  Host server = start(context, wanted);
  wanted.bind = to_text(server.address());
  const auto second = Host::start(context, wanted);
  BOOST_REQUIRE(!second.ok());
  BOOST_CHECK(second.status().message.find("another process listens there") != std::string::npos);
  wanted.bind = "127.0.0.1:0";
  wanted.io_threads = 0;
  const auto none = Host::start(context, wanted);
  BOOST_REQUIRE(!none.ok());
  BOOST_CHECK(none.status().message.find("io_threads is 0") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(MethodsServedLaterReachEveryThread) {
  asio::io_context context;
  Host server = start(context, threaded(2));
  server.serve("Echo.echo", echo);
  std::vector<Host> from = clients(context);
  Threads seen;
  run(context, [&]() -> asio::awaitable<void> {
    auto echoing = echo_from_all(context, from, peer_of(server));
    co_await std::move(echoing);
    server.serve("Late.here", [&](ServerCall&, Bytes request) -> asio::awaitable<Result<Bytes>> {
      seen.note();
      co_return request;
    });
    for (Host& client : from) {
      bool served = false;
      // The other thread hears of it when it next runs.
      for (int i = 0; i < 1000 && !served; ++i) {
        auto calling = client.call(peer_of(server), "Late.here", Bytes{});
        const Result<Bytes> got = co_await std::move(calling);
        served = got.ok();
      }
      BOOST_CHECK(served);
    }
  });
  BOOST_CHECK_EQUAL(seen.count(), 2u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rpcnet::test
