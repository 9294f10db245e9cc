// Lifeguard, rings, gray failure and one's own network, in whole clusters and in virtual time.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "engine/profiles.h"
#include "engine/swim/incarnation.h"
#include "tests/support/swim_world.h"

using namespace rpcnet;
using namespace rpcnet::swim;
using namespace rpcnet::test;
using namespace std::chrono_literals;

namespace {

struct Cluster {
  SwimWorld world;
  std::size_t count;

  Cluster(std::size_t members, std::uint64_t seed, const SwimConfig& swim = {},
          const PhiConfig& phi = {})
      : world({.seed = seed, .swim = swim, .phi = phi}), count(members) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string number = std::to_string(i);
      world.add("n" + std::string(4 - number.size(), '0') + number);
    }
    for (std::size_t i = 0; i < count; ++i) world.start(i, {0});
    BOOST_REQUIRE(world.run_until([&] { return world.agreed(); }, 20s));
    world.run_for(10s);
  }

  const swim::Counters& counters(std::size_t host) { return world[host].swim->counters(); }
  swim::Health health(std::size_t of, std::size_t by) {
    return world[by].swim->health(world[of].id, world.now());
  }
};

// Nothing but probes: each second one, as SWIM has it, with Lifeguard's score.
SwimConfig probes_alone() {
  SwimConfig config;
  config.rings = 0;
  config.round_interval = config.probe_interval;
  return config;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(swim_lifeguard)

// Goal: who probes a dead member is not ill for it: the relays' nacks come in time and clear it
// (memberlist's come too late and raise a healthy prober's score by three).
BOOST_AUTO_TEST_CASE(AHealthyProberIsNeverBlamedForADeadTarget) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    for (const bool rings : {false, true}) {
      Cluster c(20, seed, rings ? SwimConfig{} : probes_alone());
      c.world.crash(7);
      std::uint32_t worst = 0;
      std::uint64_t failed = 0;
      for (int step = 0; step < 200; ++step) {
        c.world.run_for(100ms);
        for (std::size_t i = 0; i < c.count; ++i) {
          if (i != 7) worst = std::max(worst, c.world[i].swim->local_health());
        }
      }
      for (std::size_t i = 0; i < c.count; ++i) {
        if (i != 7) failed += c.counters(i).probes_failed;
      }
      BOOST_TEST(failed > 0U);
      BOOST_TEST(worst == 0U);
    }
  }
}

// The relays live but say nothing: each missed nack is a mark against us.
BOOST_AUTO_TEST_CASE(MissedNacksAreOurOwnFault) {
  SwimConfig swim = probes_alone();
  swim.own_network_patience = 1000s;
  Cluster c(10, 4, swim);
  for (std::size_t i = 1; i < 10; ++i) c.world.cut_both(0, i);
  c.world.run_for(10s);
  BOOST_TEST(c.world[0].swim->local_health() >= 3U);
  c.world.mend_all();
  c.world.run_for(60s);
  BOOST_TEST(c.world[0].swim->local_health() == 0U);  // each success takes one back
}

// Goal: independent accusers shorten the suspicion: with none to confirm it lasts as it began.
BOOST_AUTO_TEST_CASE(ConfirmationsMakeADeathKnownSooner) {
  const auto known_after = [](std::size_t confirmations) {
    SwimConfig swim;
    swim.suspicion_confirmations = confirmations;
    Cluster c(30, 5, swim);
    const Instant killed = c.world.now();
    c.world.crash(11);
    BOOST_REQUIRE(c.world.run_until([&] { return c.world.agreed(); }, 60s));
    return c.world.now() - killed;
  };
  BOOST_TEST((known_after(3) < 3500ms));
  BOOST_TEST((known_after(28) > 4s));  // more than there are observers
}

// Goal: detection does not depend on the size of the cluster. Bar: by all within three seconds in
// the middle, half a second more at the worst.
BOOST_AUTO_TEST_CASE(ACrashIsKnownByAllWithinThreeSeconds) {
  for (const std::size_t count : {4U, 9U, 30U, 61U}) {
    std::vector<Duration> times;
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
      Cluster c(count, seed);
      const Instant killed = c.world.now();
      c.world.crash(count / 2);
      BOOST_TEST(c.world.run_until([&] { return c.world.agreed(); }, 10s));
      times.push_back(c.world.now() - killed);
      BOOST_TEST(c.world.count_all(MemberEventKind::failed) == count - 1);
    }
    std::sort(times.begin(), times.end());
    BOOST_TEST((times[1] <= 3100ms), count << " members: " << times[1] / 1ms << " ms");
    BOOST_TEST((times.back() <= 3500ms), count << " members: " << times.back() / 1ms << " ms");
  }
}

// Goal: the case of sixty workers and their director, which watches them all: five are killed in
// the same moment, and all others know of all five.
BOOST_AUTO_TEST_CASE(FiveKillsOfSixtyOneAreKnownByAllWithinThreeSeconds) {
  for (std::uint64_t seed = 20; seed < 29; ++seed) {
    Cluster c(61, seed);
    for (std::size_t i = 1; i < c.count; ++i) c.world.watch(0, i);
    c.world.run_for(Duration(10s) + seed * 113ms);
    const Instant killed = c.world.now();
    for (std::size_t i = 0; i < 5; ++i) c.world.crash(7 + 11 * i);
    BOOST_TEST(c.world.run_until([&] { return c.world.agreed(); }, 10s), c.world.describe());
    const Duration taken = c.world.now() - killed;
    BOOST_TEST_MESSAGE("five of 61 known by all after " << taken / 1ms << " ms");
    BOOST_TEST((taken <= 3s), "seed " << seed << ": " << taken / 1ms << " ms");
    BOOST_TEST(c.world.count_all(MemberEventKind::failed) == 5U * 56U);
  }
}

// Goal: who loses its own network accuses nobody, neither then nor after (the proof of two others).
BOOST_AUTO_TEST_CASE(AnIsolatedNodeAccusesNobody) {
  for (const std::size_t count : {3U, 20U}) {
    Cluster c(count, 6);
    for (std::size_t i = 1; i < count; ++i) c.world.cut_both(0, i);
    c.world.run_for(9s);
    BOOST_TEST(c.counters(0).suspicions == 0U);
    BOOST_TEST(c.counters(0).probes_unproven > 0U);
    c.world.mend_all();
    BOOST_TEST(c.world.run_until([&] { return c.world.agreed(); }, 10s), c.world.describe());
    c.world.run_for(10s);
    for (std::size_t i = 1; i < count; ++i) {
      BOOST_TEST(c.world.count(i, MemberEventKind::failed) <= 1U);  // of the isolated one
    }
    BOOST_TEST(c.counters(0).suspicions == 0U);
  }
}

// But when all others are gone, that is found in the end.
BOOST_AUTO_TEST_CASE(TheLastOneFindsAllOthersDead) {
  Cluster c(5, 7);
  for (std::size_t i = 1; i < 5; ++i) c.world.crash(i);
  BOOST_TEST(c.world.run_until([&] { return c.world[0].swim->member_count() == 1; }, 90s));
}

// Nearly all are gone, and the few have to find one another among them before they can prove their
// networks, accuse, and agree: a turn of the search (60 / 8 s), a probe (9 s, of who is not well),
// another after the proof, a suspicion (8 s) and the freeze (10 s).
BOOST_AUTO_TEST_CASE(TheFewThatAreLeftAgreeSoon) {
  for (const std::uint64_t seed : {14U, 15U, 16U}) {
    Cluster c(60, seed);
    for (std::size_t i = 0; i < 55; ++i) c.world.crash(i);
    const Instant killed = c.world.now();
    BOOST_TEST(c.world.run_until([&] { return c.world.agreed(); }, 60s), c.world.describe());
    BOOST_TEST_MESSAGE("55 of 60: one view after " << (c.world.now() - killed) / 1ms << " ms");
  }
}

// Two of four die at once: the other two prove each other's networks and need no patience.
BOOST_AUTO_TEST_CASE(HalfOfFourIsNoReasonToDoubtOneself) {
  Cluster c(4, 17);
  c.world.crash(2);
  c.world.crash(3);
  BOOST_TEST(c.world.run_until([&] { return c.world.agreed(); }, 15s), c.world.describe());
}

// Goal: a path that fails one way is seen by what is not given back. Method: nothing reaches n3,
// which is heard all the time.
BOOST_AUTO_TEST_CASE(OneWayLossShowsInMissingAnswers) {
  Cluster c(6, 8);
  c.world.cut(0, 3);
  BOOST_TEST(c.world.run_until([&] { return c.health(3, 0).avoid; }, 3s));
  c.world.run_for(500ms);
  const auto health = c.health(3, 0);
  BOOST_TEST(health.phi_answered_milli >= 3000U);
  BOOST_TEST(health.phi_heard_milli < 1000U);
  // The members view says so too.
  for (const MemberHealth& one : c.world[0].swim->cluster_health(c.world.now()).members) {
    if (one.member.id != c.world[3].id) continue;
    BOOST_TEST(one.phi_answered_milli == health.phi_answered_milli);
    BOOST_TEST(one.phi_heard_milli == health.phi_heard_milli);
    BOOST_TEST_REQUIRE(one.unanswered_for.has_value());
    BOOST_TEST((*one.unanswered_for >= 1500ms));
    BOOST_TEST((*one.silent_for < 1500ms));
  }
  // The relays reach it: no verdict.
  c.world.run_for(20s);
  BOOST_TEST(c.world.count_all(MemberEventKind::failed) == 0U);
  c.world.mend_all();
  c.world.run_for(3s);
  BOOST_TEST(!c.health(3, 0).avoid);
}

// A flip-flop: deaf for 20 s, well for 20 s, again and again. It goes once at the most, then it is
// kept as Degraded; nobody else is touched; and it is whole again in the end.
BOOST_AUTO_TEST_CASE(AFlappingMemberBecomesDegradedAndStays) {
  Cluster c(20, 9);
  for (int cycle = 0; cycle < 6; ++cycle) {
    for (std::size_t i = 0; i < c.count; ++i) {
      if (i != 5) c.world.cut(i, 5);
    }
    c.world.run_for(20s);
    c.world.mend_all();
    c.world.run_for(20s);
  }
  for (std::size_t i = 0; i < c.count; ++i) {
    if (i == 5) continue;
    BOOST_TEST(c.world.count(i, MemberEventKind::failed) <= 1U);
    BOOST_TEST(c.world.count(i, MemberEventKind::degraded) == 1U);
    BOOST_TEST(c.health(5, i).degraded);
    BOOST_TEST(c.health(5, i).avoid);
  }
  BOOST_TEST(c.world.count_all(MemberEventKind::failed) <= c.count - 1);
  c.world.run_for(600s);
  for (std::size_t i = 0; i < c.count; ++i) {
    if (i == 5) continue;
    BOOST_TEST(c.world.count(i, MemberEventKind::restored) == 1U);
    BOOST_TEST(!c.health(5, i).avoid);
  }
}

// Who refutes its death, and heard nobody meanwhile, says that it was cut off: Degraded at its
// first return, whether it was deaf only or mute too. No work for it, but nobody fails it again at
// once.
BOOST_AUTO_TEST_CASE(WhoWasCutOffFromAllIsDegradedAtItsReturn) {
  for (const bool mute : {false, true}) {
    Cluster c(20, 9);
    for (std::size_t i = 0; i < c.count; ++i) {
      if (i != 5) c.world.cut(i, 5);
      if (i != 5 && mute) c.world.cut(5, i);
    }
    c.world.run_for(20s);
    c.world.mend_all();
    BOOST_TEST(c.world.run_until([&] { return c.world.agreed(); }, 20s), c.world.describe());
    c.world.run_for(1s);
    const auto own = c.world[5].swim->find(c.world[5].id);
    BOOST_TEST_REQUIRE(own.has_value());
    BOOST_TEST(isolations_of(own->incarnation) == 1U);
    for (std::size_t i = 0; i < c.count; ++i) {
      BOOST_TEST(c.world.count(i, MemberEventKind::degraded) == (i == 5 ? 0U : 1U));
      BOOST_TEST((i == 5 || c.health(5, i).avoid));
    }
    c.world.run_for(300s);
    BOOST_TEST(c.world.count_all(MemberEventKind::restored) == c.count - 1);
  }
}

// The two sides of a partition are not ill, nor is anybody when the network of all fails.
BOOST_AUTO_TEST_CASE(AfterAPartitionNobodyIsDegraded) {
  for (const std::size_t few : {10U, 4U, 2U}) {
    Cluster c(20, 9);
    c.world.split(few);
    c.world.run_for(40s);
    c.world.mend_all();
    BOOST_TEST(c.world.run_until([&] { return c.world.agreed(); }, 30s), c.world.describe());
    c.world.run_for(20s);
    BOOST_TEST(c.world.count_all(MemberEventKind::degraded) == 0U, few << " of 20 apart");
  }
  Cluster c(20, 9);
  for (std::size_t i = 0; i < c.count; ++i) {
    for (std::size_t other = 0; other < i; ++other) c.world.cut_both(i, other);
  }
  c.world.run_for(60s);
  c.world.mend_all();
  BOOST_TEST(c.world.run_until([&] { return c.world.agreed(); }, 60s), c.world.describe());
  c.world.run_for(20s);
  BOOST_TEST(c.world.count_all(MemberEventKind::degraded) == 0U);
}

// An incarnation is ordered by its life, then by isolations, then by refutations.
BOOST_AUTO_TEST_CASE(AnIncarnationCountsLivesAndIsolations) {
  const Incarnation first = next_life(0);
  BOOST_TEST(life_of(first) == 1U);
  BOOST_TEST(isolations_of(first + 7) == 0U);
  const Incarnation back = next_isolation(first + 7);
  BOOST_TEST(back > first + 7);
  BOOST_TEST(life_of(back) == 1U);
  BOOST_TEST(isolations_of(back) == 1U);
  Incarnation often = first;
  for (int i = 0; i < 100; ++i) often = next_isolation(often);
  BOOST_TEST(life_of(often) == 1U);
  BOOST_TEST(isolations_of(often) == 63U);
  BOOST_TEST(next_life(often) > often);
  BOOST_TEST(isolations_of(next_life(often)) == 0U);
}

// A restart is no flap: what comes back is another life, and the next crash is found as soon.
BOOST_AUTO_TEST_CASE(ARestartIsNoFlap) {
  Cluster c(12, 10);
  for (int life = 0; life < 3; ++life) {
    c.world.crash(4);
    BOOST_TEST(c.world.run_until([&] { return c.world.agreed(); }, 4s), c.world.describe());
    c.world.start(4, {0});
    BOOST_TEST(c.world.run_until([&] { return c.world.agreed(); }, 4s), c.world.describe());
    c.world.run_for(5s);
  }
  BOOST_TEST(c.world.count_all(MemberEventKind::degraded) == 0U);
}

// After a quick restart the new process is heard before its first heartbeat: its silence is over.
BOOST_AUTO_TEST_CASE(AnyWordEndsTheSilence) {
  Cluster c(5, 11);
  c.world.crash(2);
  BOOST_TEST(c.world.run_until([&] { return c.health(2, 0).phi_heard_milli >= 3000; }, 3s));
  c.world.start(2, {0});
  const auto heard = c.health(2, 0).last_heard;
  BOOST_TEST(c.world.run_until([&] { return c.health(2, 0).last_heard != heard; }, 2s));
  BOOST_TEST(c.health(2, 0).phi_heard_milli < 1000U);
}

// Goal: load does not grow with the cluster.
BOOST_AUTO_TEST_CASE(AnIdleNodeSaysTheSameInALargeCluster) {
  const auto said = [](std::size_t count) {
    Cluster c(count, 12);
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    for (std::size_t i = 0; i < count; ++i) before += c.counters(i).messages_sent;
    c.world.run_for(20s);
    for (std::size_t i = 0; i < count; ++i) after += c.counters(i).messages_sent;
    return (after - before) / count;
  };
  const auto few = said(30);
  const auto many = said(150);
  BOOST_TEST(few > 100U);  // eight neighbours, each second
  BOOST_TEST(many <= few + few / 5);
}

// The mode to compare with: no heartbeats, no scores, and a crash found as slowly as ever.
BOOST_AUTO_TEST_CASE(PureSwimRunsWithoutRings) {
  const auto [swim, phi] = pure_swim();
  Cluster c(20, 13, swim, phi);
  BOOST_TEST(c.counters(3).heartbeats_sent == 0U);
  const Instant killed = c.world.now();
  c.world.crash(3);
  BOOST_TEST(c.world.run_until([&] { return c.world.agreed(); }, 40s));
  BOOST_TEST((c.world.now() - killed > 6s));
}

BOOST_AUTO_TEST_SUITE_END()
