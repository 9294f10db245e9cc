// Messages both ways: order, room, half-close, cancel.
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "tests/io/support/rig.h"

namespace rpcnet::test {
namespace {

// Gives back every message as it comes.
asio::awaitable<Status> mirror(ServerCall& call) {
  while (true) {
    std::optional<Bytes> message = co_await call.read();
    if (!message) co_return Status{};
    const bool written = co_await call.write(std::move(*message));
    if (!written) co_return error(StatusCode::aborted, "cannot write");
  }
}

BOOST_AUTO_TEST_SUITE(Stream)

BOOST_AUTO_TEST_CASE(BothSidesSpeakAtTheSameTime) {
  asio::io_context context;
  Host server = start(context);
  Host client = start(context);
  server.serve_stream("Mirror.all", mirror);
  run(context, [&]() -> asio::awaitable<void> {
    ClientCall call = client.open(peer_of(server), "Mirror.all", {.timeout = 30s});
    bool written = true;
    const auto write_all = [&]() -> asio::awaitable<void> {
      for (std::uint32_t i = 0; i < 300 && written; ++i) {
        // Small, empty and large ones: all are messages.
        written = co_await call.write(pattern(i % 7 == 0 ? 0 : i * 113, i));
      }
      call.half_close();
    };
    asio::co_spawn(context, write_all(), asio::detached);
    std::uint32_t count = 0;
    while (true) {
      std::optional<Bytes> message = co_await call.read();
      if (!message) break;
      BOOST_CHECK(*message == pattern(count % 7 == 0 ? 0 : count * 113, count));
      ++count;
    }
    BOOST_CHECK(written);
    BOOST_CHECK_EQUAL(count, 300u);
    const Status end = co_await call.finish();
    BOOST_CHECK_MESSAGE(end.ok(), to_text(end));
  });
}

BOOST_AUTO_TEST_CASE(PingPongOnOneStream) {
  asio::io_context context;
  Host server = start(context);
  Host client = start(context);
  server.serve_stream("Mirror.all", mirror);
  run(context, [&]() -> asio::awaitable<void> {
    ClientCall call = client.open(peer_of(server), "Mirror.all");
    for (std::uint32_t i = 0; i < 200; ++i) {
      const bool written = co_await call.write(pattern(32, i));
      BOOST_REQUIRE(written);
      std::optional<Bytes> back = co_await call.read();
      BOOST_REQUIRE(back.has_value());
      BOOST_CHECK(*back == pattern(32, i));
    }
    const Status end = co_await call.finish();
    BOOST_CHECK(end.ok());
  });
}

BOOST_AUTO_TEST_CASE(HeadersAndTrailersTravelBesideTheMessages) {
  asio::io_context context;
  Host server = start(context);
  Host client = start(context);
  server.serve_stream("Meta.all", [](ServerCall& call) -> asio::awaitable<Status> {
    Metadata headers = call.metadata();
    headers.emplace_back("from", "server");
    BOOST_CHECK(call.send_headers(std::move(headers)));
    BOOST_CHECK(call.remote().port != 0);
    BOOST_CHECK(call.identity().has_value());
    co_await call.write({});
    call.trailers().emplace_back("count", "1");
    co_return Status{};
  });
  run(context, [&]() -> asio::awaitable<void> {
    const Metadata sent{{"traceparent", "00-1-2-01"}};
    ClientCall call = client.open(peer_of(server), "Meta.all", {.metadata = sent});
    std::optional<Bytes> message = co_await call.read();
    BOOST_CHECK(message.has_value() && message->empty());
    const Status end = co_await call.finish();
    BOOST_CHECK(end.ok());
    BOOST_CHECK((call.headers() == Metadata{{"traceparent", "00-1-2-01"}, {"from", "server"}}));
    BOOST_CHECK((call.trailers() == Metadata{{"count", "1"}}));
  });
}

BOOST_AUTO_TEST_CASE(ASlowReaderBoundsTheMemoryOfTheSender) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  std::uint64_t written_bytes = 0;
  const std::size_t size = 10'000;
  server.serve_stream("Flood.all", [&](ServerCall& call) -> asio::awaitable<Status> {
    while (true) {
      const bool written = co_await call.write(pattern(size));
      if (!written) co_return Status{};
      written_bytes += size;
    }
  });
  server.serve("Echo.echo", echo);
  run(context, [&]() -> asio::awaitable<void> {
    ClientCall call = client.open(peer_of(server), "Flood.all", {.timeout = no_deadline});
    std::uint64_t read_bytes = 0;
    std::uint64_t queued_max = 0;
    std::uint64_t ahead_max = 0;
    for (int i = 0; i < 300; ++i) {
      // The reader is slow by turns, and the writer as fast as it may.
      if (i % 50 == 0) co_await pause(60ms);
      std::optional<Bytes> message = co_await call.read();
      BOOST_REQUIRE(message.has_value());
      read_bytes += message->size();
      queued_max = std::max(queued_max, server.counters().quic.send_buffer_bytes);
      ahead_max = std::max(ahead_max, written_bytes - read_bytes);
    }
    BOOST_TEST_MESSAGE("sender's buffer at most " << queued_max << " bytes, writer ahead at most "
                                                  << ahead_max);
    // send_buffer_max (1 MiB) and a message; beyond that the stream window (1 MiB) at the reader.
    BOOST_CHECK_LE(queued_max, (std::uint64_t{1} << 20) + 2 * size);
    BOOST_CHECK_LE(ahead_max, (std::uint64_t{3} << 20) + 4 * size);
    // Other streams of the same link go on.
    Result<Bytes> other = co_await client.call(peer_of(server), "Echo.echo", pattern(100'000));
    BOOST_CHECK(other.ok());
    call.cancel();
    const bool freed = co_await eventually([&] { return server.serving() == 0; }, 2s);
    BOOST_CHECK(freed);
    const bool empty =
        co_await eventually([&] { return server.counters().quic.send_buffer_bytes == 0; }, 2s);
    BOOST_CHECK(empty);
  });
}

BOOST_AUTO_TEST_CASE(WritingWithoutWaitingEndsWhereTheRoomEnds) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  int written = 0;
  int refused = 0;
  server.serve_stream("Push.all", [&](ServerCall& call) -> asio::awaitable<Status> {
    co_await call.read();
    for (int i = 0; i < 1000; ++i) ++(call.try_write(pattern(10'000)) ? written : refused);
    co_return Status{};
  });
  run(context, [&]() -> asio::awaitable<void> {
    ClientCall call = client.open(peer_of(server), "Push.all");
    BOOST_CHECK(call.try_write(to_bytes("begin")));
    int count = 0;
    while (co_await call.read()) ++count;
    const Status end = co_await call.finish();
    BOOST_CHECK(end.ok());
    BOOST_CHECK(!call.try_write(to_bytes("late")));
    BOOST_CHECK_EQUAL(count, written);
  });
  // send_buffer_max is 1 MiB, and one message may go beyond it.
  BOOST_CHECK_GE(written, 100);
  BOOST_CHECK_LE(written, 110);
  BOOST_CHECK_EQUAL(written + refused, 1000);
}

BOOST_AUTO_TEST_CASE(CancelFreesTheServerAtOnce) {
  asio::io_context context;
  Host server = start(context);
  Host client = start(context);
  int cancelled = 0;
  server.serve_stream("Long.wait", [&](ServerCall& call) -> asio::awaitable<Status> {
    try {
      co_await pause(1h);  // not a word of the call itself: Asio's cancellation reaches it
    } catch (const std::system_error& stopped) {
      if (call.cancelled() && stopped.code() == asio::error::operation_aborted) ++cancelled;
      throw;
    }
    co_return Status{};
  });
  run(context, [&]() -> asio::awaitable<void> {
    {
      ClientCall call = client.open(peer_of(server), "Long.wait", {.timeout = no_deadline});
      co_await eventually([&] { return server.serving() == 1; });
      const Instant before = client.now();
      call.cancel();
      const Status end = co_await call.finish();
      BOOST_CHECK(end.code == StatusCode::cancelled);
      co_await eventually([&] { return cancelled == 1; });
      BOOST_CHECK(client.now() - before < 1s);
    }
    {
      ClientCall dropped = client.open(peer_of(server), "Long.wait", {.timeout = no_deadline});
      co_await eventually([&] { return server.serving() == 1; });
    }
    const bool freed = co_await eventually([&] { return cancelled == 2; });
    BOOST_CHECK(freed);
  });
  BOOST_CHECK_EQUAL(server.serving(), 0u);
  BOOST_CHECK_EQUAL(server.counters().handlers_failed, 0u);
}

BOOST_AUTO_TEST_CASE(CancellingTheCoroutineCancelsTheCall) {
  asio::io_context context;
  Host server = start(context);
  Host client = start(context);
  server.serve("Long.wait", [](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> {
    co_await pause(1h);
    co_return Bytes{};
  });
  asio::cancellation_signal stop;
  bool ended = false;
  const auto call = [&]() -> asio::awaitable<void> {
    auto calling = client.call(peer_of(server), "Long.wait", {}, {.timeout = no_deadline});
    Result<Bytes> got = co_await std::move(calling);
  };
  run(context, [&]() -> asio::awaitable<void> {
    asio::co_spawn(context, call(),
                   asio::bind_cancellation_slot(stop.slot(),
                                                [&](const std::exception_ptr&) { ended = true; }));
    co_await eventually([&] { return server.serving() == 1; });
    stop.emit(asio::cancellation_type::terminal);
    const bool freed = co_await eventually([&] { return ended && server.serving() == 0; }, 2s);
    BOOST_CHECK(freed);
  });
}

BOOST_AUTO_TEST_CASE(AClientThatVanishesFreesItsHandlers) {
  // Its process stops without a word: only silence tells.
  asio::io_context context;
  HostOptions watching = options("server");
  watching.quic.accept_silence_max = 500ms;
  Host server = start(context, watching);
  bool cancelled = false;
  server.serve_stream("Feed.all", [&](ServerCall& call) -> asio::awaitable<Status> {
    try {
      while (co_await call.write(pattern(100))) co_await pause(10ms);
    } catch (const std::system_error&) {
      cancelled = call.cancelled();
    }
    co_return Status{};
  });
  run(context, [&]() -> asio::awaitable<void> {
    auto crashed = std::make_unique<asio::io_context>();
    {
      Host client = start(*crashed, options("client"));
      ClientCall call = client.open(peer_of(server), "Feed.all", {.timeout = no_deadline});
      const Instant until = server.now() + 5s;
      while (server.serving() == 0 && server.now() < until) {
        crashed->run_for(2ms);
        co_await pause(2ms);
      }
      BOOST_CHECK_EQUAL(server.serving(), 1u);
      // Nobody runs the client from here on: it is as if it were stopped.
      const bool freed = co_await eventually([&] { return server.serving() == 0; }, 5s);
      BOOST_CHECK(freed);
    }
    co_await eventually([&] { return cancelled; });
  });
  BOOST_CHECK(cancelled);
}

BOOST_AUTO_TEST_CASE(AHandlerThatThrowsInTheMidstEndsTheStream) {
  asio::io_context context;
  Host server = start(context);
  Host client = start(context);
  server.serve_stream("Half.way", [](ServerCall& call) -> asio::awaitable<Status> {
    co_await call.write(to_bytes("one"));
    throw std::runtime_error("broken");
  });
  run(context, [&]() -> asio::awaitable<void> {
    ClientCall call = client.open(peer_of(server), "Half.way");
    std::optional<Bytes> first = co_await call.read();
    BOOST_CHECK(first.has_value());
    std::optional<Bytes> second = co_await call.read();
    BOOST_CHECK(!second.has_value());
    const Status end = co_await call.finish();
    BOOST_CHECK(end.code == StatusCode::internal);
    const bool refused = co_await call.write(to_bytes("late"));
    BOOST_CHECK(!refused);
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(Deadline)

BOOST_AUTO_TEST_CASE(BothSidesEndAtTheDeadline) {
  asio::io_context context;
  Host server = start(context);
  Host client = start(context);
  std::optional<Duration> left;
  bool cancelled = false;
  server.serve("Long.wait", [&](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
    left = call.time_left();
    try {
      co_await pause(1h);
    } catch (const std::system_error&) {
      cancelled = call.cancelled();
    }
    co_return Bytes{};
  });
  run(context, [&]() -> asio::awaitable<void> {
    const Instant before = client.now();
    Result<Bytes> got = co_await client.call(peer_of(server), "Long.wait", {}, {.timeout = 300ms});
    BOOST_CHECK(got.code() == StatusCode::deadline_exceeded);
    BOOST_CHECK(client.now() - before >= 300ms);
    BOOST_CHECK(client.now() - before < 2s);
    co_await eventually([&] { return cancelled; });
  });
  BOOST_REQUIRE(left.has_value());
  BOOST_CHECK(*left <= 300ms);
  BOOST_CHECK(*left > 100ms);
  BOOST_CHECK(cancelled);
}

BOOST_AUTO_TEST_CASE(AHandlersOwnCallsInheritIt) {
  asio::io_context context;
  Host back = start(context, options("back"));
  Host middle = start(context, options("middle"));
  Host client = start(context, options("client"));
  std::optional<Duration> left;
  back.serve("Back.ask", [&](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
    left = call.time_left();
    co_await pause(1h);
    co_return Bytes{};
  });
  middle.serve("Middle.ask", [&](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
    auto calling =
        middle.call(peer_of(back), "Back.ask", {}, {.timeout = no_deadline, .parent = &call});
    Result<Bytes> answer = co_await std::move(calling);
    co_return answer;
  });
  run(context, [&]() -> asio::awaitable<void> {
    Result<Bytes> got = co_await client.call(peer_of(middle), "Middle.ask", {}, {.timeout = 400ms});
    BOOST_CHECK(got.code() == StatusCode::deadline_exceeded);
    // Nobody works on for a caller who has gone.
    const bool freed =
        co_await eventually([&] { return back.serving() == 0 && middle.serving() == 0; }, 2s);
    BOOST_CHECK(freed);
  });
  BOOST_REQUIRE(left.has_value());
  BOOST_CHECK(*left <= 400ms);
}

BOOST_AUTO_TEST_CASE(TheDefaultIsFinite) {
  BOOST_CHECK(HostOptions{}.call_timeout == Duration(10s));
}

BOOST_AUTO_TEST_CASE(ALongerOneThanThereAreNumbersForIsTheLongest) {
  BOOST_CHECK(Timeout(std::chrono::hours::max()).or_usual({}) == Duration::max());
  BOOST_CHECK(Timeout(std::chrono::hours::min()).or_usual({}) == Duration::min());
  BOOST_CHECK(Timeout(std::chrono::duration<double>(1e30)).or_usual({}) == Duration::max());
  BOOST_CHECK(Timeout(Duration::max()).or_usual({}) == Duration::max());
  BOOST_CHECK(Timeout(1500ms).or_usual({}) == Duration(1500ms));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(Drain)

BOOST_AUTO_TEST_CASE(RunningCallsFinishAndNewOnesGoElsewhere) {
  asio::io_context context;
  Host server = start(context);
  Host client = start(context);
  bool release = false;
  server.serve("Slow.one", [&](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> {
    co_await eventually([&] { return release; });
    co_return pattern(3'000'000);
  });
  run(context, [&]() -> asio::awaitable<void> {
    Result<Bytes> slow;
    bool drained = false;
    bool drain_over = false;
    const auto call = [&]() -> asio::awaitable<void> {
      auto calling = client.call(peer_of(server), "Slow.one", {});
      slow = co_await std::move(calling);
    };
    const auto drain = [&]() -> asio::awaitable<void> {
      drained = co_await server.drain(10s);
      drain_over = true;
      server.stop();  // the answer was acknowledged by then, or this would cut it
    };
    asio::co_spawn(context, call(), asio::detached);
    co_await eventually([&] { return server.serving() == 1; });
    asio::co_spawn(context, drain(), asio::detached);
    Result<Bytes> late = co_await client.call(peer_of(server), "Slow.one", {});
    BOOST_CHECK(late.code() == StatusCode::unavailable);
    BOOST_CHECK(!drain_over);
    release = true;
    const bool both = co_await eventually([&] { return drain_over && slow.ok(); });
    BOOST_CHECK_MESSAGE(both, to_text(slow.status()));
    BOOST_CHECK(drained);
    BOOST_CHECK(slow.ok() && *slow == pattern(3'000'000));
  });
}

// The answer was given and its bytes were not yet handed to the transport when the drain looked.
BOOST_AUTO_TEST_CASE(AnAnswerGivenWhileTheDrainLooksIsNotCut) {
  for (int round = 0; round < 30; ++round) {
    asio::io_context context;
    Host server = start(context);
    Host client = start(context);
    bool drain_over = false;
    bool draining = false;
    const auto drain = [&]() -> asio::awaitable<void> {
      draining = true;
      co_await server.drain(10s);
      drain_over = true;
      server.stop();
    };
    server.serve("Ask.one", [&](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> {
      asio::co_spawn(context, drain(), asio::detached);
      // By Asio's own queue and not by an event of ours: between the driver's passes.
      for (int turn = 0; turn < round; ++turn) {
        co_await asio::post(context, asio::use_awaitable);
      }
      co_return pattern(100'000);
    });
    run(context, [&]() -> asio::awaitable<void> {
      Result<Bytes> got = co_await client.call(peer_of(server), "Ask.one", {});
      BOOST_CHECK_MESSAGE(got.ok(), round << ": " << to_text(got.status()));
      const bool over = co_await eventually([&] { return drain_over; });
      BOOST_CHECK(over && draining);
    });
  }
}

// Refusals are answers too, and some were always on their way.
BOOST_AUTO_TEST_CASE(CallersThatDoNotGoAwayDoNotHoldADrainUp) {
  asio::io_context context;
  Host server = start(context);
  Host client = start(context);
  bool release = false;
  server.serve("Slow.one", [&](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> {
    co_await eventually([&] { return release; });
    co_return pattern(300'000);
  });
  bool drain_over = false;
  std::size_t refused = 0;
  const auto insist = [&]() -> asio::awaitable<void> {
    while (!drain_over) {
      Result<Bytes> late = co_await client.call(peer_of(server), "Slow.one", {});
      if (late.code() == StatusCode::unavailable) ++refused;
    }
  };
  run(context, [&]() -> asio::awaitable<void> {
    Result<Bytes> slow;
    const auto call = [&]() -> asio::awaitable<void> {
      auto calling = client.call(peer_of(server), "Slow.one", {});
      slow = co_await std::move(calling);
    };
    bool drained = false;
    const auto drain = [&]() -> asio::awaitable<void> {
      drained = co_await server.drain(10s);
      drain_over = true;
      server.stop();
    };
    asio::co_spawn(context, call(), asio::detached);
    co_await eventually([&] { return server.serving() == 1; });
    asio::co_spawn(context, drain(), asio::detached);
    for (int i = 0; i < 16; ++i) asio::co_spawn(context, insist(), asio::detached);
    co_await eventually([&] { return refused > 100; });
    release = true;
    const bool over = co_await eventually([&] { return drain_over && slow.ok(); }, 20s);
    BOOST_CHECK_MESSAGE(over, to_text(slow.status()));
    BOOST_CHECK(drained);
    BOOST_CHECK(slow.ok() && *slow == pattern(300'000));
  });
}

BOOST_AUTO_TEST_CASE(GraceIsKept) {
  asio::io_context context;
  Host server = start(context);
  Host client = start(context);
  server.serve("Never.ends", [](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> {
    co_await pause(1h);
    co_return Bytes{};
  });
  run(context, [&]() -> asio::awaitable<void> {
    ClientCall call = client.open(peer_of(server), "Never.ends", {.timeout = no_deadline});
    co_await call.write({});
    co_await eventually([&] { return server.serving() == 1; });
    const Instant before = server.now();
    const bool drained = co_await server.drain(200ms);
    BOOST_CHECK(!drained);
    BOOST_CHECK(server.now() - before >= 200ms);
    BOOST_CHECK(server.now() - before < 2s);
    server.stop();
    const Status end = co_await call.finish();
    BOOST_CHECK(end.code == StatusCode::unavailable);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rpcnet::test
