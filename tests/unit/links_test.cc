// Dialling, reuse, backoff and limits of links.
#include "engine/links.h"

#include <boost/test/unit_test.hpp>
#include <chrono>

using namespace rpcnet;
using namespace std::chrono_literals;

namespace {

const Address kHere = Address::v4(10, 0, 0, 1, 4000);
const Address kThere = Address::v4(10, 0, 0, 2, 4000);

struct Fixture {
  explicit Fixture(LinksConfig config = {}) : links(Protocol::rpc, config, Rng(1), 2, 2) {}

  Link* reach(const Peer& peer) { return links.reach(now, peer, out); }

  Link* up(LinkId id, std::uint64_t streams = 10) {
    return links.on_up(now,
                       {.link = id,
                        .protocol = Protocol::rpc,
                        .remote = kThere,
                        .identity = PeerIdentity{"c", "n"},
                        .datagram_max = 1200,
                        .streams_allowed = streams},
                       out);
  }

  void down(LinkId id) { links.on_down(now, {id, LinkEnd::unreachable, 0, ""}); }

  template <typename T>
  std::vector<T> orders() {
    std::vector<T> found;
    while (auto output = out.poll()) {
      const auto* order = std::get_if<Order>(&*output);
      if (order == nullptr) continue;
      if (const T* match = std::get_if<T>(order)) found.push_back(*match);
    }
    return found;
  }

  Links links;
  Outbox out;
  Instant now = Instant(1s);
};

}  // namespace

BOOST_AUTO_TEST_SUITE(links)

BOOST_AUTO_TEST_CASE(OneDialServesAllWhoWantTheSamePeer) {
  Fixture f;
  Link* first = f.reach({kThere, std::nullopt});
  BOOST_REQUIRE(first != nullptr);
  BOOST_TEST(!first->up);
  BOOST_TEST(f.reach({kThere, std::nullopt}) == first);
  const auto dials = f.orders<Connect>();
  BOOST_REQUIRE(dials.size() == 1);
  BOOST_TEST(dials[0].link.value == 2);
  BOOST_TEST((dials[0].remote == kThere));
  BOOST_TEST((dials[0].handshake_timeout == LinksConfig{}.handshake_timeout));
  BOOST_TEST(f.up(LinkId{2}) == first);
  BOOST_TEST(f.reach({kThere, std::nullopt}) == first);
  BOOST_TEST(f.reach({kHere, std::nullopt}) != first);
}

BOOST_AUTO_TEST_CASE(ALinkIsOnlyUsedForWhomItDemanded) {
  Fixture f;
  const NodeId a = *NodeId::parse("a");
  const NodeId b = *NodeId::parse("b");
  Link* to_a = f.reach({kThere, a});
  BOOST_TEST(f.reach({kThere, b}) != to_a);
  BOOST_TEST(f.reach({kThere, std::nullopt}) != to_a);
  BOOST_TEST(f.reach({kThere, a}) == to_a);
}

BOOST_AUTO_TEST_CASE(AFailedDialIsLeftAloneForLongerEachTime) {
  Fixture f;
  Duration last{};
  for (int failure = 0; failure < 8; ++failure) {
    Link* link = f.reach({kThere, std::nullopt});
    BOOST_REQUIRE(link != nullptr);
    f.down(link->id);
    BOOST_TEST(f.reach({kThere, std::nullopt}) == nullptr);
    const Instant failed = f.now;
    while (f.links.reach(f.now, {kThere, std::nullopt}, f.out) == nullptr) f.now += 1ms;
    const Duration waited = f.now - failed;
    BOOST_TEST((waited >= LinksConfig{}.backoff_min / 2));
    BOOST_TEST((waited <= LinksConfig{}.backoff_max + 1ms));
    BOOST_TEST((waited > last / 2));
    last = waited;
  }
  BOOST_TEST((last >= LinksConfig{}.backoff_max / 2));
}

BOOST_AUTO_TEST_CASE(ALinkThatWorkedMayBeDialledAgainAtOnce) {
  Fixture f;
  const LinkId id = f.reach({kThere, std::nullopt})->id;
  f.up(id);
  f.down(id);
  Link* again = f.reach({kThere, std::nullopt});
  BOOST_REQUIRE(again != nullptr);
  BOOST_TEST((again->id != id));
}

BOOST_AUTO_TEST_CASE(TheLimitRefusesDialsAndClosesWhoComes) {
  LinksConfig config;
  config.links_max = 1;
  Fixture f(config);
  f.reach({kThere, std::nullopt});
  BOOST_TEST(f.reach({kHere, std::nullopt}) == nullptr);
  BOOST_TEST(f.up(LinkId{1}) == nullptr);
  const auto closed = f.orders<CloseLink>();
  BOOST_REQUIRE(closed.size() == 1);
  BOOST_TEST((closed[0].code == CloseCode::overloaded));
  BOOST_TEST(f.links.size() == 1);
}

BOOST_AUTO_TEST_CASE(StreamsAreNumberedByWhoOpensThem) {
  Fixture f;
  Link* dialled = f.reach({kThere, std::nullopt});
  BOOST_TEST(!dialled->may_open_stream());
  f.up(dialled->id, 2);
  BOOST_TEST(f.links.open_stream(*dialled).value == 0);
  BOOST_TEST(f.links.open_stream(*dialled).value == 4);
  BOOST_TEST(!dialled->may_open_stream());
  f.links.on_streams_allowed({dialled->id, 3});
  f.links.on_streams_allowed({dialled->id, 1});  // late news takes nothing back
  BOOST_TEST(f.links.open_stream(*dialled).value == 8);
  Link* accepted = f.up(LinkId{1});
  BOOST_TEST(f.links.open_stream(*accepted).value == 1);
  BOOST_TEST(f.links.open_stream(*accepted).value == 5);
}

BOOST_AUTO_TEST_CASE(ABoundNodeIsFoundOnALinkThatItDialled) {
  Fixture f;
  const NodeId a = *NodeId::parse("a");
  Link* accepted = f.up(LinkId{1});
  BOOST_TEST(f.reach({kHere, a}) != accepted);
  f.links.bind(*accepted, a);
  BOOST_TEST(f.reach({kHere, a}) == accepted);
  f.links.bind(*accepted, *NodeId::parse("b"));
  BOOST_TEST(f.reach({kHere, a}) != accepted);
}

BOOST_AUTO_TEST_CASE(WhoDialsAgainIsReachedOnTheLatestLink) {
  Fixture f;
  const NodeId a = *NodeId::parse("a");
  for (const std::uint64_t number : {1, 3, 5}) f.links.bind(*f.up(LinkId{number}), a);
  BOOST_TEST(f.reach({kHere, a})->id.value == 5);
  f.down(LinkId{5});
  BOOST_TEST(f.reach({kHere, a})->id.value == 3);
}

BOOST_AUTO_TEST_CASE(DatagramsWaitForTheHandshakeTheOldestGoFirst) {
  LinksConfig config;
  config.datagrams_waiting_max = 2;
  Fixture f(config);
  Link* link = f.reach({kThere, std::nullopt});
  for (std::uint8_t i = 0; i < 3; ++i) BOOST_TEST(f.links.send_datagram(*link, {i}, f.out));
  BOOST_TEST(f.orders<SendDatagram>().empty());
  f.up(link->id);
  const auto sent = f.orders<SendDatagram>();
  BOOST_REQUIRE(sent.size() == 2);
  BOOST_TEST(sent[0].bytes[0] == 1);
  BOOST_TEST(sent[1].bytes[0] == 2);
  BOOST_TEST(f.links.datagrams_dropped() == 1);
  BOOST_TEST(!f.links.send_datagram(*link, Bytes(1201), f.out));
  f.links.on_datagram_limit({link->id, 1400});
  BOOST_TEST(f.links.send_datagram(*link, Bytes(1201), f.out));
}

BOOST_AUTO_TEST_CASE(AClosedLinkIsForgottenAtOnce) {
  Fixture f;
  const LinkId id = f.reach({kThere, std::nullopt})->id;
  f.links.close(id, CloseCode::none, "done", f.out);
  BOOST_TEST(f.links.find(id) == nullptr);
  BOOST_TEST(f.up(id) == nullptr);  // its handshake was just finishing
  BOOST_TEST(f.links.size() == 0);
  BOOST_TEST((f.reach({kThere, std::nullopt})->id != id));
}

BOOST_AUTO_TEST_SUITE_END()
