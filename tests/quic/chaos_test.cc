// Random use of streams on a bad network. Whatever is abandoned when, three things hold: what is
// received is a prefix of what was written, nothing is left over in the end, and no window leaked.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tests/quic/support/world.h"

using namespace rpcnet;
using namespace rpcnet::test;

namespace {

struct Written {
  Bytes bytes;
  bool fin = false;
  bool open = true;
};

// One end's side of one stream, driven by chance.
struct Play {
  Pair& pair;
  Rng random;
  std::map<std::pair<bool, StreamId>, Written> written;  // by (is client, stream)

  Host& host(bool client) { return client ? pair.client : pair.server; }
  LinkId link(bool client) { return client ? pair.link : pair.remote; }

  // An end may use a stream that it opened or has heard of.
  bool knows(bool client, StreamId stream) {
    const StreamLog& log = host(client).stream(link(client), stream.value);
    return stream.opened_by_dialler() == client || !log.bytes.empty() || log.reset || log.stopped;
  }

  void act(bool client, StreamId stream) {
    if (!knows(client, stream)) return;
    Written& mine = written[{client, stream}];
    Host& self = host(client);
    const LinkId on = link(client);
    StreamLog& log = self.stream(on, stream.value);
    switch (random.below(8)) {
      case 0:
      case 1:
      case 2: {
        if (!mine.open) return;
        const Bytes more = pattern(random.below(20'000), random.next());
        mine.bytes.insert(mine.bytes.end(), more.begin(), more.end());
        mine.fin = random.chance(1, 4);
        mine.open = !mine.fin;
        self.write(on, stream.value, more, mine.fin);
        return;
      }
      case 3:
        if (!random.chance(1, 5)) return;
        mine.open = false;
        self.order(ResetStream{on, stream, StreamCode::cancelled});
        return;
      case 4:
        if (!random.chance(1, 5)) return;
        self.order(StopStream{on, stream, StreamCode::cancelled});
        return;
      default: {
        const std::uint64_t unread = log.bytes.size() - log.consumed;
        if (unread == 0) return;
        const std::uint64_t some = 1 + random.below(unread);
        log.consumed += some;
        self.order(ConsumeStream{on, stream, some});
        return;
      }
    }
  }

  void check() {
    for (const auto& [where, sent] : written) {
      const StreamLog& got = host(!where.first).stream(link(!where.first), where.second.value);
      BOOST_REQUIRE_LE(got.bytes.size(), sent.bytes.size());
      BOOST_REQUIRE(std::equal(got.bytes.begin(), got.bytes.end(), sent.bytes.begin()));
      if (got.fin) BOOST_REQUIRE(sent.fin && got.bytes.size() == sent.bytes.size());
    }
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(Chaos)

BOOST_AUTO_TEST_CASE(LeavesNothingBehind) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      quic::EndpointConfig config;
      config.stream_window_bytes = 64 << 10;
      config.link_window_bytes = 256 << 10;
      config.peer_streams_max = 64;
      Pair pair(config, seed, Protocol::rpc, 10s);
      pair.conditions = {.latency = 1ms, .jitter = 3ms, .lost = 50, .doubled = 30, .corrupted = 10};
      pair.client.consume = pair.server.consume = false;
      Play play{pair, Rng(seed), {}};

      std::vector<StreamId> streams;
      for (std::uint64_t n = 0; n < 20; ++n) {
        for (const bool client : {true, false}) {
          streams.push_back(StreamId{4 * n + (client ? 0 : 1)});
          // A stream begins with a write of the side whose number it has.
          play.written[{client, streams.back()}].bytes = to_bytes("begin");
          play.host(client).write(play.link(client), streams.back().value, to_bytes("begin"));
        }
      }
      for (int i = 0; i < 600; ++i) {
        play.act(play.random.chance(1, 2), streams[play.random.below(streams.size())]);
        pair.run_for(Duration{static_cast<std::int64_t>(play.random.below(500'000))});
      }
      play.check();

      // Everything comes to its end, each stream by the means at hand.
      for (const StreamId stream : streams) {
        for (const bool client : {true, false}) {
          if (play.knows(client, stream) && play.written[{client, stream}].open) {
            play.written[{client, stream}].fin = true;
            play.host(client).write(play.link(client), stream.value, {}, true);
          }
          StreamLog& log = play.host(client).stream(play.link(client), stream.value);
          play.host(client).order(
              ConsumeStream{play.link(client), stream, log.bytes.size() - log.consumed});
          log.consumed = log.bytes.size();
        }
      }
      pair.client.consume = pair.server.consume = true;
      pair.run_for(20s);
      play.check();
      for (Host* host : {&pair.client, &pair.server}) {
        BOOST_TEST(host->counters().streams == 0U);
        BOOST_TEST(host->counters().send_buffer_bytes == 0U);
      }
      BOOST_TEST(!pair.client.link(pair.link).down);

      // Both windows are whole: far more than the link's window passes in each direction.
      pair.conditions = {};
      pair.server.echo = true;
      const Bytes bulk = pattern(1 << 20, seed);
      pair.client.write(pair.link, 80, bulk, true);
      BOOST_REQUIRE(pair.run_until([&] { return pair.client.stream(pair.link, 80).fin; }));
      BOOST_TEST((pair.client.stream(pair.link, 80).bytes == bulk));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
