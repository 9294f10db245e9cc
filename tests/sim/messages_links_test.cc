// Links of the messages network: what engine/transport.h promises about their life and end.
#include <boost/test/unit_test.hpp>

#include "tests/sim/support/net_bench.h"

namespace rpcnet::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Pair : NetBench {
  Pair() : NetBench(3) {
    start(0, member("a"));
    start(1, member("b"));
  }
};

Fault cut() {
  Fault fault;
  fault.kind = FaultKind::cut;
  fault.until = seconds(1000);
  return fault;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(MessagesLinks)

BOOST_FIXTURE_TEST_CASE(AHandshakeTakesTwoRoundTripsAndTheAcceptorHalfOfOneLess, Pair) {
  LinkId accepted;
  connect(0, 1, Protocol::rpc, &accepted);
  const auto& dialler = told(0).front();
  const auto& acceptor = told(1).front();
  BOOST_TEST((dialler.at == Moment(milliseconds(4))));
  BOOST_TEST((acceptor.at == Moment(milliseconds(3))));
  const auto up = facts<LinkUp>(0).at(0);
  BOOST_TEST((up.identity == PeerIdentity{"c", "b"}));
  BOOST_TEST((up.remote == World::address(1)));
  BOOST_TEST(!accepted.dialled());
  BOOST_TEST((facts<LinkUp>(1).at(0).identity == PeerIdentity{"c", "a"}));
}

BOOST_FIXTURE_TEST_CASE(NobodyThereIsUnreachableAndNoPowerIsSilence, Pair) {
  connect(0, 2);
  BOOST_TEST_REQUIRE(facts<LinkDown>(0).size() == 1U);
  BOOST_TEST((facts<LinkDown>(0)[0].end == LinkEnd::unreachable));
  BOOST_TEST(unreachables().size() == 2U);
  BOOST_TEST(facts<LinkUp>(0).empty());
  kill(1, HostState::off);
  connect(0, 1);
  run_for(seconds(4));
  BOOST_TEST_REQUIRE(facts<LinkDown>(0).size() == 2U);
  BOOST_TEST((facts<LinkDown>(0)[1].end == LinkEnd::handshake_timeout));
}

BOOST_FIXTURE_TEST_CASE(ALinkSurvivesThatItsDiallersAddressChanges, Pair) {
  LinkId accepted;
  const LinkId link = connect(0, 1, Protocol::rpc, &accepted);
  const auto datagrams = [&](HostIndex host) { return facts<DatagramReceived>(host).size(); };
  paths.rebind(0, 0);
  // To the old address: nobody is there any more.
  network.perform(1, SendDatagram{accepted, Bytes(10)});
  run_for(milliseconds(100));
  BOOST_TEST(datagrams(0) == 0U);
  // Once it has spoken from the new one it is answered there.
  network.perform(0, SendDatagram{link, Bytes(10)});
  run_for(milliseconds(100));
  network.perform(1, SendDatagram{accepted, Bytes(10)});
  run_for(milliseconds(100));
  BOOST_TEST(datagrams(1) == 1U);
  BOOST_TEST(datagrams(0) == 1U);
}

BOOST_FIXTURE_TEST_CASE(ANarrowPathIsFoundToBeNarrow, Pair) {
  Fault narrow;
  narrow.kind = FaultKind::mtu;
  narrow.bytes = 1300;
  narrow.until = seconds(1000);
  paths.begin(0, narrow);
  connect(0, 1);
  run_for(seconds(10));
  BOOST_TEST(facts<DatagramLimit>(0).empty());
  BOOST_TEST(paths.effects(0) == 6U);  // three probes by each end
}

BOOST_FIXTURE_TEST_CASE(TheWrongNodeOrClusterIsRefusedByTheDialler, Pair) {
  network.perform(0, Connect{LinkId{100},
                             Protocol::gossip,
                             World::address(1),
                             NodeId::parse("someone-else"),
                             seconds(3),
                             {}});
  start(2, member("x", "another"));
  network.perform(
      0, Connect{LinkId{102}, Protocol::gossip, World::address(2), std::nullopt, seconds(3), {}});
  run_for(seconds(1));
  const auto downs = facts<LinkDown>(0);
  BOOST_TEST_REQUIRE(downs.size() == 2U);
  for (const auto& down : downs) BOOST_TEST((down.end == LinkEnd::refused_by_us));
  BOOST_TEST(facts<LinkUp>(0).empty());
  BOOST_TEST(facts<LinkUp>(1).empty());
}

BOOST_FIXTURE_TEST_CASE(GossipNeedsACertificateAndSomebodyWhoSpeaksIt, Pair) {
  Credentials client{std::nullopt, "c", false, false};
  start(2, client);
  connect(2, 1, Protocol::rpc);
  BOOST_TEST(facts<LinkUp>(2).size() == 1U);
  BOOST_TEST(!facts<LinkUp>(1).at(0).identity);
  // Its own exchange is complete before the server has seen that it has no certificate; it waits.
  connect(2, 1, Protocol::gossip);
  BOOST_TEST(facts<LinkUp>(2).size() == 1U);
  BOOST_TEST_REQUIRE(facts<LinkDown>(2).size() == 1U);
  BOOST_TEST((facts<LinkDown>(2)[0].end == LinkEnd::refused_by_peer));
  BOOST_TEST(facts<LinkUp>(1).size() == 1U);
  // A client accepts nothing.
  connect(0, 2, Protocol::rpc);
  run_for(seconds(4));
  BOOST_TEST((facts<LinkDown>(0).at(0).end == LinkEnd::handshake_timeout));
}

BOOST_FIXTURE_TEST_CASE(CloseTellsThePeerAndNothingMoreToUs, Pair) {
  const LinkId link = connect(0, 1);
  network.perform(0, CloseLink{link, CloseCode::leaving, "bye"});
  write(0, link, 0, to_bytes("too late"));
  run_for(seconds(1));
  BOOST_TEST(facts<LinkDown>(0).empty());
  BOOST_TEST_REQUIRE(facts<LinkDown>(1).size() == 1U);
  BOOST_TEST((facts<LinkDown>(1)[0].end == LinkEnd::closed_by_peer));
  BOOST_TEST(facts<LinkDown>(1)[0].code == static_cast<std::uint64_t>(CloseCode::leaving));
  BOOST_TEST(facts<LinkDown>(1)[0].detail == "bye");
  BOOST_TEST(facts<StreamData>(1).empty());
  BOOST_TEST(network.open_links(0) == 0U);
  BOOST_TEST(network.open_links(1) == 0U);
}

BOOST_FIXTURE_TEST_CASE(APeerThatMissedTheCloseIsToldWhenItSpeaks, Pair) {
  LinkId accepted;
  const LinkId link = connect(0, 1, Protocol::rpc, &accepted);
  paths.begin(0, cut());
  network.perform(0, CloseLink{link, CloseCode::shutdown, ""});
  run_for(milliseconds(200));
  paths.end(0);
  BOOST_TEST(facts<LinkDown>(1).empty());
  network.perform(1, SendDatagram{accepted, to_bytes("hello?")});
  run_for(milliseconds(50));
  BOOST_TEST_REQUIRE(facts<LinkDown>(1).size() == 1U);
  BOOST_TEST((facts<LinkDown>(1)[0].end == LinkEnd::closed_by_peer));
}

BOOST_FIXTURE_TEST_CASE(ARestartedPeerResetsALinkOfItsFormerLife, Pair) {
  const LinkId link = connect(0, 1);
  kill(1);
  start(1, member("b"));
  BOOST_TEST(facts<LinkDown>(0).empty());
  network.perform(0, SendDatagram{link, to_bytes("still there?")});
  run_for(milliseconds(50));
  BOOST_TEST_REQUIRE(facts<LinkDown>(0).size() == 1U);
  BOOST_TEST((facts<LinkDown>(0)[0].end == LinkEnd::reset));
}

BOOST_FIXTURE_TEST_CASE(ADeadProcessIsUnreachableOnceItIsSpokenTo, Pair) {
  const LinkId link = connect(0, 1);
  kill(1);
  run_for(seconds(5));
  BOOST_TEST(facts<LinkDown>(0).empty());
  network.perform(0, SendDatagram{link, to_bytes("x")});
  run_for(seconds(1));
  BOOST_TEST_REQUIRE(facts<LinkDown>(0).size() == 1U);
  BOOST_TEST((facts<LinkDown>(0)[0].end == LinkEnd::unreachable));
}

BOOST_FIXTURE_TEST_CASE(AHostWithoutPowerEndsLinksAsIdle, Pair) {
  const LinkId link = connect(0, 1);
  kill(1, HostState::off);
  network.perform(0, SendDatagram{link, to_bytes("x")});
  run_for(seconds(29));
  BOOST_TEST(facts<LinkDown>(0).empty());
  run_for(seconds(32));
  BOOST_TEST_REQUIRE(facts<LinkDown>(0).size() == 1U);
  BOOST_TEST((facts<LinkDown>(0)[0].end == LinkEnd::idle));
}

BOOST_FIXTURE_TEST_CASE(AClockThatJumpsPastTheIdleTimeoutEndsLinksAtOnce, Pair) {
  connect(0, 1);
  clock(0).jump(now(), seconds(20));
  network.clock_changed(0);
  run_for(seconds(1));
  BOOST_TEST(facts<LinkDown>(0).empty());
  clock(0).jump(now(), seconds(31));
  network.clock_changed(0);
  run_for(milliseconds(1));
  BOOST_TEST_REQUIRE(facts<LinkDown>(0).size() == 1U);
  BOOST_TEST((facts<LinkDown>(0)[0].end == LinkEnd::idle));
  BOOST_TEST(facts<LinkDown>(1).empty());
}

BOOST_FIXTURE_TEST_CASE(WithOpenStreamsSilenceEndsALinkInItsTime, Pair) {
  const LinkId link = connect(0, 1, Protocol::rpc, nullptr, seconds(3));
  write(0, link, 0, to_bytes("question"));
  run_for(seconds(20));  // the peer lives: pings are answered for ever
  BOOST_TEST(facts<LinkDown>(0).empty());
  kill(1, HostState::off);
  const Moment died = now();
  run_for(seconds(10));
  BOOST_TEST_REQUIRE(facts<LinkDown>(0).size() == 1U);
  BOOST_TEST((facts<LinkDown>(0)[0].end == LinkEnd::silent));
  BOOST_TEST((told(0).back().at - died <= seconds(4)));
}

BOOST_FIXTURE_TEST_CASE(DatagramsRespectTheLimitThatGrows, Pair) {
  const LinkId link = connect(0, 1);
  const auto first = facts<LinkUp>(0).at(0).datagram_max;
  BOOST_TEST_REQUIRE(facts<DatagramLimit>(0).size() == 1U);
  const auto later = facts<DatagramLimit>(0)[0].datagram_max;
  BOOST_TEST(later > first);
  network.perform(0, SendDatagram{link, Bytes(later)});
  network.perform(0, SendDatagram{link, Bytes(later + 1)});
  run_for(milliseconds(10));
  BOOST_TEST(facts<DatagramReceived>(1).size() == 1U);
  BOOST_TEST(network.counters().datagrams_too_large == 1U);
}

BOOST_FIXTURE_TEST_CASE(AHandshakeSurvivesLoss, Pair) {
  Fault loss = cut();
  loss.kind = FaultKind::loss;
  loss.ppm = 400'000;
  paths.begin(0, loss);
  int up = 0;
  for (std::uint64_t i = 0; i < 50; ++i) {
    network.perform(0, Connect{LinkId{1000 + 2 * i},
                               Protocol::gossip,
                               World::address(1),
                               std::nullopt,
                               seconds(10),
                               {}});
  }
  run_for(seconds(12));
  up = static_cast<int>(facts<LinkUp>(0).size());
  BOOST_TEST(up >= 45);
  BOOST_TEST(facts<LinkUp>(0).size() + facts<LinkDown>(0).size() == 50U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rpcnet::sim
