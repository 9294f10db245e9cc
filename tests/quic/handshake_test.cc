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

BOOST_AUTO_TEST_SUITE_END()
