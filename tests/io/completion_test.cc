// Every operation with every kind of completion token: the same value arrives.
#include <asio/associated_executor.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/deferred.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include <boost/test/unit_test.hpp>

#include <future>
#include <thread>
#include <type_traits>

#include "tests/io/support/rig.h"

namespace rpcnet::test {
namespace {

// A host that serves, and one that calls, on an io_context.
struct Pair {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));

  Pair() {
    server.serve("Echo.echo", echo);
    server.serve_stream("Mirror.all", [](ServerCall& call) -> asio::awaitable<Status> {
      while (true) {
        std::optional<Bytes> message = co_await call.read();
        if (!message) co_return Status{};
        co_await call.write(std::move(*message));
      }
    });
    server.serve("Long.wait", [](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> {
      co_await pause(1h);
      co_return Bytes{};
    });
  }

  void run_until(const std::function<bool()>& condition) {
    run(context, [&]() -> asio::awaitable<void> {
      const bool held = co_await eventually(condition);
      BOOST_CHECK(held);
    });
  }
};

BOOST_AUTO_TEST_SUITE(Completion)

BOOST_AUTO_TEST_CASE(ACoroutineIsTheDefaultAndIsHandedOnAsItIs) {
  Pair pair;
  auto calling = pair.client.call(peer_of(pair.server), "Echo.echo", to_bytes("a"));
  static_assert(std::is_same_v<decltype(calling), asio::awaitable<Result<Bytes>>>);
  run(pair.context, [&]() -> asio::awaitable<void> {
    Result<Bytes> got = co_await std::move(calling);
    BOOST_CHECK(got.ok() && *got == to_bytes("a"));
    got = co_await pair.client.call(peer_of(pair.server), "Echo.echo", to_bytes("b"), {},
                                    asio::use_awaitable);
    BOOST_CHECK(got.ok() && *got == to_bytes("b"));
  });
}

BOOST_AUTO_TEST_CASE(ACallbackGetsTheResultOfACall) {
  Pair pair;
  std::optional<Result<Bytes>> good;
  std::optional<Result<Bytes>> bad;
  pair.client.call(peer_of(pair.server), "Echo.echo", to_bytes("hello"), {},
                   [&](Result<Bytes> got) { good = std::move(got); });
  pair.client.call(peer_of(pair.server), "Nobody.knows", {}, {.timeout = 5s},
                   [&](Result<Bytes> got) { bad = std::move(got); });
  pair.run_until([&] { return good && bad; });
  BOOST_CHECK(good->ok() && **good == to_bytes("hello"));
  BOOST_CHECK(bad->code() == StatusCode::unimplemented);
}

BOOST_AUTO_TEST_CASE(CallbacksReadAndWriteAStream) {
  Pair pair;
  ClientCall call = pair.client.open(peer_of(pair.server), "Mirror.all");
  std::optional<Bytes> back;
  std::optional<Status> end;
  call.write(to_bytes("one"), [&](bool written) {
    BOOST_CHECK(written);
    call.read([&](std::optional<Bytes> message) {
      back = std::move(message);
      call.finish([&](Status status) { end = std::move(status); });
    });
  });
  pair.run_until([&] { return end.has_value(); });
  BOOST_CHECK(back == to_bytes("one"));
  BOOST_CHECK(end->ok());
}

BOOST_AUTO_TEST_CASE(AFutureIsAwaitedOnAnotherThread) {
  Pair pair;
  const Peer peer = peer_of(pair.server);
  auto running = asio::make_work_guard(pair.context);
  std::thread network([&] { pair.context.run(); });
  std::future<Result<Bytes>> future =
      pair.client.call(peer, "Echo.echo", to_bytes("from afar"), {}, asio::use_future);
  const Result<Bytes> got = future.get();
  running.reset();
  pair.context.stop();
  network.join();
  BOOST_CHECK(got.ok() && *got == to_bytes("from afar"));
}

// For the thread sanitizer: whoever calls from afar must not look at what the handlers, which run
// meanwhile, are for.
BOOST_AUTO_TEST_CASE(CallsFromAfarBeginWhileHandlersRun) {
  constexpr std::size_t kCalls = 2000;
  Pair pair;
  const Peer peer = peer_of(pair.server);
  auto running = asio::make_work_guard(pair.context);
  std::thread network([&] { pair.context.run(); });
  std::vector<std::future<Result<Bytes>>> futures;
  for (std::size_t i = 0; i < kCalls; ++i) {
    futures.push_back(
        pair.client.call(peer, "Echo.echo", to_bytes("from afar"), {}, asio::use_future));
    // Some are always under way, so that handlers run at any time.
    if (i >= 16) futures[i - 16].wait();
  }
  std::size_t good = 0;
  for (auto& future : futures) good += future.get().ok() ? 1 : 0;
  running.reset();
  pair.context.stop();
  network.join();
  BOOST_CHECK_EQUAL(good, kCalls);
}

BOOST_AUTO_TEST_CASE(ADeferredCallBeginsWhenItIsAskedTo) {
  Pair pair;
  std::optional<Result<Bytes>> got;
  auto later = pair.client.call(peer_of(pair.server), "Echo.echo", to_bytes("later"), {},
                                asio::experimental::deferred);
  run(pair.context, []() -> asio::awaitable<void> { co_await pause(20ms); });
  BOOST_CHECK_EQUAL(pair.client.counters().rpc.started, 0u);
  std::move(later)([&](Result<Bytes> result) { got = std::move(result); });
  pair.run_until([&] { return got.has_value(); });
  BOOST_CHECK(got->ok() && **got == to_bytes("later"));
}

BOOST_AUTO_TEST_CASE(AdaptedTokensWork) {
  Pair pair;
  run(pair.context, [&]() -> asio::awaitable<void> {
    auto calling = pair.client.call(peer_of(pair.server), "Echo.echo", to_bytes("tuple"), {},
                                    asio::experimental::as_tuple(asio::use_awaitable));
    auto [got] = co_await std::move(calling);
    BOOST_CHECK(got.ok() && *got == to_bytes("tuple"));
  });
  // Nobody waits at all.
  pair.client.call(peer_of(pair.server), "Echo.echo", {}, {}, asio::detached);
  pair.run_until([&] { return pair.client.counters().rpc.finished[0] == 2; });
}

BOOST_AUTO_TEST_CASE(ABoundCallbackRunsOnItsExecutor) {
  Pair pair;
  asio::thread_pool pool(1);
  std::promise<std::thread::id> ran;
  pair.client.call(peer_of(pair.server), "Echo.echo", {}, {},
                   asio::bind_executor(pool, [&](const Result<Bytes>& got) {
                     BOOST_CHECK(got.ok());
                     ran.set_value(std::this_thread::get_id());
                   }));
  auto where = ran.get_future();
  pair.run_until([&] { return where.wait_for(0s) == std::future_status::ready; });
  BOOST_CHECK(where.get() != std::this_thread::get_id());
  pool.join();
}

BOOST_AUTO_TEST_CASE(CancellingACallbacksSlotCancelsTheCall) {
  Pair pair;
  asio::cancellation_signal stop;
  std::optional<Result<Bytes>> end;
  pair.client.call(
      peer_of(pair.server), "Long.wait", {}, {.timeout = no_deadline},
      asio::bind_cancellation_slot(stop.slot(), [&](Result<Bytes> got) { end = std::move(got); }));
  pair.run_until([&] { return pair.server.serving() == 1; });
  stop.emit(asio::cancellation_type::terminal);
  pair.run_until([&] { return end && pair.server.serving() == 0; });
  BOOST_CHECK(end->code() == StatusCode::cancelled);
}

BOOST_AUTO_TEST_CASE(TheOtherOperationsTakeTokensToo) {
  Pair pair;
  std::optional<Result<Peer>> peer;
  std::optional<bool> drained;
  std::optional<Status> joined;
  std::optional<ClusterEvent> event;
  ClusterMembership cluster(pair.server);
  EventStream events = cluster.events();
  pair.client.resolve("127.0.0.1:61000", [&](Result<Peer> found) { peer = std::move(found); });
  cluster.join({}, [&](Status status) { joined = std::move(status); });
  pair.run_until([&] { return peer && joined; });
  BOOST_CHECK(peer->ok() && (*peer)->address.port == 61000);
  BOOST_CHECK(joined->ok());
  ClusterMembership other(pair.client);
  other.join({to_text(pair.server.address())},
             [](const Status& status) { BOOST_CHECK(status.ok()); });
  events.next([&](std::optional<ClusterEvent> first) { event = std::move(first); });
  pair.run_until([&] { return event.has_value(); });
  pair.server.drain(5s, [&](bool whole) { drained = whole; });
  pair.run_until([&] { return drained.has_value(); });
  BOOST_CHECK(*drained);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rpcnet::test
