// One message there, one back, over real QUIC on loopback.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/system_error.hpp>
#include <asio/this_coro.hpp>

#include <boost/test/unit_test.hpp>

#include "tests/io/support/rig.h"

namespace rpcnet::test {
namespace {

BOOST_AUTO_TEST_SUITE(Unary)

BOOST_AUTO_TEST_CASE(EchoIsBitExactFromNothingToSixtyFourMebibytes) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  server.serve("Echo.echo", echo);
  run(context, [&]() -> asio::awaitable<void> {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1200},
                                   std::size_t{65536}, std::size_t{64} << 20}) {
      const Bytes sent = pattern(size);
      auto calling = client.call(peer_of(server), "Echo.echo", sent, {.timeout = 40s});
      Result<Bytes> got = co_await std::move(calling);
      BOOST_REQUIRE_MESSAGE(got.ok(), size << ": " << to_text(got.status()));
      BOOST_CHECK(*got == sent);
    }
  });
}

BOOST_AUTO_TEST_CASE(AThousandCallsAtOnceShareOneLink) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  // Each waits for all: so all are open at once.
  std::size_t waiting = 0;
  server.serve("Gather.all", [&](ServerCall&, Bytes request) -> asio::awaitable<Result<Bytes>> {
    ++waiting;
    const bool together = co_await eventually([&] { return waiting == 1000; }, 20s);
    if (!together) co_return error(StatusCode::aborted, "not all came");
    co_return request;
  });
  std::size_t right = 0;
  const auto one = [&](std::uint32_t number) -> asio::awaitable<void> {
    const Bytes sent = pattern(64, number);
    auto calling = client.call(peer_of(server), "Gather.all", sent, {.timeout = 30s});
    Result<Bytes> got = co_await std::move(calling);
    if (got.ok() && *got == sent) ++right;
  };
  run(context, [&]() -> asio::awaitable<void> {
    for (std::uint32_t i = 0; i < 1000; ++i) asio::co_spawn(context, one(i), asio::detached);
    const bool done = co_await eventually([&] { return right == 1000; }, 30s);
    BOOST_CHECK(done);
  });
  BOOST_CHECK_EQUAL(right, 1000u);
  BOOST_CHECK_EQUAL(client.counters().quic.links_dialled, 1u);
  // Gathered into passes: far fewer packets than calls.
  BOOST_CHECK_LT(client.counters().quic.datagrams_out, 600u);
}

BOOST_AUTO_TEST_CASE(AHostThatSpinsSleepsInTheEnd) {
  asio::io_context context;
  HostOptions spinning = options("server");
  spinning.spin = 20ms;
  Host server = start(context, spinning);
  spinning.node = "client";
  Host client = start(context, spinning);
  server.serve("Echo.echo", echo);
  run(context, [&]() -> asio::awaitable<void> {
    for (std::uint32_t i = 0; i < 100; ++i) {
      const Bytes sent = pattern(64, i);
      auto calling = client.call(peer_of(server), "Echo.echo", sent);
      const Result<Bytes> got = co_await std::move(calling);
      BOOST_REQUIRE_MESSAGE(got.ok(), to_text(got.status()));
      BOOST_CHECK(*got == sent);
    }
    BOOST_CHECK_GT(context.poll(), 0u);  // it goes on asking
    const bool asleep = co_await eventually([&] { return context.poll() == 0; });
    BOOST_CHECK(asleep);
    // And wakes up again.
    const Bytes sent = pattern(64);
    auto calling = client.call(peer_of(server), "Echo.echo", sent);
    const Result<Bytes> got = co_await std::move(calling);
    BOOST_CHECK(got.ok());
  });
}

BOOST_AUTO_TEST_CASE(AnUnknownMethodIsNamed) {
  asio::io_context context;
  Host server = start(context);
  Host client = start(context);
  run(context, [&]() -> asio::awaitable<void> {
    Result<Bytes> got = co_await client.call(peer_of(server), "Nobody.knows", {});
    BOOST_CHECK(got.code() == StatusCode::unimplemented);
    BOOST_CHECK(got.status().message.find("Nobody.knows") != std::string::npos);
  });
  BOOST_CHECK_EQUAL(server.counters().unknown_methods, 1u);
}

// Handlers run in coroutines that are used again: what one call did there must not reach the next.
BOOST_AUTO_TEST_CASE(ACancelledCallLeavesNothingForTheNextOne) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  int begun = 0;
  int cancelled = 0;
  server.serve("Echo.slow", [&](ServerCall&, Bytes request) -> asio::awaitable<Result<Bytes>> {
    ++begun;
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    try {
      co_await pause(1h);
    } catch (const asio::system_error&) {
      ++cancelled;
    }
    co_return request;
  });
  server.serve("Echo.echo", [&](ServerCall&, Bytes request) -> asio::awaitable<Result<Bytes>> {
    co_await pause(1ms);  // something that a cancellation would end
    co_return request;
  });
  run(context, [&]() -> asio::awaitable<void> {
    for (int round = 1; round <= 20; ++round) {
      ClientCall slow = client.open(peer_of(server), "Echo.slow");
      const Bytes sent = pattern(10);
      auto writing = slow.write(sent);
      co_await std::move(writing);
      slow.half_close();
      const bool running = co_await eventually([&] { return begun == round; }, 10s);
      BOOST_REQUIRE(running);
      slow.cancel();
      const bool ended = co_await eventually([&] { return cancelled == round; }, 10s);
      BOOST_REQUIRE(ended);
      auto calling = client.call(peer_of(server), "Echo.echo", sent);
      const Result<Bytes> got = co_await std::move(calling);
      BOOST_REQUIRE_MESSAGE(got.ok(), to_text(got.status()));
      BOOST_CHECK(*got == sent);
    }
  });
}

BOOST_AUTO_TEST_CASE(AThrowingHandlerEndsItsCallAndNothingElse) {
  asio::io_context context;
  Host server = start(context);
  Host client = start(context);
  server.serve("Bad.throws", [](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> {
    throw std::runtime_error("password=hunter2");
    co_return Bytes{};
  });
  server.serve("Bad.number", [](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> {
    throw 7;
    co_return Bytes{};
  });
  server.serve("Echo.echo", echo);
  run(context, [&]() -> asio::awaitable<void> {
    for (const char* method : {"Bad.throws", "Bad.number"}) {
      Result<Bytes> got = co_await client.call(peer_of(server), method, {});
      BOOST_CHECK(got.code() == StatusCode::internal);
      BOOST_CHECK(got.status().message.find(method) != std::string::npos);
      BOOST_CHECK(got.status().message.find("hunter2") == std::string::npos);
    }
    Bytes request = to_bytes("still here");
    Result<Bytes> got = co_await client.call(peer_of(server), "Echo.echo", request);
    BOOST_CHECK(got.ok());
  });
  BOOST_CHECK_EQUAL(server.counters().handlers_failed, 2u);
}

BOOST_AUTO_TEST_CASE(AStatusWithDetailsArrivesAsItWas) {
  asio::io_context context;
  Host server = start(context);
  Host client = start(context);
  server.serve("Sheep.find", [](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
    call.trailers().emplace_back("herd", "north");
    co_return Status{StatusCode::not_found, "no such sheep", to_bytes("details")};
  });
  run(context, [&]() -> asio::awaitable<void> {
    Result<Bytes> got = co_await client.call(peer_of(server), "Sheep.find", {});
    BOOST_CHECK(got.status() ==
                (Status{StatusCode::not_found, "no such sheep", to_bytes("details")}));
  });
}

BOOST_AUTO_TEST_CASE(AMessageOverTheLimitIsRefusedByNameOnEitherSide) {
  asio::io_context context;
  HostOptions small = options("small");
  small.rpc.message_max = 1000;
  Host server = start(context, small);
  Host client = start(context, options("client"));
  server.serve("Echo.echo", echo);
  server.serve("Big.answer", [](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> {
    co_return pattern(5000);
  });
  client.serve("Echo.echo", echo);
  run(context, [&]() -> asio::awaitable<void> {
    Result<Bytes> got = co_await client.call(peer_of(server), "Echo.echo", pattern(2000));
    BOOST_CHECK(got.code() == StatusCode::resource_exhausted);
    BOOST_CHECK_MESSAGE(got.status().message.find("1000") != std::string::npos,
                        got.status().message);
    got = co_await client.call(peer_of(server), "Big.answer", {});
    BOOST_CHECK(got.code() == StatusCode::resource_exhausted);
    BOOST_CHECK_MESSAGE(got.status().message.find("5000") != std::string::npos,
                        got.status().message);
    got = co_await server.call(peer_of(client), "Echo.echo", pattern(2000));
    BOOST_CHECK(got.code() == StatusCode::resource_exhausted);
  });
}

// rpcnet.md 5.1 bug 14: the table of handlers stayed locked while a handler ran.
BOOST_AUTO_TEST_CASE(HandlersAreRegisteredAndReplacedWhileOneRuns) {
  asio::io_context context;
  Host server = start(context);
  Host client = start(context);
  bool running = false;
  bool release = false;
  std::string mark = "first";
  server.serve("Slow.one", [&, mark](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> {
    running = true;
    co_await eventually([&] { return release; });
    co_return to_bytes(mark);  // a capture of a handler that was replaced meanwhile
  });
  Result<Bytes> slow;
  run(context, [&]() -> asio::awaitable<void> {
    const auto call_slow = [&]() -> asio::awaitable<void> {
      auto calling = client.call(peer_of(server), "Slow.one", {});
      slow = co_await std::move(calling);
    };
    asio::co_spawn(context, call_slow(), asio::detached);
    const bool began = co_await eventually([&] { return running; });
    BOOST_REQUIRE(began);
    server.serve("New.one", echo);
    server.serve("Slow.one", [](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> {
      co_return to_bytes("second");
    });
    Result<Bytes> got = co_await client.call(peer_of(server), "New.one", {});
    BOOST_CHECK(got.ok());
    got = co_await client.call(peer_of(server), "Slow.one", {});
    BOOST_CHECK(got.ok() && *got == to_bytes("second"));
    release = true;
    co_await eventually([&] { return slow.ok(); });
  });
  BOOST_CHECK(slow.ok() && *slow == to_bytes("first"));
}

BOOST_AUTO_TEST_CASE(NobodyListeningIsToldAtOnce) {
  asio::io_context context;
  Host client = start(context);
  Peer nobody;
  {
    Host gone = start(context);
    nobody = Peer{gone.address(), std::nullopt};
  }
  run(context, [&]() -> asio::awaitable<void> {
    const Instant before = client.now();
    Result<Bytes> got = co_await client.call(nobody, "Echo.echo", {});
    BOOST_CHECK(got.code() == StatusCode::unavailable);
    // By ICMP, and not by waiting for the handshake's 3 s.
    BOOST_CHECK(client.now() - before < 1s);
  });
  BOOST_CHECK_GE(client.counters().udp.unreachable, 1u);
}

// rpcnet.md 5.1 bug 17: a cached client was dead for ever.
BOOST_AUTO_TEST_CASE(AHostRestartedOnTheSameAddressIsFoundAgain) {
  asio::io_context context;
  Host client = start(context, options("client"));
  std::optional<Host> server = start(context, options("server"));
  const Address address = server->address();
  HostOptions again = options("server");
  again.bind = to_text(address);
  run(context, [&]() -> asio::awaitable<void> {
    for (int life = 0; life < 5; ++life) {
      server->serve("Echo.echo", echo);
      const Instant before = client.now();
      Result<Bytes> got;
      while (!got.ok() && client.now() - before < 5s) {
        got = co_await client.call(Peer{address, server->id()}, "Echo.echo", {}, {.timeout = 2s});
      }
      BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
      BOOST_CHECK(client.now() - before < 3s);
      server.reset();
      server = start(context, again);
    }
  });
}

BOOST_AUTO_TEST_CASE(CallsOfAStoppedHostEndAsCancelled) {
  asio::io_context context;
  Host server = start(context);
  std::optional<Host> client = start(context);
  bool cancelled = false;
  server.serve("Never.ends", [&](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
    try {
      co_await pause(1h);
    } catch (const std::system_error&) {
      cancelled = call.cancelled();
    }
    co_return Bytes{};
  });
  const Peer peer = peer_of(server);
  std::optional<Result<Bytes>> end;
  run(context, [&]() -> asio::awaitable<void> {
    const auto call = [&]() -> asio::awaitable<void> {
      auto calling = client->call(peer, "Never.ends", {}, {.timeout = no_deadline});
      end = co_await std::move(calling);
    };
    asio::co_spawn(context, call(), asio::detached);
    co_await eventually([&] { return server.serving() == 1; });
    client.reset();
    co_await eventually([&] { return end.has_value() && cancelled; });
  });
  BOOST_REQUIRE(end.has_value());
  BOOST_CHECK(end->code() == StatusCode::cancelled);
  BOOST_CHECK(cancelled);
  BOOST_CHECK_EQUAL(server.serving(), 0u);
}

BOOST_AUTO_TEST_CASE(AnEndedIoContextTakesWaitingCoroutinesAlong) {
  auto alive = std::make_shared<int>(0);
  {
    asio::io_context context;
    Host server = start(context);
    Host client = start(context);
    server.serve("Never.ends", [](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
      co_await call.read();
      co_await pause(1h);
      co_return Bytes{};
    });
    const auto call = [](Host& host, Peer peer,
                         std::shared_ptr<int> held) -> asio::awaitable<void> {
      auto calling = host.call(peer, "Never.ends", {}, {.timeout = no_deadline});
      Result<Bytes> end = co_await std::move(calling);
      *held = 1;
    };
    asio::co_spawn(context, call(client, peer_of(server), alive), asio::detached);
    run(context, [&]() -> asio::awaitable<void> {
      co_await eventually([&] { return server.serving() == 1; });
    });
    BOOST_CHECK_GT(alive.use_count(), 1);
  }
  BOOST_CHECK_EQUAL(alive.use_count(), 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rpcnet::test
