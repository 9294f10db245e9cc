// The quic network: real endpoints behind the seam, reproducible to the byte.
#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "sim/quic/authority.h"
#include "sim/quic/tls_turn.h"
#include "tests/sim/support/net_bench.h"

namespace rpcnet::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Cast : QuicBench {
  explicit Cast(std::uint64_t seed = 1)
      : QuicBench(4, {}, {LatencyShape::fixed, milliseconds(1), {}}, seed) {
    for (HostIndex i = 0; i < 4; ++i) start(i, member(std::string(1, static_cast<char>('a' + i))));
  }

  void say(HostIndex from, LinkId link, const char* what) {
    network.perform(from, SendDatagram{link, to_bytes(what)});
  }
};

Fault everywhere(FaultKind kind) {
  Fault fault;
  fault.kind = kind;
  fault.until = seconds(1000);
  return fault;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(QuicNetworkBytes)

BOOST_AUTO_TEST_CASE(AreTheSameForASeedAndOthersForAnother) {
  const auto bytes = [](std::uint64_t seed) {
    Cast cast(seed);
    const LinkId link = cast.connect(0, 1);
    cast.write(0, link, 0, Bytes(5000, 7), true);
    cast.run_for(seconds(3));
    return cast.wire(0, 1);
  };
  const auto first = bytes(1);
  BOOST_TEST(first.size() > 5U);
  BOOST_TEST(first == bytes(1), boost::test_tools::per_element());
  BOOST_TEST((first != bytes(2)));
}

// Keyed chance: what others do moves nobody's nonces, keys or connection ids.
BOOST_AUTO_TEST_CASE(DoNotDependOnTheHandshakesOfOthers) {
  Cast alone;
  alone.connect(0, 1);
  Cast busy;
  busy.connect(2, 3);
  busy.connect(3, 2);
  const Moment begun = busy.now();
  busy.connect(0, 1);
  BOOST_TEST((begun > Moment{}));
  BOOST_TEST_REQUIRE(alone.wire(0, 1).size() > 2U);
  // The first flight of each side holds its key share and connection ids; later ones hold times.
  BOOST_TEST(alone.wire(0, 1).front() == busy.wire(0, 1).front());
  BOOST_TEST(alone.wire(1, 0).front() == busy.wire(1, 0).front());
}

BOOST_AUTO_TEST_CASE(AreOthersInAnotherLifeOfTheProcess) {
  Cast cast;
  cast.connect(0, 1);
  cast.kill(0);
  cast.start(0, Cast::member("a"));
  const std::size_t before = cast.wire(0, 1).size();
  cast.connect(0, 1);
  BOOST_TEST((cast.wire(0, 1).at(0) != cast.wire(0, 1).at(before)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(QuicNetworkLinks)

BOOST_FIXTURE_TEST_CASE(ComeUpWithTheIdentitiesOfBothCertificates, Cast) {
  connect(0, 1, Protocol::gossip);
  BOOST_TEST_REQUIRE(facts<LinkUp>(0).size() == 1U);
  BOOST_TEST_REQUIRE(facts<LinkUp>(1).size() == 1U);
  BOOST_TEST((facts<LinkUp>(0)[0].identity == PeerIdentity{"c", "b"}));
  BOOST_TEST((facts<LinkUp>(1)[0].identity == PeerIdentity{"c", "a"}));
  BOOST_TEST((facts<LinkUp>(1)[0].remote == World::address(0)));
  BOOST_TEST(network.open_links(0) == 1U);
  BOOST_TEST(network.counters().links == 1U);
}

BOOST_FIXTURE_TEST_CASE(OfClientsWithoutACertificateCarryCallsButNoGossip, Cast) {
  kill(3);
  start(3, {std::nullopt, "c", false, false});
  connect(3, 0, Protocol::rpc);
  BOOST_TEST_REQUIRE(facts<LinkUp>(0).size() == 1U);
  BOOST_TEST(!facts<LinkUp>(0)[0].identity.has_value());
  connect(3, 0, Protocol::gossip);
  BOOST_TEST(facts<LinkUp>(0).size() == 1U);
  BOOST_TEST_REQUIRE(facts<LinkDown>(3).size() == 1U);
  BOOST_TEST((facts<LinkDown>(3)[0].end == LinkEnd::refused_by_peer));
}

BOOST_FIXTURE_TEST_CASE(AreRefusedToAnotherClusterAndToTheWrongNode, Cast) {
  kill(3);
  start(3, member("d", "other"));
  connect(0, 3);
  network.perform(
      0,
      Connect{LinkId{100}, Protocol::rpc, World::address(1), NodeId::parse("c"), seconds(3), {}});
  run_for(seconds(1));
  const auto ends = facts<LinkDown>(0);
  BOOST_TEST_REQUIRE(ends.size() == 2U);
  for (const LinkDown& one : ends) BOOST_TEST((one.end == LinkEnd::refused_by_us));
}

// Certificates are judged by the clock of the host that judges.
BOOST_FIXTURE_TEST_CASE(AreRefusedWhereTheClockIsPastTheCertificate, Cast) {
  clock(0).jump(now(), hours(24 * 365 * 10));
  network.clock_changed(0);
  connect(0, 1);
  BOOST_TEST_REQUIRE(facts<LinkDown>(0).size() == 1U);
  BOOST_TEST((facts<LinkDown>(0)[0].end == LinkEnd::refused_by_us));
  connect(2, 1);
  BOOST_TEST(facts<LinkUp>(2).size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(ToADeadProcessEndAsUnreachable, Cast) {
  const LinkId link = connect(0, 1);
  kill(1);
  say(0, link, "x");
  run_for(seconds(1));
  BOOST_TEST_REQUIRE(facts<LinkDown>(0).size() == 1U);
  BOOST_TEST((facts<LinkDown>(0)[0].end == LinkEnd::unreachable));
  BOOST_TEST(!unreachables().empty());
}

BOOST_FIXTURE_TEST_CASE(ToARestartedProcessAreReset, Cast) {
  const LinkId link = connect(0, 1);
  kill(1);
  start(1, member("b"));
  say(0, link, "still there?");
  run_for(milliseconds(50));
  BOOST_TEST_REQUIRE(facts<LinkDown>(0).size() == 1U);
  BOOST_TEST((facts<LinkDown>(0)[0].end == LinkEnd::reset));
  BOOST_TEST(unreachables().size() == 1U);  // as io/driver tells its node
}

BOOST_FIXTURE_TEST_CASE(ToAHostWithoutPowerEndAsIdle, Cast) {
  const LinkId link = connect(0, 1);
  kill(1, HostState::off);
  say(0, link, "x");
  run_for(seconds(25));
  BOOST_TEST(facts<LinkDown>(0).empty());
  run_for(seconds(40));
  BOOST_TEST_REQUIRE(facts<LinkDown>(0).size() == 1U);
  BOOST_TEST((facts<LinkDown>(0)[0].end == LinkEnd::idle));
  BOOST_TEST(network.open_links(0) == 0U);
}

BOOST_FIXTURE_TEST_CASE(EndAsIdleWhereTheClockJumpsPastTheTimeout, Cast) {
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

// The endpoint lives in its host's time: a clock at half the rate has twice the patience.
BOOST_FIXTURE_TEST_CASE(WaitByTheClockOfTheirHost, Cast) {
  clock(0).drift(now(), -500'000);
  network.clock_changed(0);
  kill(1, HostState::off);
  network.perform(
      0, Connect{LinkId{100}, Protocol::rpc, World::address(1), std::nullopt, seconds(2), {}});
  run_for(milliseconds(3900));
  BOOST_TEST(facts<LinkDown>(0).empty());
  run_for(milliseconds(300));
  BOOST_TEST_REQUIRE(facts<LinkDown>(0).size() == 1U);
  BOOST_TEST((facts<LinkDown>(0)[0].end == LinkEnd::handshake_timeout));
}

BOOST_FIXTURE_TEST_CASE(CarryEverythingThroughDamageLossAndDuplicates, Cast) {
  Fault flips = everywhere(FaultKind::corrupt);
  flips.ppm = 50'000;
  Fault cut = everywhere(FaultKind::truncate);
  cut.ppm = 50'000;
  Fault loss = everywhere(FaultKind::loss);
  loss.ppm = 50'000;
  Fault twice = everywhere(FaultKind::duplicate);
  twice.ppm = 50'000;
  twice.micros = 5'000;
  paths.begin(0, flips);
  paths.begin(1, cut);
  paths.begin(2, loss);
  paths.begin(3, twice);
  LinkId remote;
  const LinkId link = connect(0, 1, Protocol::rpc, &remote);
  run_for(seconds(3));
  remote = facts<LinkUp>(1).at(0).link;
  Bytes sent(300'000);
  for (std::size_t i = 0; i < sent.size(); ++i)
    sent[i] = static_cast<std::uint8_t>(i * 31 + i / 256);
  write(0, link, 0, sent, true);
  run_for(seconds(30));
  BOOST_TEST((read(1, remote, 0) == sent));
  BOOST_TEST(fins(1, remote, 0) == 1);
  for (std::size_t i = 0; i < 4; ++i) BOOST_TEST(paths.effects(i) > 0U);
}

BOOST_FIXTURE_TEST_CASE(OutliveANewAddressOfTheDialler, Cast) {
  LinkId remote;
  const LinkId link = connect(0, 1, Protocol::rpc, &remote);
  paths.rebind(0, 0);
  write(0, link, 0, to_bytes("from elsewhere"), true);
  run_for(seconds(2));
  BOOST_TEST((read(1, remote, 0) == to_bytes("from elsewhere")));
  write(1, remote, 0, to_bytes("found you"), true);
  run_for(seconds(2));
  BOOST_TEST((read(0, link, 0) == to_bytes("found you")));
  BOOST_TEST(facts<LinkDown>(0).empty());
}

BOOST_FIXTURE_TEST_CASE(LeaveNothingBehindWhenTheyClose, Cast) {
  LinkId remote;
  const LinkId link = connect(0, 1, Protocol::rpc, &remote);
  write(0, link, 0, Bytes(40'000), true);
  run_for(seconds(1));
  BOOST_TEST(network.open_streams(0) == 1U);
  network.perform(0, CloseLink{link, CloseCode::shutdown, "done"});
  run_for(seconds(35));  // what is said to the acceptor is kept for an idle timeout
  for (const HostIndex host : {0U, 1U}) {
    BOOST_TEST(network.open_links(host) == 0U);
    BOOST_TEST(network.open_streams(host) == 0U);
    BOOST_TEST(network.endpoint(host)->send_buffer_bytes == 0U);
    BOOST_TEST(network.endpoint(host)->closing == 0U);
  }
  BOOST_TEST_REQUIRE(facts<LinkDown>(1).size() == 1U);
  BOOST_TEST(facts<LinkDown>(1)[0].code == static_cast<std::uint64_t>(CloseCode::shutdown));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(SimulatedAuthority)

BOOST_AUTO_TEST_CASE(IssuesTheSameToTheSameAndOthersToOthers) {
  const PeerIdentity a{"c", "a"};
  const Authority authority{Keyed(5)};
  const Certificate first = authority.issue(1, a);
  authority.issue(2, PeerIdentity{"c", "b"});
  BOOST_TEST(first.certificate_pem == authority.issue(1, a).certificate_pem);
  BOOST_TEST(first.key_pem == Authority(Keyed(5)).issue(1, a).key_pem);
  BOOST_TEST(first.key_pem != authority.issue(2, a).key_pem);
  BOOST_TEST(first.key_pem != Authority(Keyed(6)).issue(1, a).key_pem);
}

BOOST_AUTO_TEST_CASE(SaysWhoseACertificateIsAndUntilWhen) {
  const Authority authority{Keyed(5)};
  const PeerIdentity who{"some-cluster",
                         "worker-with-a-rather-long-name-of-sixty-letters-and-more"};
  const Certificate one = authority.issue(1, who);
  Chance chance(Keyed(5), 1, ChanceUse::tls);
  const TlsTurn turn(chance, Instant{});
  const auto loaded =
      quic::TlsContext::load({one.certificate_pem, one.key_pem, authority.certificate_pem()});
  BOOST_TEST_REQUIRE(loaded.context != nullptr, loaded.error);
  BOOST_TEST((loaded.context->identity() == who));
  BOOST_TEST(loaded.context->valid_until() == "2034-12-31 23:59:59 UTC");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rpcnet::sim
