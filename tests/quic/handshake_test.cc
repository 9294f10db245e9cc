// How a link begins: handshake, identity, protocol, and the first bytes on it.
#include <boost/test/unit_test.hpp>

#include "tests/quic/support/world.h"

using namespace rpcnet;
using namespace rpcnet::test;

BOOST_AUTO_TEST_SUITE(Handshake)

BOOST_AUTO_TEST_CASE(TellsBothSidesWhoTheOtherIs) {
  Pair pair;
  const LinkUp& up = *pair.client.link(pair.link).up;
  BOOST_TEST((up.protocol == Protocol::rpc));
  BOOST_TEST((up.remote == pair.server.address()));
  BOOST_REQUIRE(up.identity);
  BOOST_TEST(up.identity->cluster == "dev");
  BOOST_TEST(up.identity->node == "a");
  BOOST_TEST(up.streams_allowed == pair.server.config.peer_streams_max);
  BOOST_TEST(up.datagram_max > 1000U);

  const LinkUp& other = *pair.server.link(pair.remote).up;
  BOOST_TEST((other.remote == pair.client.address()));
  BOOST_REQUIRE(other.identity);
  BOOST_TEST(other.identity->node == "b");
}

BOOST_AUTO_TEST_CASE(EchoesOnAStream) {
  Pair pair;
  pair.server.echo = true;
  pair.client.write(pair.link, 0, to_bytes("hello"), true);
  BOOST_TEST(pair.run_until([&] { return pair.client.stream(pair.link, 0).fin; }));
  BOOST_TEST(as_text(pair.client.stream(pair.link, 0).bytes) == "hello");
}

// A probe of the path's packet size goes first. All else used to wait: for a round trip or a probe
// timeout where it filled the window, for its share of the pace else.
BOOST_AUTO_TEST_CASE(TheFirstAnswerIsThereAfterThreeRoundTrips) {
  for (const std::vector<std::uint16_t>& probes : {std::vector<std::uint16_t>{16000}, {1452}, {}}) {
    World world;
    world.conditions.latency = 5ms;
    quic::EndpointConfig config;
    config.mtu_probes = probes;
    Host& server = world.add("a", config);
    Host& client = world.add("b", config);
    server.echo = true;
    const Instant begin = world.now();
    const LinkId link = client.dial(server, Protocol::rpc);
    BOOST_REQUIRE(world.run_until([&] { return client.link(link).up; }));
    client.write(link, 0, to_bytes("hello"), true);
    BOOST_REQUIRE(world.run_until([&] { return client.stream(link, 0).fin; }));
    // Two until the acceptor has let the dialler in, and one for the call.
    BOOST_TEST(((world.now() - begin) == 30ms));
  }
}

BOOST_AUTO_TEST_SUITE_END()
