// DATAGRAM frames: small news, never repeated.
#include <boost/test/unit_test.hpp>

#include "tests/quic/support/world.h"

using namespace rpcnet;
using namespace rpcnet::test;

BOOST_AUTO_TEST_SUITE(Datagrams)

BOOST_AUTO_TEST_CASE(ArriveInBothDirections) {
  Pair pair({}, 1, Protocol::gossip);
  pair.client.order(SendDatagram{pair.link, to_bytes("ping")});
  pair.server.order(SendDatagram{pair.remote, to_bytes("pong")});
  pair.server.order(SendDatagram{pair.remote, {}});
  pair.run_for(10ms);
  BOOST_REQUIRE_EQUAL(pair.server.link(pair.remote).datagrams.size(), 1U);
  BOOST_TEST(as_text(pair.server.link(pair.remote).datagrams[0]) == "ping");
  BOOST_REQUIRE_EQUAL(pair.client.link(pair.link).datagrams.size(), 2U);
  BOOST_TEST(as_text(pair.client.link(pair.link).datagrams[0]) == "pong");
  BOOST_TEST(pair.client.link(pair.link).datagrams[1].empty());
}

BOOST_AUTO_TEST_CASE(OfTheLargestSizeFitAndLargerOnesAreCounted) {
  Pair pair({}, 1, Protocol::gossip);
  for (int round = 0; round < 2; ++round) {
    const std::uint32_t most = pair.client.link(pair.link).datagram_max;
    pair.server.link(pair.remote).datagrams.clear();
    pair.client.order(SendDatagram{pair.link, pattern(most)});
    pair.client.order(SendDatagram{pair.link, pattern(most + 1)});
    pair.run_for(10ms);
    BOOST_REQUIRE_EQUAL(pair.server.link(pair.remote).datagrams.size(), 1U);
    BOOST_TEST((pair.server.link(pair.remote).datagrams[0] == pattern(most)));
    BOOST_TEST(pair.client.counters().app_datagrams_oversize == static_cast<unsigned>(round + 1));
    pair.run_for(5s);  // path MTU discovery raises the limit
  }
}

BOOST_AUTO_TEST_CASE(TheLimitFollowsThePath) {
  Pair wide({}, 1, Protocol::gossip);
  wide.run_for(5s);
  BOOST_TEST(wide.client.endpoint().path(wide.link)->udp_payload_max == 1452U);

  World narrow;
  narrow.conditions.mtu = 1420;
  Host& server = narrow.add("a");
  Host& client = narrow.add("b");
  const LinkId link = client.dial(server, Protocol::gossip);
  narrow.run_for(20s);
  BOOST_TEST(client.endpoint().path(link)->udp_payload_max == 1406U);
  BOOST_TEST(client.link(link).datagram_max - client.link(link).up->datagram_max == 206U);
}

BOOST_AUTO_TEST_CASE(AFullQueueDropsTheOldest) {
  quic::EndpointConfig config;
  config.datagrams_max = 4;
  Pair pair(config, 1, Protocol::gossip);
  for (int i = 0; i < 10; ++i) {
    pair.client.order(SendDatagram{pair.link, Bytes(10, static_cast<std::uint8_t>(i))});
  }
  pair.run_for(10ms);
  BOOST_REQUIRE_EQUAL(pair.server.link(pair.remote).datagrams.size(), 4U);
  BOOST_TEST(pair.server.link(pair.remote).datagrams[0][0] == 6);
  BOOST_TEST(pair.client.counters().app_datagrams_dropped == 6U);
}

BOOST_AUTO_TEST_CASE(ShareAPacketAmongThemselvesAndWithStreams) {
  Pair pair({}, 1, Protocol::gossip);
  pair.run_for(5s);
  const std::uint64_t before = pair.client.counters().datagrams_out;
  for (int i = 0; i < 10; ++i) pair.client.order(SendDatagram{pair.link, pattern(50)});
  for (std::uint64_t i = 0; i < 8; ++i) pair.client.write(pair.link, 4 * i, pattern(50), true);
  pair.run_for(0ms);
  BOOST_TEST(pair.client.counters().datagrams_out == before + 1);
  pair.run_for(10ms);
  BOOST_TEST(pair.server.link(pair.remote).datagrams.size() == 10U);
  BOOST_TEST(pair.server.stream(pair.remote, 28).fin);
}

BOOST_AUTO_TEST_SUITE_END()
