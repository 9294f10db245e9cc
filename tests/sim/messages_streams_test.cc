// Streams of the messages network: order, once, credit, and every way to end.
#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "tests/sim/support/net_bench.h"

namespace rpcnet::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

messages::MessagesConfig small_windows() {
  messages::MessagesConfig config;
  config.stream_window_bytes = 10'000;
  config.link_window_bytes = 25'000;
  config.peer_streams_max = 8;
  return config;
}

struct Streams : NetBench {
  Streams() : NetBench(2, small_windows()) {
    start(0, member("a"));
    start(1, member("b"));
    link = NetBench::connect(0, 1, Protocol::rpc, &peer_link);
  }

  Bytes pattern(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 + i / 256);
    return bytes;
  }

  // The receiver consumes all that it was told, again and again.
  void run_consuming(HostIndex host, LinkId on, Duration time) {
    const Moment end = now() + time;
    while (now() < end) {
      run_for(milliseconds(5));
      for (; consumed_ < told(host).size(); ++consumed_) {
        const auto* data = std::get_if<StreamData>(&told(host)[consumed_].fact);
        if (data == nullptr) continue;
        network.perform(host, ConsumeStream{on, data->stream, told(host)[consumed_].bytes.size()});
      }
    }
  }

  void disturb() {
    Fault loss;
    loss.kind = FaultKind::loss;
    loss.ppm = 300'000;
    Fault late;
    late.kind = FaultKind::reorder;
    late.ppm = 500'000;
    late.micros = 30'000;
    paths.begin(0, loss);
    paths.begin(1, late);
  }

  LinkId link;
  LinkId peer_link;

 private:
  std::size_t consumed_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(MessagesStreams)

BOOST_FIXTURE_TEST_CASE(BytesArriveInOrderOnceAndEndOnce, Streams) {
  disturb();
  const Bytes sent = pattern(9'000);
  for (std::size_t i = 0; i < sent.size(); i += 900) {
    const auto begin = sent.begin() + static_cast<std::ptrdiff_t>(i);
    write(0, link, 0, Bytes(begin, begin + 900), i + 900 == sent.size());
  }
  run_for(seconds(30));
  BOOST_TEST((read(1, peer_link, 0) == sent));
  BOOST_TEST(fins(1, peer_link, 0) == 1);
}

BOOST_FIXTURE_TEST_CASE(AnEmptyFinEndsAStreamToo, Streams) {
  write(0, link, 0, to_bytes("abc"));
  run_for(milliseconds(20));
  write(0, link, 0, {}, true);
  run_for(milliseconds(20));
  BOOST_TEST((read(1, peer_link, 0) == to_bytes("abc")));
  BOOST_TEST(fins(1, peer_link, 0) == 1);
}

BOOST_FIXTURE_TEST_CASE(WhatIsNotConsumedStopsTheSender, Streams) {
  write(0, link, 0, pattern(50'000), true);
  run_for(seconds(5));
  BOOST_TEST(read(1, peer_link, 0).size() == 10'000U);
  network.perform(1, ConsumeStream{peer_link, StreamId{0}, 4'000});
  run_for(seconds(1));
  BOOST_TEST(read(1, peer_link, 0).size() == 14'000U);
}

BOOST_FIXTURE_TEST_CASE(AllStreamsShareTheLinksWindow, Streams) {
  for (std::uint64_t i = 0; i < 4; ++i) write(0, link, 4 * i, pattern(10'000));
  run_for(seconds(5));
  std::size_t all = 0;
  for (std::uint64_t i = 0; i < 4; ++i) all += read(1, peer_link, 4 * i).size();
  BOOST_TEST(all == 25'000U);
  run_consuming(1, peer_link, seconds(1));
  all = 0;
  for (std::uint64_t i = 0; i < 4; ++i) all += read(1, peer_link, 4 * i).size();
  BOOST_TEST(all == 40'000U);
}

BOOST_FIXTURE_TEST_CASE(AConsumingReaderGetsEverythingThroughLoss, Streams) {
  disturb();
  const Bytes sent = pattern(60'000);
  write(0, link, 0, sent, true);
  run_consuming(1, peer_link, seconds(60));
  BOOST_TEST((read(1, peer_link, 0) == sent));
  BOOST_TEST(fins(1, peer_link, 0) == 1);
}

BOOST_FIXTURE_TEST_CASE(FinishedStreamsMakeRoomForNewOnesInBatches, Streams) {
  BOOST_TEST(facts<LinkUp>(0).at(0).streams_allowed == 8U);
  std::uint64_t allowed = 8;
  std::uint64_t opened = 0;
  for (int round = 0; round < 20; ++round) {
    for (; opened < allowed; ++opened) write(0, link, 4 * opened, to_bytes("q"), true);
    run_for(milliseconds(10));
    for (std::uint64_t i = 0; i < opened; ++i) write(1, peer_link, 4 * i, to_bytes("a"), true);
    run_consuming(1, peer_link, milliseconds(20));
    run_for(milliseconds(20));
    const auto told = facts<StreamsAllowed>(0);
    if (!told.empty()) allowed = told.back().total;
  }
  BOOST_TEST(opened > 60U);
  BOOST_TEST(violations().empty());
  // Streams that are over take nothing.
  run_for(seconds(1));
  BOOST_TEST(network.open_streams(0) <= 8U);
  std::uint64_t last = 0;
  for (const auto& fact : facts<StreamsAllowed>(0)) {
    BOOST_TEST(fact.total >= last + 2);  // quarters
    last = fact.total;
  }
}

BOOST_FIXTURE_TEST_CASE(OpeningBeyondTheAllowanceOrOutOfOrderIsOurBug, Streams) {
  write(0, link, 8, to_bytes("x"));
  BOOST_TEST(violations().size() == 1U);
  for (std::uint64_t i = 0; i < 9; ++i) write(0, link, 4 * i, to_bytes("x"));
  BOOST_TEST(violations().size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(AResetIsToldInsteadOfFin, Streams) {
  write(0, link, 0, to_bytes("half of it"));
  run_for(milliseconds(20));
  network.perform(0, ResetStream{link, StreamId{0}, StreamCode::cancelled});
  run_for(milliseconds(50));
  BOOST_TEST_REQUIRE(facts<StreamReset>(1).size() == 1U);
  BOOST_TEST(facts<StreamReset>(1)[0].code == static_cast<std::uint64_t>(StreamCode::cancelled));
  BOOST_TEST(fins(1, peer_link, 0) == 0);
  // The other direction lives on.
  write(1, peer_link, 0, to_bytes("answer"), true);
  run_for(milliseconds(20));
  BOOST_TEST((read(0, link, 0) == to_bytes("answer")));
  BOOST_TEST(network.open_streams(0) == 0U);
  BOOST_TEST(network.open_streams(1) == 0U);
}

BOOST_FIXTURE_TEST_CASE(AStreamThatNeverBeganIsNeverHeardOf, Streams) {
  Fault hold;
  hold.kind = FaultKind::cut;
  paths.begin(0, hold);
  write(0, link, 0, to_bytes("lost for now"));
  network.perform(0, ResetStream{link, StreamId{0}, StreamCode::cancelled});
  run_for(milliseconds(5));
  paths.end(0);
  run_for(seconds(30));
  // Whichever frame came first, a stream begins with data or not at all.
  const bool began = !facts<StreamData>(1).empty();
  BOOST_TEST(facts<StreamReset>(1).size() == (began ? 1U : 0U));
}

BOOST_FIXTURE_TEST_CASE(StopTellsTheSenderAndResetsItsDirection, Streams) {
  write(0, link, 0, pattern(30'000));
  run_for(milliseconds(20));
  const std::size_t before = read(1, peer_link, 0).size();
  network.perform(1, StopStream{peer_link, StreamId{0}, StreamCode::deadline_exceeded});
  run_for(seconds(1));
  BOOST_TEST_REQUIRE(facts<StreamStopped>(0).size() == 1U);
  BOOST_TEST(read(1, peer_link, 0).size() == before);
  BOOST_TEST(facts<StreamReset>(1).empty());
  write(0, link, 0, to_bytes("ignored"));
  BOOST_TEST(violations().empty());
  // The dropped bytes' credit is back: other streams may use the whole link.
  write(1, peer_link, 0, {}, true);
  for (std::uint64_t i = 1; i < 3; ++i) write(0, link, 4 * i, pattern(10'000));
  run_for(seconds(1));
  BOOST_TEST(read(1, peer_link, 4).size() == 10'000U);
  BOOST_TEST(read(1, peer_link, 8).size() == 10'000U);
}

BOOST_FIXTURE_TEST_CASE(UnconsumedBytesOfAFinishedStreamComeBackToTheLink, Streams) {
  // More than the link's window in all, and nobody consumes a byte.
  for (std::uint64_t i = 0; i < 8; ++i) {
    write(0, link, 4 * i, pattern(8'000), true);
    run_for(milliseconds(50));
    write(1, peer_link, 4 * i, {}, true);
    run_for(milliseconds(50));
    BOOST_TEST(read(1, peer_link, 4 * i).size() == 8'000U);
  }
}

BOOST_FIXTURE_TEST_CASE(DrainIsToldOnceWhenTheMarkIsReached, Streams) {
  network.perform(0, WatchDrain{link, StreamId{0}, 0});  // no such stream yet: ignored
  write(0, link, 0, pattern(20'000));
  network.perform(0, WatchDrain{link, StreamId{0}, 12'000});
  run_for(seconds(1));
  BOOST_TEST(facts<StreamDrained>(0).size() == 1U);  // 10,000 were acknowledged, 10,000 wait
  network.perform(0, WatchDrain{link, StreamId{0}, 500});
  run_for(seconds(1));
  BOOST_TEST(facts<StreamDrained>(0).size() == 1U);
  run_consuming(1, peer_link, seconds(1));
  BOOST_TEST(facts<StreamDrained>(0).size() == 2U);
  network.perform(0, WatchDrain{link, StreamId{0}, 500});  // it already holds
  run_for(milliseconds(1));
  BOOST_TEST(facts<StreamDrained>(0).size() == 3U);
}

BOOST_FIXTURE_TEST_CASE(TheEndOfALinkEndsItsStreamsWithoutAWord, Streams) {
  write(0, link, 0, to_bytes("x"));
  run_for(milliseconds(20));
  const std::size_t before = told(1).size();
  network.perform(0, CloseLink{link, CloseCode::none, ""});
  run_for(seconds(1));
  BOOST_TEST(told(1).size() == before + 1);  // LinkDown
  BOOST_TEST(network.open_streams(1) == 0U);
}

BOOST_FIXTURE_TEST_CASE(BothSidesMayOpenStreams, Streams) {
  write(1, peer_link, 1, to_bytes("from the acceptor"), true);
  run_for(milliseconds(20));
  BOOST_TEST((read(0, link, 1) == to_bytes("from the acceptor")));
  write(0, link, 1, to_bytes("and back"), true);
  run_for(milliseconds(20));
  BOOST_TEST((read(1, peer_link, 1) == to_bytes("and back")));
  BOOST_TEST(network.open_streams(0) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rpcnet::sim
