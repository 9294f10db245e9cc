// What a network and the strangers on it can do to an endpoint.
#include <ngtcp2/ngtcp2.h>

#include <boost/test/unit_test.hpp>

#include "tests/quic/support/world.h"

using namespace rpcnet;
using namespace rpcnet::test;

BOOST_AUTO_TEST_SUITE(Network)

BOOST_AUTO_TEST_CASE(GarbageIsCountedAndDropped) {
  Pair pair;
  pair.server.echo = true;
  Rng random(99);
  const Address stranger = Address::v4(6, 6, 6, 6, 666);
  for (std::uint64_t i = 0; i < 5000; ++i) {
    Bytes bytes = pattern(random.below(1500), i);
    pair.inject(pair.server, i % 2 == 0 ? stranger : pair.client.address(), bytes);
  }
  pair.inject(pair.server, stranger, {});
  BOOST_TEST(pair.server.counters().dropped_garbage > 0U);
  pair.client.write(pair.link, 0, to_bytes("still fine"), true);
  BOOST_TEST(pair.run_until([&] { return pair.client.stream(pair.link, 0).fin; }));
  BOOST_TEST(pair.server.counters().links == 1U);
}

BOOST_AUTO_TEST_CASE(ChangedCopiesOfRealPacketsDoNoHarm) {
  World world;
  Host& server = world.add("a");
  Host& client = world.add("b");
  Rng random(5);
  std::vector<Bytes> seen;
  world.drop = [&](const Address& from, const Address&, BytesView bytes) {
    if (from == client.address()) seen.emplace_back(bytes.begin(), bytes.end());
    return false;
  };
  server.echo = true;
  const LinkId link = client.dial(server, Protocol::rpc);
  BOOST_REQUIRE(world.run_until([&] { return client.link(link).up; }));
  client.write(link, 0, pattern(20'000), true);
  world.run_for(100ms);
  for (const Bytes& original : std::vector<Bytes>(seen)) {
    for (int i = 0; i < 20; ++i) {
      Bytes copy = original;
      const std::size_t changes = 1 + random.below(4);
      for (std::size_t c = 0; c < changes; ++c) {
        copy[random.below(copy.size())] = static_cast<std::uint8_t>(random.next());
      }
      if (random.chance(1, 4)) copy.resize(1 + random.below(copy.size()));
      world.inject(server, client.address(), copy);
    }
  }
  client.write(link, 4, to_bytes("alive"), true);
  BOOST_TEST(world.run_until([&] { return client.stream(link, 4).fin; }));
  world.run_for(60s);
  BOOST_TEST(server.counters().half_open == 0U);
}

BOOST_AUTO_TEST_CASE(AnUnknownVersionIsNegotiated) {
  World world;
  Host& server = world.add("a");
  Bytes initial = pattern(1200);
  initial[0] = 0xc0;
  initial[1] = initial[2] = initial[3] = initial[4] = 0x1a;
  initial[5] = 8;
  initial[14] = 8;
  Bytes answer;
  world.drop = [&](const Address&, const Address&, BytesView bytes) {
    answer.assign(bytes.begin(), bytes.end());
    return true;
  };
  world.inject(server, Address::v4(9, 9, 9, 9, 9), initial);
  world.run_for(0ms);
  BOOST_REQUIRE(answer.size() > 7);
  BOOST_TEST((answer[0] & 0x80) != 0);
  BOOST_TEST((answer[1] | answer[2] | answer[3] | answer[4]) == 0);  // version 0: negotiation
  BOOST_TEST(server.counters().versions_negotiated == 1U);
  world.inject(server, Address::v4(9, 9, 9, 9, 9), BytesView(initial).first(1199));
  BOOST_TEST(server.counters().versions_negotiated == 1U);
}

BOOST_AUTO_TEST_CASE(UnderLoadAnAddressMustBeProvedFirst) {
  quic::EndpointConfig config;
  config.retry_above = 0;
  World world;
  Host& server = world.add("a", config);
  Host& client = world.add("b");
  const LinkId link = client.dial(server, Protocol::gossip);
  BOOST_REQUIRE(world.run_until([&] { return client.link(link).up; }));
  BOOST_TEST(server.counters().retries_sent == 1U);
  BOOST_TEST(server.counters().links_accepted == 1U);
}

BOOST_AUTO_TEST_CASE(AStolenRetryTokenIsNoUse) {
  quic::EndpointConfig config;
  config.retry_above = 0;
  World world;
  Host& server = world.add("a", config);
  Host& client = world.add("b");
  std::vector<Bytes> from_client;
  world.drop = [&](const Address& from, const Address&, BytesView bytes) {
    if (from != client.address()) return false;
    from_client.emplace_back(bytes.begin(), bytes.end());
    return from_client.size() >= 2;  // its second Initial, with the token, is kept for the thief
  };
  client.dial(server, Protocol::gossip);
  world.run_for(100ms);
  BOOST_REQUIRE(from_client.size() >= 2);
  world.inject(server, Address::v4(6, 6, 6, 6, 666), from_client[1]);
  BOOST_TEST(server.counters().dropped_token == 1U);
  BOOST_TEST(server.counters().links_accepted == 0U);
}

BOOST_AUTO_TEST_CASE(HalfOpenHandshakesAreBounded) {
  quic::EndpointConfig config;
  config.half_open_max = 10;
  config.retry_above = 100;
  World world;
  Host& server = world.add("a", config);
  Host& client = world.add("b");
  world.drop = [&](const Address& from, const Address&, BytesView) {
    return from == server.address();  // nobody ever hears the server
  };
  for (int i = 0; i < 30; ++i) client.dial(server, Protocol::rpc, std::nullopt, 60s);
  world.run_for(100ms);
  BOOST_TEST(server.counters().half_open == 10U);
  BOOST_TEST(server.counters().dropped_half_open >= 20U);
}

BOOST_AUTO_TEST_CASE(AReboundNatKeepsTheLink) {
  Pair pair({}, 1, Protocol::gossip);
  pair.server.echo = true;
  pair.run_for(1s);
  const Address outside = Address::v4(20, 0, 0, 1, 4444);
  pair.nat[pair.client.address()] = outside;
  pair.client.write(pair.link, 0, pattern(5000), true);
  BOOST_REQUIRE(pair.run_until([&] { return pair.client.stream(pair.link, 0).fin; }));
  pair.run_for(2s);
  BOOST_TEST((pair.server.endpoint().remote(pair.remote) == outside));
  pair.server.order(SendDatagram{pair.remote, to_bytes("found you")});
  pair.run_for(100ms);
  BOOST_TEST(pair.client.link(pair.link).datagrams.size() == 1U);
  BOOST_TEST(!pair.server.link(pair.remote).down);
}

BOOST_AUTO_TEST_CASE(BurstsAreCutInEqualPieces) {
  // Host::send checks the limits of UDP_SEGMENT on each burst; here only that bursts happen.
  Pair pair;
  pair.server.keep_bytes = false;
  pair.client.write(pair.link, 0, Bytes(4 << 20), true);
  BOOST_REQUIRE(pair.run_until([&] { return pair.server.stream(pair.remote, 0).fin; }));
  const quic::Counters& counters = pair.client.counters();
  BOOST_TEST(counters.datagrams_out > 2 * counters.bursts_out);
}

BOOST_AUTO_TEST_CASE(AFullSocketDelaysAndLosesNothing) {
  Pair pair;
  pair.server.echo = true;
  pair.client.room = pair.server.room = 1;
  for (std::uint64_t i = 0; i < 20; ++i) {
    pair.client.write(pair.link, 4 * i, pattern(100'000, i), true);
  }
  for (std::uint64_t i = 0; i < 20; ++i) {
    BOOST_REQUIRE(pair.run_until([&] { return pair.client.stream(pair.link, 4 * i).fin; }));
    BOOST_TEST((pair.client.stream(pair.link, 4 * i).bytes == pattern(100'000, i)));
  }
  BOOST_TEST(pair.client.endpoint().path(pair.link)->packets_lost == 0U);
}

BOOST_AUTO_TEST_CASE(ASlowPathIsPacedAndStillFull) {
  Pair pair;
  pair.conditions.latency = 20ms;
  pair.server.keep_bytes = false;
  const Instant begin = pair.now();
  pair.client.write(pair.link, 0, Bytes(8 << 20), true);
  BOOST_REQUIRE(pair.run_until([&] { return pair.server.stream(pair.remote, 0).fin; }));
  // One stream window a round trip is 1 MiB / 40 ms: 0.32 s, plus slow start.
  BOOST_TEST((pair.now() - begin < 1500ms));
  BOOST_TEST((pair.client.endpoint().path(pair.link)->rtt_smoothed >= 40ms));
}

// wolfSSL 5.7.2 fails where a CRYPTO frame ends with a message's header that began in another
// (HandshakeReader in core/crypto.h); ngtcp2 cuts at random, so many handshakes meet it.
BOOST_AUTO_TEST_CASE(NoHandshakeBreaksOnHowItsMessagesAreCut) {
  World world(11);
  Host& server = world.add("a");
  Host& client = world.add("b");
  for (std::uint64_t i = 1; i <= 2000; ++i) {
    const LinkId link = client.dial(server, Protocol::rpc);
    client.watch = [&](const Fact& fact) {
      if (const auto* up = std::get_if<LinkUp>(&fact)) {
        client.order(CloseLink{up->link, CloseCode::none, ""});
      }
    };
    world.run_for(5ms);
    BOOST_REQUIRE(client.link(link).up);
  }
}

BOOST_AUTO_TEST_CASE(ManyLinksShareAnEndpoint) {
  World world;
  Host& server = world.add("a");
  server.echo = true;
  Host& client = world.add("b");
  std::vector<LinkId> links;
  for (int i = 0; i < 100; ++i) links.push_back(client.dial(server, Protocol::rpc));
  BOOST_REQUIRE(world.run_until([&] { return server.counters().handshakes_done == 100; }));
  world.run_for(100ms);
  for (const LinkId link : links) client.write(link, 0, to_bytes("x"), true);
  BOOST_REQUIRE(world.run_until([&] { return client.bytes_received == 100; }));
  for (const LinkId link : links) client.order(CloseLink{link, CloseCode::shutdown, "bye"});
  world.run_for(10s);
  BOOST_TEST(server.counters().links == 0U);
  BOOST_TEST(server.counters().closing == 0U);
  BOOST_TEST(!server.endpoint().deadline().has_value());
  BOOST_TEST(server.counters().ended(LinkEnd::closed_by_peer) == 100U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(Determinism)

namespace {

struct Outcome {
  std::uint64_t hash = 0;
  std::uint64_t sent = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome run(std::uint64_t seed) {
  Pair pair({}, seed, Protocol::gossip, 2s);
  pair.server.echo = true;
  pair.conditions = {.latency = 2ms, .jitter = 2ms, .lost = 30, .doubled = 30, .corrupted = 20};
  for (std::uint64_t i = 0; i < 30; ++i) {
    pair.client.write(pair.link, 4 * i, pattern(i * 500, i), true);
    pair.client.order(SendDatagram{pair.link, pattern(200, i)});
    pair.run_for(10ms);
  }
  pair.server.restart();
  pair.run_for(20s);
  return {pair.hash, pair.sent};
}

}  // namespace

BOOST_AUTO_TEST_CASE(TheSameSeedGivesTheSameBytes) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const Outcome first = run(seed);
    BOOST_TEST((first == run(seed)));
    BOOST_TEST((first.hash != run(seed + 100).hash));
  }
}

BOOST_AUTO_TEST_SUITE_END()
