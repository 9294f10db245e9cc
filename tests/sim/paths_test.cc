// What becomes of packets, fault by fault, and that faults do not disturb each other's draws.
#include "sim/paths.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <vector>

namespace rpcnet::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Latency kFixed{LatencyShape::fixed, microseconds(100), {}};

Paths network() { return Paths(Keyed(1), 4, kFixed, 0); }

Fault over(FaultKind kind) {
  Fault fault;
  fault.kind = kind;
  fault.until = seconds(10);
  return fault;
}

Packet packet(HostIndex from, HostIndex to, std::uint64_t counter, std::uint64_t size = 100) {
  return {from, to, size, (std::uint64_t{from} << 8) | to, counter};
}

int lost_of(Paths& paths, HostIndex from, HostIndex to, int count) {
  int lost = 0;
  for (int i = 0; i < count; ++i) {
    const Packet one = packet(from, to, static_cast<std::uint64_t>(i));
    lost += paths.pass(Moment(milliseconds(i)), one).lost;
  }
  return lost;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(PathFaults)

BOOST_AUTO_TEST_CASE(WithoutFaultsEverythingArrivesInTime) {
  Paths paths = network();
  const Fate fate = paths.pass(Moment{}, packet(0, 1, 0));
  BOOST_TEST(!fate.lost);
  BOOST_TEST((fate.delay == microseconds(100)));
  BOOST_TEST(paths.quiet(0, 1));
}

BOOST_AUTO_TEST_CASE(LossHitsItsShareOfItsPathOnly) {
  Paths paths = network();
  Fault loss = over(FaultKind::loss);
  loss.ppm = 300'000;
  loss.from = {0};
  loss.to = {1};
  paths.begin(0, loss);
  const int lost = lost_of(paths, 0, 1, 10'000);
  BOOST_TEST(std::abs(lost - 3'000) < 230);  // five standard deviations
  BOOST_TEST(lost_of(paths, 1, 0, 1000) == 0);
  BOOST_TEST(lost_of(paths, 0, 2, 1000) == 0);
  BOOST_TEST(paths.effects(0) == static_cast<std::uint64_t>(lost));
  BOOST_TEST(!paths.quiet(0, 1));
  BOOST_TEST(paths.quiet(1, 0));
}

BOOST_AUTO_TEST_CASE(BurstsLoseWholeSlots) {
  Paths paths = network();
  Fault burst = over(FaultKind::burst_loss);
  burst.ppm = 500'000;
  burst.micros = 100'000;
  paths.begin(0, burst);
  int changes = 0;
  int lost = 0;
  bool last = false;
  for (int i = 0; i < 10'000; ++i) {
    const Packet one = packet(0, 1, static_cast<std::uint64_t>(i));
    const bool now = paths.pass(Moment(milliseconds(i)), one).lost;
    changes += now != last;
    lost += now;
    last = now;
  }
  BOOST_TEST(lost > 3'000);
  BOOST_TEST(lost < 7'000);
  BOOST_TEST(changes <= 100);  // one a slot at most
}

BOOST_AUTO_TEST_CASE(ACutIsOneWayUnlessItSaysBoth) {
  Paths paths = network();
  Fault cut = over(FaultKind::cut);
  cut.from = {0};
  cut.to = {1};
  paths.begin(0, cut);
  BOOST_TEST(lost_of(paths, 0, 1, 10) == 10);
  BOOST_TEST(lost_of(paths, 1, 0, 10) == 0);
  paths.end(0);
  BOOST_TEST(lost_of(paths, 0, 1, 10) == 0);
  cut.both_ways = true;
  paths.begin(1, cut);
  BOOST_TEST(lost_of(paths, 1, 0, 10) == 10);
}

BOOST_AUTO_TEST_CASE(APartitionSeparatesGroupsAndNobodyElse) {
  Paths paths = network();
  Fault partition = over(FaultKind::partition);
  partition.groups = {{0, 1}, {2}};
  paths.begin(0, partition);
  BOOST_TEST(lost_of(paths, 0, 2, 5) == 5);
  BOOST_TEST(lost_of(paths, 2, 1, 5) == 5);
  BOOST_TEST(lost_of(paths, 0, 1, 5) == 0);
  BOOST_TEST(lost_of(paths, 3, 2, 5) == 0);
  BOOST_TEST(lost_of(paths, 0, 3, 5) == 0);
}

BOOST_AUTO_TEST_CASE(AHoldReleasesEverythingAtItsEnd) {
  Paths paths = network();
  paths.begin(0, over(FaultKind::hold));
  const Fate fate = paths.pass(Moment(seconds(4)), packet(0, 1, 0));
  BOOST_TEST(!fate.lost);
  BOOST_TEST((fate.delay == seconds(6) + microseconds(100)));
}

BOOST_AUTO_TEST_CASE(BandwidthQueuesAndThenDrops) {
  Paths paths = network();
  Fault slow = over(FaultKind::bandwidth);
  slow.bytes_per_second = 100'000;
  slow.queue_bytes = 5'000;
  paths.begin(0, slow);
  // 1000 bytes take 10 ms; the first waits for none, the next each for those before it.
  for (int i = 0; i < 5; ++i) {
    const Fate fate = paths.pass(Moment{}, packet(0, 1, static_cast<std::uint64_t>(i), 1000));
    BOOST_TEST(!fate.lost);
    BOOST_TEST((fate.delay == milliseconds(10 * (i + 1)) + microseconds(100)));
  }
  BOOST_TEST(paths.pass(Moment{}, packet(0, 1, 5, 1000)).lost);
  BOOST_TEST(!paths.pass(Moment(milliseconds(20)), packet(0, 1, 6, 1000)).lost);
  BOOST_TEST(!paths.pass(Moment{}, packet(1, 0, 7, 1000)).lost);  // its own queue
  BOOST_TEST(paths.effects(0) == 8U);
  // On a fast path a packet that waits for nobody is hardly late.
  slow.bytes_per_second = 10'000'000;
  paths.begin(1, slow);
  paths.pass(Moment{}, packet(1, 2, 8, 1000));
  BOOST_TEST(paths.effects(1) == 0U);
}

BOOST_AUTO_TEST_CASE(DuplicatesAndLatecomersKeepTheirBounds) {
  Paths paths = network();
  Fault twice = over(FaultKind::duplicate);
  twice.ppm = 500'000;
  twice.micros = 2'000;
  Fault late = over(FaultKind::reorder);
  late.ppm = 500'000;
  late.micros = 5'000;
  paths.begin(0, twice);
  paths.begin(1, late);
  int copies = 0;
  int delayed = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const Fate fate = paths.pass(Moment{}, packet(0, 1, i));
    copies += fate.copy.has_value();
    delayed += fate.delay > microseconds(100);
    BOOST_TEST_REQUIRE((fate.delay <= microseconds(5'100)));
  }
  BOOST_TEST(std::abs(copies - 500) < 80);
  BOOST_TEST(std::abs(delayed - 500) < 80);
}

BOOST_AUTO_TEST_CASE(DamageIsToldToWhoHasBytesAndIsLossToWhoHasNone) {
  Paths paths = network();
  Fault flip = over(FaultKind::corrupt);
  flip.ppm = 1'000'000;
  Fault shorten = over(FaultKind::truncate);
  shorten.ppm = 1'000'000;
  paths.begin(0, flip);
  const Fate flipped = paths.pass(Moment{}, packet(0, 1, 0));
  BOOST_TEST((!flipped.lost && !flipped.arrives_whole() && flipped.flips != 0 && !flipped.kept));
  std::vector<std::uint8_t> payload(100);
  damage(flipped, payload);
  BOOST_TEST(payload.size() == 100U);
  BOOST_TEST((payload != std::vector<std::uint8_t>(100)));
  paths.end(0);
  paths.begin(1, shorten);
  const Fate kept = paths.pass(Moment{}, packet(0, 1, 0));
  BOOST_TEST_REQUIRE(kept.kept.has_value());
  BOOST_TEST((!kept.arrives_whole() && *kept.kept < 100));
  payload.assign(100, 0);
  damage(kept, payload);
  BOOST_TEST(payload.size() == *kept.kept);
  BOOST_TEST(paths.effects(0) == 1U);
  BOOST_TEST(paths.effects(1) == 1U);
  BOOST_TEST(paths.packets_lost() == 2U);
}

BOOST_AUTO_TEST_CASE(WhatIsLargerThanThePathDoesNotFit) {
  Paths paths = network();
  Fault narrow = over(FaultKind::mtu);
  narrow.bytes = 1300;
  paths.begin(0, narrow);
  BOOST_TEST(!paths.pass(Moment{}, packet(0, 1, 0, 1300)).lost);
  BOOST_TEST(paths.pass(Moment{}, packet(0, 1, 1, 1301)).lost);
  Packet several = packet(0, 1, 2, 9000);
  several.largest = 1200;
  BOOST_TEST(!paths.pass(Moment{}, several).lost);
  BOOST_TEST(paths.effects(0) == 1U);
}

BOOST_AUTO_TEST_CASE(ARebindingChangesWherePacketsComeFromAndWhereTheyGo) {
  Paths paths = network();
  paths.rebind(3, 2);
  BOOST_TEST(paths.mapping(2) == 1U);
  BOOST_TEST(paths.pass(Moment{}, packet(2, 0, 0)).mapping == 1U);
  BOOST_TEST(paths.pass(Moment{}, packet(1, 0, 0)).mapping == 0U);
  Packet stale = packet(0, 2, 0);
  stale.mapping = 0;
  BOOST_TEST(paths.pass(Moment{}, stale).lost);
  stale.mapping = 1;
  BOOST_TEST(!paths.pass(Moment{}, stale).lost);
  BOOST_TEST(paths.effects(3) == 2U);
}

BOOST_AUTO_TEST_CASE(ADirectionMayHaveALatencyOfItsOwn) {
  Paths paths = network();
  paths.set_latency({0}, {1, 2}, Latency{LatencyShape::fixed, milliseconds(7), {}});
  paths.set_latency({0}, {}, Latency{LatencyShape::fixed, milliseconds(9), {}});
  BOOST_TEST((paths.pass(Moment{}, packet(0, 1, 0)).delay == milliseconds(7)));
  BOOST_TEST((paths.pass(Moment{}, packet(0, 3, 0)).delay == milliseconds(9)));
  BOOST_TEST((paths.pass(Moment{}, packet(1, 0, 0)).delay == microseconds(100)));
}

BOOST_AUTO_TEST_CASE(RemovingOneFaultLeavesEveryOtherDrawUnchanged) {
  Fault loss = over(FaultKind::loss);
  loss.ppm = 200'000;
  Fault late = over(FaultKind::reorder);
  late.ppm = 400'000;
  late.micros = 9'000;
  Paths both(Keyed(5), 4, Latency{}, 50'000);
  Paths one(Keyed(5), 4, Latency{}, 50'000);
  both.begin(0, loss);
  both.begin(1, late);
  one.begin(1, late);
  int differ = 0;
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    const Fate x = both.pass(Moment{}, packet(0, 1, i));
    const Fate y = one.pass(Moment{}, packet(0, 1, i));
    BOOST_TEST_REQUIRE((x.delay == y.delay));
    BOOST_TEST_REQUIRE((!y.lost || x.lost));
    differ += x.lost != y.lost;
  }
  BOOST_TEST(differ > 500);
  BOOST_TEST(both.effects(1) == one.effects(1));
}

BOOST_AUTO_TEST_CASE(AFaultWithAnIdKeepsItsDrawsAtAnotherPlace) {
  Fault loss = over(FaultKind::loss);
  loss.ppm = 200'000;
  Paths third = network();
  third.begin(2, loss);
  loss.id = 2;
  Paths first = network();
  first.begin(0, loss);
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    BOOST_TEST_REQUIRE(first.pass(Moment{}, packet(0, 1, i)).lost ==
                       third.pass(Moment{}, packet(0, 1, i)).lost);
  }
  BOOST_TEST(first.effects(0) > 100);
}

BOOST_AUTO_TEST_CASE(DroppingThePacketsThatALossLostIsTheSame) {
  Fault loss = over(FaultKind::loss);
  loss.ppm = 300'000;
  loss.from = {0, 1};
  Paths lossy = network();
  lossy.begin(0, loss);
  lossy.remember_losses(0);
  Fault cut = over(FaultKind::cut);  // what another fault loses is none of its business
  cut.from = {1};
  lossy.begin(1, cut);
  std::vector<bool> lost;
  const auto from = [](std::uint64_t i) { return static_cast<HostIndex>(i % 3); };
  for (std::uint64_t i = 0; i < 900; ++i) {
    lost.push_back(lossy.pass(Moment{}, packet(from(i), 3, i)).lost);
  }
  BOOST_TEST(lossy.losses().size() == lossy.effects(0));
  Fault drop = over(FaultKind::drop);
  drop.packets = lossy.losses();
  std::sort(drop.packets.begin(), drop.packets.end());
  Paths dropping = network();
  dropping.begin(0, drop);
  dropping.begin(1, cut);
  for (std::uint64_t i = 0; i < 900; ++i) {
    BOOST_TEST_REQUIRE(dropping.pass(Moment{}, packet(from(i), 3, i)).lost == lost[i]);
  }
  BOOST_TEST(dropping.effects(0) == lossy.effects(0));
  BOOST_TEST(dropping.quiet(2, 3));
  BOOST_TEST(!dropping.quiet(0, 3));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rpcnet::sim
