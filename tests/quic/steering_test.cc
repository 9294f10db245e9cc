// Which of several owners of an address a datagram is for.
#include "io/quic/steering.h"

#include <boost/test/unit_test.hpp>
#include <optional>

#include "tests/quic/support/world.h"

using namespace rpcnet;
using namespace rpcnet::test;

BOOST_AUTO_TEST_SUITE(Steering)

BOOST_AUTO_TEST_CASE(TheOwnerIsByteZeroOfTheId) {
  const Bytes shorter{0x40, 5, 9, 9, 9, 9, 9};
  BOOST_TEST(*quic::owner_of(shorter, 128) == 5U);
  BOOST_TEST(*quic::owner_of(shorter, 3) == 2U);
  BOOST_TEST(*quic::owner_of(shorter, 1) == 0U);
  const Bytes longer{0xc0, 0, 0, 0, 1, 12, 7, 9, 9};
  BOOST_TEST(*quic::owner_of(longer, 4) == 3U);
}

BOOST_AUTO_TEST_CASE(WithoutAnIdThereIsNoOwner) {
  BOOST_TEST(!quic::owner_of(Bytes{}, 2));
  BOOST_TEST(!quic::owner_of(Bytes{0x40}, 2));
  BOOST_TEST(!quic::owner_of(Bytes{0xc0, 0, 0, 0, 1, 12}, 2));
  BOOST_TEST(!quic::owner_of(Bytes{0xc0, 0, 0, 0, 1, 0, 7}, 2));
}

BOOST_AUTO_TEST_CASE(EveryPacketOfALinkNamesItsOwner) {
  quic::EndpointConfig config;
  config.owner = 2;
  config.owners = 3;
  World world;
  Host& server = world.add("a", config);
  Host& client = world.add("b", config);
  std::size_t to_client = 0;
  std::size_t to_server = 0;
  world.drop = [&](const Address&, const Address& to, BytesView datagram) {
    const auto owner = quic::owner_of(datagram, config.owners);
    if (to == client.address()) {
      BOOST_TEST(owner.value_or(99) == config.owner);
      ++to_client;
    } else if ((datagram.front() & quic::kLongHeaderBit) == 0) {  // past the id of chance
      BOOST_TEST(owner.value_or(99) == config.owner);
      ++to_server;
    }
    return false;
  };
  const LinkId link = client.dial(server, Protocol::rpc);
  BOOST_REQUIRE(world.run_until([&] { return client.link(link).up; }));
  server.echo = true;
  client.write(link, 0, pattern(100000), true);
  BOOST_REQUIRE(world.run_until([&] { return client.stream(link, 0).fin; }));
  BOOST_TEST(to_client > 10U);
  BOOST_TEST(to_server > 10U);
}

BOOST_AUTO_TEST_CASE(GossipIsDialledToTheFirstOwnerAndCallsToAnyOfThem) {
  World world;
  Host& server = world.add("a");
  Host& client = world.add("b");
  std::optional<std::size_t> first;
  world.drop = [&](const Address&, const Address& to, BytesView datagram) {
    if (to == server.address() && !first) first = quic::owner_of(datagram, 128);
    return true;
  };
  std::size_t elsewhere = 0;
  for (int i = 0; i < 16; ++i) {
    first.reset();
    client.dial(server, Protocol::gossip);
    BOOST_REQUIRE(world.run_until([&] { return first; }));
    BOOST_TEST(*first == 0U);
    world.run_for(10s);
    first.reset();
    client.dial(server, Protocol::rpc);
    BOOST_REQUIRE(world.run_until([&] { return first; }));
    if (*first != 0) ++elsewhere;
    world.run_for(10s);
  }
  BOOST_TEST(elsewhere > 8U);
}

// Its connection id is noise: it comes to any owner.
BOOST_AUTO_TEST_CASE(AResetThatCameToAnotherOwnerFindsItsLink) {
  quic::EndpointConfig config;
  config.owners = 2;
  Pair pair(config);
  config.owner = 1;
  Host& other = pair.add("b", config);
  pair.run_for(1s);
  pair.drop = [&](const Address& from, const Address& to, BytesView datagram) {
    if (from != pair.server.address() || to != pair.client.address()) return false;
    pair.inject(other, from, datagram);
    return true;
  };
  pair.server.restart();
  pair.client.write(pair.link, 0, pattern(100));
  BOOST_REQUIRE(pair.run_until([&] { return !other.strays.empty(); }, 1s));
  BOOST_TEST(!pair.client.link(pair.link).down);
  for (const Bytes& stray : other.strays) {
    pair.client.endpoint().receive_stray(pair.now(), pair.client.address(), pair.server.address(),
                                         stray);
  }
  BOOST_REQUIRE(pair.client.link(pair.link).down);
  BOOST_TEST((pair.client.link(pair.link).down->end == LinkEnd::reset));
}

BOOST_AUTO_TEST_CASE(AStrayThatIsNoResetChangesNothing) {
  Pair pair;
  pair.client.endpoint().receive_stray(pair.now(), pair.client.address(), pair.server.address(),
                                       pattern(60));
  pair.run_for(1s);
  BOOST_TEST(!pair.client.link(pair.link).down);
}

BOOST_AUTO_TEST_SUITE_END()
