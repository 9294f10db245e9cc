// Streams: what is written arrives, once, in order, whatever the network does.
#include <boost/test/unit_test.hpp>

#include "tests/quic/support/world.h"

using namespace rpcnet;
using namespace rpcnet::test;

namespace {

void expect_echo(Pair& pair, std::uint64_t stream, const Bytes& bytes, Duration limit = 60s) {
  BOOST_REQUIRE(pair.run_until([&] { return pair.client.stream(pair.link, stream).fin; }, limit));
  BOOST_REQUIRE(pair.client.stream(pair.link, stream).bytes == bytes);
}

Conditions hostile() {
  return {.latency = 2ms, .jitter = 3ms, .lost = 50, .doubled = 50, .corrupted = 20};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(Streams)

BOOST_AUTO_TEST_CASE(EchoEverySizeBitExact) {
  Pair pair;
  pair.server.echo = true;
  std::uint64_t stream = 0;
  for (const std::size_t size : {0U, 1U, 63U, 64U, 1199U, 1200U, 1201U, 16383U, 16384U, 65536U}) {
    const Bytes bytes = pattern(size, size);
    pair.client.write(pair.link, stream, bytes, true);
    expect_echo(pair, stream, bytes);
    stream += 4;
  }
}

BOOST_AUTO_TEST_CASE(EchoManySmallWrites) {
  Pair pair;
  pair.server.echo = true;
  Bytes all;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    const Bytes piece = pattern(i % 97, i);
    all.insert(all.end(), piece.begin(), piece.end());
    pair.client.write(pair.link, 0, piece);
    if (i % 100 == 0) pair.run_for(500us);
  }
  pair.client.write(pair.link, 0, {}, true);
  expect_echo(pair, 0, all);
}

// Large packets, as between processes of one machine, hold more pieces than one call hands over.
BOOST_AUTO_TEST_CASE(EndBehindTheirLastPieceHoweverManyFitAPacket) {
  quic::EndpointConfig config;
  config.mtu_probes = {16000};
  Pair pair(config);
  for (std::uint64_t i = 0; i < 100; ++i) {  // it is probed for when there is something to say
    pair.client.order(SendDatagram{pair.link, pattern(10, i)});
    pair.run_for(50ms);
  }
  BOOST_REQUIRE_EQUAL(pair.client.endpoint().path(pair.link)->udp_payload_max, 16000U);
  Bytes all;
  for (std::uint64_t i = 0; i < 18; ++i) {
    const Bytes piece = pattern(i % 2 == 0 ? 1025 : 1, i);  // neither is copied behind the other
    all.insert(all.end(), piece.begin(), piece.end());
    pair.client.write(pair.link, 0, piece, i == 17);
  }
  BOOST_TEST(pair.run_until([&] { return pair.server.stream(pair.remote, 0).fin; }));
  BOOST_TEST((pair.server.stream(pair.remote, 0).bytes == all));
}

BOOST_AUTO_TEST_CASE(CarrySixtyFourMebibytesBothWays) {
  Pair pair;
  pair.conditions.latency = 100us;
  pair.server.echo = true;
  const Bytes bytes = pattern(std::size_t{64} << 20);
  pair.client.write(pair.link, 0, bytes, true);
  expect_echo(pair, 0, bytes, 600s);
  BOOST_TEST(pair.client.counters().send_buffer_bytes == 0U);
}

// ngtcp2 counts what was written since the last call that paces: a link that took to pacing when
// its path grew longer first waited for the time that all it had ever sent would have taken.
BOOST_AUTO_TEST_CASE(APathThatGrowsLongerDoesNotStallTheLink) {
  quic::EndpointConfig config;
  config.pacing_rtt_min = 4ms;  // over the round trip of the handshake, under the later one
  Pair pair(config);
  pair.server.echo = true;
  const Bytes much = pattern(std::size_t{64} << 20);
  pair.client.write(pair.link, 0, much, true);
  expect_echo(pair, 0, much, 600s);

  pair.conditions.latency = 5ms;
  const Instant start = pair.now();
  for (std::uint64_t stream = 4; stream <= 40; stream += 4) {
    pair.client.write(pair.link, stream, pattern(1000), true);
    expect_echo(pair, stream, pattern(1000));
  }
  // Ten round trips of 10 ms in turn, and nothing beside.
  BOOST_TEST(((pair.now() - start) < 110ms));
}

BOOST_AUTO_TEST_CASE(SurviveLossDuplicationReorderingAndCorruption) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U}) {
    Pair pair({}, seed);
    pair.server.echo = true;
    pair.conditions = hostile();
    const Bytes bytes = pattern(300'000, seed);
    pair.client.write(pair.link, 0, bytes, true);
    for (std::uint64_t i = 1; i < 20; ++i) {
      pair.client.write(pair.link, 4 * i, pattern(i * 1000, i), true);
    }
    expect_echo(pair, 0, bytes, 120s);
    for (std::uint64_t i = 1; i < 20; ++i) expect_echo(pair, 4 * i, pattern(i * 1000, i), 120s);
  }
}

// ngtcp2 took the frames that come twice on such a path for an attack and ended the link.
BOOST_AUTO_TEST_CASE(BulkSurvivesAPathThatReorders) {
  Pair pair;
  pair.conditions = {.latency = 1ms, .jitter = 1ms};
  pair.server.keep_bytes = false;
  pair.client.write(pair.link, 0, Bytes(std::size_t{40} << 20), true);
  BOOST_TEST(pair.run_until([&] { return pair.server.stream(pair.remote, 0).fin; }, 60s));
  BOOST_REQUIRE(!pair.client.link(pair.link).down);
  BOOST_TEST(pair.client.endpoint().path(pair.link)->packets_lost > 10'000U);
}

// The same for the frames of calls that are given up while their answers fly.
BOOST_AUTO_TEST_CASE(ALinkSurvivesManyCancelledCalls) {
  Pair pair;
  pair.conditions.latency = 20us;
  constexpr std::uint64_t kAtOnce = 20;
  for (std::uint64_t first = 0; first < 25'000; first += kAtOnce) {
    for (std::uint64_t i = first; i < first + kAtOnce; ++i) {
      pair.client.write(pair.link, 4 * i, pattern(100), true);
    }
    pair.run_for(30us);
    for (std::uint64_t i = first; i < first + kAtOnce; ++i) {
      pair.server.write(pair.remote, 4 * i, pattern(50), true);
      pair.client.order(ResetStream{pair.link, StreamId{4 * i}, StreamCode::cancelled});
      pair.client.order(StopStream{pair.link, StreamId{4 * i}, StreamCode::cancelled});
    }
    pair.run_for(15us);
  }
  pair.run_for(1s);
  BOOST_TEST(!pair.client.link(pair.link).down);
  BOOST_TEST(pair.client.counters().streams == 0U);
}

BOOST_AUTO_TEST_CASE(HandshakeSurvivesALossyNetwork) {
  int up = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World world(seed);
    world.conditions = hostile();
    world.conditions.lost = 200;
    Host& server = world.add("a");
    Host& client = world.add("b");
    const LinkId link = client.dial(server, Protocol::gossip, std::nullopt, 20s);
    world.run_until([&] { return client.link(link).up || client.link(link).down; });
    if (client.link(link).up) ++up;
  }
  BOOST_TEST(up == 20);
}

BOOST_AUTO_TEST_CASE(RunAThousandAtOnce) {
  Pair pair;
  pair.server.echo = true;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    pair.client.write(pair.link, 4 * i, pattern(100 + i, i), true);
  }
  for (std::uint64_t i = 0; i < 1000; ++i) expect_echo(pair, 4 * i, pattern(100 + i, i));
  pair.run_for(1s);
  BOOST_TEST(pair.client.counters().streams == 0U);
  BOOST_TEST(pair.server.counters().streams == 0U);
}

BOOST_AUTO_TEST_CASE(CreditIsRenewedAsStreamsClose) {
  quic::EndpointConfig config;
  config.peer_streams_max = 8;
  Pair pair(config);
  pair.server.echo = true;
  BOOST_TEST(pair.client.link(pair.link).streams_allowed == 8U);
  for (std::uint64_t i = 0; i < 200; ++i) {
    BOOST_REQUIRE(pair.run_until([&] { return pair.client.link(pair.link).streams_allowed > i; }));
    pair.client.write(pair.link, 4 * i, to_bytes("x"), true);
  }
  BOOST_TEST(pair.run_until([&] { return pair.client.stream(pair.link, 4 * 199).fin; }));
}

BOOST_AUTO_TEST_CASE(TheAcceptingSideOpensStreamsToo) {
  Pair pair;
  pair.client.echo = true;
  for (std::uint64_t i = 0; i < 10; ++i) {
    pair.server.write(pair.remote, 4 * i + 1, to_bytes("from the server"), true);
  }
  BOOST_TEST(pair.run_until([&] { return pair.server.stream(pair.remote, 37).fin; }));
  BOOST_TEST(as_text(pair.server.stream(pair.remote, 37).bytes) == "from the server");
}

BOOST_AUTO_TEST_CASE(HalfCloseLeavesTheOtherDirectionOpen) {
  Pair pair;
  pair.client.write(pair.link, 0, to_bytes("request"), true);
  BOOST_REQUIRE(pair.run_until([&] { return pair.server.stream(pair.remote, 0).fin; }));
  pair.run_for(5s);
  pair.server.write(pair.remote, 0, to_bytes("late "), false);
  pair.run_for(5s);
  pair.server.write(pair.remote, 0, to_bytes("reply"), true);
  BOOST_REQUIRE(pair.run_until([&] { return pair.client.stream(pair.link, 0).fin; }));
  BOOST_TEST(as_text(pair.client.stream(pair.link, 0).bytes) == "late reply");
}

BOOST_AUTO_TEST_CASE(ResetReachesThePeer) {
  Pair pair;
  pair.client.write(pair.link, 0, to_bytes("begin"));
  BOOST_REQUIRE(pair.run_until([&] { return !pair.server.stream(pair.remote, 0).bytes.empty(); }));
  pair.client.order(ResetStream{pair.link, StreamId{0}, StreamCode::cancelled});
  BOOST_REQUIRE(pair.run_until([&] { return pair.server.stream(pair.remote, 0).reset; }));
  BOOST_TEST(*pair.server.stream(pair.remote, 0).reset ==
             static_cast<std::uint64_t>(StreamCode::cancelled));
  // The other direction is untouched.
  pair.server.write(pair.remote, 0, to_bytes("anyway"), true);
  BOOST_REQUIRE(pair.run_until([&] { return pair.client.stream(pair.link, 0).fin; }));
  // And from the acceptor to the dialler.
  pair.client.write(pair.link, 4, to_bytes("x"), true);
  BOOST_REQUIRE(pair.run_until([&] { return pair.server.stream(pair.remote, 4).fin; }));
  pair.server.order(ResetStream{pair.remote, StreamId{4}, StreamCode::internal});
  BOOST_REQUIRE(pair.run_until([&] { return pair.client.stream(pair.link, 4).reset; }));
  BOOST_TEST(*pair.client.stream(pair.link, 4).reset ==
             static_cast<std::uint64_t>(StreamCode::internal));
}

BOOST_AUTO_TEST_CASE(ResetDropsWhatWasNotSent) {
  Pair pair;
  pair.server.consume = false;
  pair.client.write(pair.link, 0, pattern(8 << 20));
  pair.run_for(1s);
  BOOST_TEST(pair.client.counters().send_buffer_bytes > 0U);
  pair.client.order(ResetStream{pair.link, StreamId{0}, StreamCode::cancelled});
  BOOST_REQUIRE(pair.run_until([&] { return pair.server.stream(pair.remote, 0).reset; }));
  BOOST_TEST(pair.client.counters().send_buffer_bytes == 0U);
}

BOOST_AUTO_TEST_CASE(StopReachesThePeerInBothDirections) {
  Pair pair;
  pair.client.write(pair.link, 0, pattern(1000));
  BOOST_REQUIRE(pair.run_until([&] { return !pair.server.stream(pair.remote, 0).bytes.empty(); }));
  pair.server.order(StopStream{pair.remote, StreamId{0}, StreamCode::refused});
  BOOST_REQUIRE(pair.run_until([&] { return pair.client.stream(pair.link, 0).stopped; }));
  BOOST_TEST(*pair.client.stream(pair.link, 0).stopped ==
             static_cast<std::uint64_t>(StreamCode::refused));
  pair.client.write(pair.link, 0, pattern(1000), true);  // crossed: ignored
  pair.server.write(pair.remote, 0, to_bytes("status"), true);
  BOOST_REQUIRE(pair.run_until([&] { return pair.client.stream(pair.link, 0).fin; }));

  pair.client.write(pair.link, 4, to_bytes("x"), true);
  BOOST_REQUIRE(pair.run_until([&] { return pair.server.stream(pair.remote, 4).fin; }));
  pair.server.write(pair.remote, 4, pattern(100'000));
  pair.run_for(10ms);
  pair.client.order(StopStream{pair.link, StreamId{4}, StreamCode::cancelled});
  BOOST_REQUIRE(pair.run_until([&] { return pair.server.stream(pair.remote, 4).stopped; }));
  pair.run_for(1s);
  BOOST_TEST(pair.client.counters().streams == 0U);
  BOOST_TEST(pair.server.counters().streams == 0U);
  BOOST_TEST(pair.server.counters().send_buffer_bytes == 0U);
}

BOOST_AUTO_TEST_CASE(NothingIsToldAfterAStop) {
  Pair pair;
  pair.client.write(pair.link, 0, pattern(500'000));
  BOOST_REQUIRE(pair.run_until([&] { return !pair.server.stream(pair.remote, 0).bytes.empty(); }));
  pair.server.order(StopStream{pair.remote, StreamId{0}, StreamCode::cancelled});
  pair.run_for(0ms);
  const std::size_t before = pair.server.stream(pair.remote, 0).bytes.size();
  pair.run_for(1s);
  BOOST_TEST(pair.server.stream(pair.remote, 0).bytes.size() == before);
  BOOST_TEST(!pair.server.stream(pair.remote, 0).reset);
}

BOOST_AUTO_TEST_CASE(OrdersForWhatIsGoneAreIgnored) {
  Pair pair;
  pair.server.echo = true;
  pair.client.write(pair.link, 0, to_bytes("x"), true);
  BOOST_REQUIRE(pair.run_until([&] { return pair.client.stream(pair.link, 0).fin; }));
  pair.run_for(1s);
  const LinkId gone{1000};
  for (const LinkId link : {pair.link, gone}) {
    pair.client.write(link, 0, to_bytes("y"), true);
    pair.client.order(ResetStream{link, StreamId{0}, StreamCode::none});
    pair.client.order(StopStream{link, StreamId{0}, StreamCode::none});
    pair.client.order(ConsumeStream{link, StreamId{0}, 5});
    pair.client.order(WatchDrain{link, StreamId{0}, 5});
    pair.client.order(ResetStream{link, StreamId{800}, StreamCode::none});
    pair.client.order(ConsumeStream{link, StreamId{1}, 5});
  }
  pair.client.order(SendDatagram{gone, to_bytes("z")});
  pair.client.order(CloseLink{gone, CloseCode::none, ""});
  pair.run_for(1s);
  BOOST_TEST(!pair.client.link(pair.link).down);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(FlowControl)

BOOST_AUTO_TEST_CASE(ASlowReaderStopsItsSenderAndNobodyElse) {
  quic::EndpointConfig config;
  config.stream_window_bytes = 64 << 10;
  Pair pair(config);
  pair.server.consume = false;
  pair.client.write(pair.link, 0, pattern(1 << 20), true);
  pair.run_for(2s);
  BOOST_TEST(pair.server.stream(pair.remote, 0).bytes.size() == 64U << 10);
  BOOST_TEST(pair.client.counters().send_buffer_bytes == (1U << 20) - (64U << 10));

  // Other streams go on.
  pair.server.echo = true;
  pair.server.consume = true;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    pair.client.write(pair.link, 4 * i, pattern(50'000, i), true);
  }
  BOOST_REQUIRE(pair.run_until([&] { return pair.client.stream(pair.link, 80).fin; }));
  BOOST_TEST(pair.server.stream(pair.remote, 0).bytes.size() == 64U << 10);

  // What is consumed is credited, and exactly that much comes.
  pair.server.consume = false;
  pair.server.echo = false;
  pair.server.order(ConsumeStream{pair.remote, StreamId{0}, 40'000});
  pair.run_for(1s);
  BOOST_TEST(pair.server.stream(pair.remote, 0).bytes.size() == (64U << 10) + 40'000U);

  pair.server.consume = true;
  pair.server.order(ConsumeStream{pair.remote, StreamId{0}, 64U << 10});
  BOOST_REQUIRE(pair.run_until([&] { return pair.server.stream(pair.remote, 0).fin; }));
  BOOST_TEST((pair.server.stream(pair.remote, 0).bytes == pattern(1 << 20)));
}

BOOST_AUTO_TEST_CASE(TheWindowOfTheLinkDoesNotLeak) {
  // Streams are abandoned in every way with bytes unread, many times the link's window in all.
  quic::EndpointConfig config;
  config.stream_window_bytes = 32 << 10;
  config.link_window_bytes = 128 << 10;
  Pair pair(config);
  pair.server.consume = false;
  for (std::uint64_t i = 0; i < 60; ++i) {
    const StreamId stream{4 * i};
    pair.client.write(pair.link, stream.value, pattern(30'000, i), i % 3 == 2);
    BOOST_REQUIRE(pair.run_until(
        [&] { return pair.server.link(pair.remote).streams[stream].bytes.size() == 30'000; }));
    switch (i % 3) {
      case 0: pair.client.order(ResetStream{pair.link, stream, StreamCode::cancelled}); break;
      case 1: pair.server.order(StopStream{pair.remote, stream, StreamCode::cancelled}); break;
      default: break;
    }
    pair.server.write(pair.remote, stream.value, {}, true);
  }
  pair.run_for(1s);
  BOOST_TEST(pair.server.counters().streams == 0U);
}

BOOST_AUTO_TEST_CASE(AnExhaustedLinkStillEndsStreams) {
  quic::EndpointConfig config;
  config.stream_window_bytes = 64 << 10;
  config.link_window_bytes = 64 << 10;
  Pair pair(config);
  pair.server.consume = false;
  pair.client.write(pair.link, 0, to_bytes("a"));
  pair.run_for(100ms);
  pair.client.write(pair.link, 4, pattern(200'000));  // takes all of the link's window
  pair.run_for(1s);
  pair.client.write(pair.link, 0, {}, true);
  BOOST_TEST(pair.run_until([&] { return pair.server.stream(pair.remote, 0).fin; }));
}

BOOST_AUTO_TEST_CASE(DrainIsToldOnceAtTheMark) {
  quic::EndpointConfig config;
  config.stream_window_bytes = 64 << 10;
  Pair pair(config);
  pair.server.consume = false;
  pair.client.write(pair.link, 0, pattern(200'000));
  pair.client.order(WatchDrain{pair.link, StreamId{0}, 100'000});
  pair.run_for(1s);
  BOOST_TEST(pair.client.stream(pair.link, 0).drained == 0);
  pair.server.order(ConsumeStream{pair.remote, StreamId{0}, 64 << 10});
  pair.run_for(1s);
  BOOST_TEST(pair.client.stream(pair.link, 0).drained == 1);
  // At once, if it already holds; and only when asked.
  pair.client.order(WatchDrain{pair.link, StreamId{0}, 100'000});
  pair.run_for(0ms);
  BOOST_TEST(pair.client.stream(pair.link, 0).drained == 2);
}

BOOST_AUTO_TEST_CASE(ASenderThatHeedsDrainStaysSmall) {
  quic::EndpointConfig config;
  config.stream_window_bytes = 64 << 10;
  Pair pair(config);
  pair.server.keep_bytes = false;
  constexpr std::uint64_t kTotal = 4 << 20;
  std::uint64_t written = 0;
  const auto more = [&] {
    if (written == kTotal) return;
    pair.client.write(pair.link, 0, Bytes(32 << 10), written + (32 << 10) == kTotal);
    written += 32 << 10;
    pair.client.order(WatchDrain{pair.link, StreamId{0}, 64 << 10});
  };
  pair.client.watch = [&](const Fact& fact) {
    if (std::holds_alternative<StreamDrained>(fact)) more();
  };
  more();
  std::uint64_t most = 0;
  BOOST_REQUIRE(pair.run_until([&] {
    most = std::max(most, pair.client.counters().send_buffer_bytes);
    return pair.server.stream(pair.remote, 0).fin;
  }));
  BOOST_TEST(pair.server.bytes_received == kTotal);
  BOOST_TEST(most <= 96U << 10);
}

BOOST_AUTO_TEST_CASE(ABufferBeyondItsLimitEndsTheLink) {
  quic::EndpointConfig config;
  config.link_send_buffer_max = 1 << 20;
  Pair pair(config);
  pair.server.consume = false;
  pair.client.write(pair.link, 0, Bytes(900'000));
  pair.client.write(pair.link, 4, Bytes(900'000));
  BOOST_REQUIRE(pair.run_until([&] { return pair.client.link(pair.link).down; }));
  BOOST_TEST((pair.client.link(pair.link).down->end == LinkEnd::local_limit));
  BOOST_TEST(pair.client.counters().send_buffer_bytes == 0U);
}

BOOST_AUTO_TEST_CASE(BulkDoesNotStarveSmallStreams) {
  Pair pair;
  pair.server.echo = false;
  pair.server.keep_bytes = false;
  pair.client.write(pair.link, 0, Bytes(32 << 20), true);
  pair.run_for(20ms);
  pair.client.write(pair.link, 4, to_bytes("quick"), true);
  const std::uint64_t before = pair.server.bytes_received;
  BOOST_REQUIRE(pair.run_until([&] { return pair.server.stream(pair.remote, 4).fin; }));
  // Its turn comes with the next packets, not behind the queue.
  BOOST_TEST(pair.server.bytes_received - before < 4U << 20);
  BOOST_TEST(!pair.server.stream(pair.remote, 0).fin);
}

BOOST_AUTO_TEST_SUITE_END()
