// A cluster cut in pieces: who says what of it, and how it becomes one again.
#include <boost/test/unit_test.hpp>
#include <set>
#include <string>

#include "tests/support/swim_world.h"

using namespace rpcnet;
using namespace rpcnet::test;
using namespace std::chrono_literals;

namespace {

void populate(SwimWorld& world, std::size_t count, std::size_t seeds = 1) {
  for (std::size_t i = 0; i < count; ++i) world.add("n" + std::to_string(100 + i));
  std::vector<std::size_t> through;
  for (std::size_t i = 0; i < seeds; ++i) through.push_back(i);
  for (std::size_t i = 0; i < count; ++i) world.start(i, through);
}

// What each of them was told last, all alike.
bool all_told(SwimWorld& world, std::size_t from, std::size_t to, PartitionSide side, bool quorum) {
  for (std::size_t i = from; i < to; ++i) {
    const auto& told = world[i].partitions;
    if (told.empty() || told.back().side != side || told.back().quorum != quorum) return false;
  }
  return true;
}

std::size_t healed(SwimWorld& world) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < world.size(); ++i) count += world[i].healed.size();
  return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(swim_partition)

BOOST_AUTO_TEST_CASE(HalvesAreToldAndTheLowestNameHasTheQuorum) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    SwimWorld world({.seed = seed});
    populate(world, 20);
    world.run_for(10s);
    world.split(10);
    world.run_for(120s);
    BOOST_TEST(all_told(world, 0, 10, PartitionSide::half, true));
    BOOST_TEST(all_told(world, 10, 20, PartitionSide::half, false));
    for (std::size_t i = 0; i < 20; ++i) {
      BOOST_TEST(world[i].partitions.back().known == 20U);
      BOOST_TEST(world[i].partitions.back().reachable == 10U);
    }
    BOOST_TEST(healed(world) == 0U);
    world.mend_all();
    BOOST_TEST(world.run_until([&] { return world.agreed(); }, 60s), world.describe());
    BOOST_TEST(healed(world) == 20U);
    for (std::size_t i = 0; i < 20; ++i) BOOST_TEST(!world[i].swim->partition().has_value());
  }
}

// The many lost two of twenty: to them that is two failures and no partition.
BOOST_AUTO_TEST_CASE(TheFewAreToldOfAPartitionAndTheManyOfFailures) {
  for (const std::size_t few : {1U, 2U}) {
    SwimWorld world({.seed = 4});
    populate(world, 20);
    world.run_for(10s);
    world.split(few);
    world.run_for(120s);
    BOOST_TEST(all_told(world, 0, few, PartitionSide::minority, false));
    for (std::size_t i = few; i < 20; ++i) {
      BOOST_TEST(world[i].partitions.empty());
      BOOST_TEST(world.count(i, MemberEventKind::failed) == few);
    }
    world.mend_all();
    BOOST_TEST(world.run_until([&] { return world.agreed(); }, 60s), world.describe());
    BOOST_TEST(healed(world) == few);
  }
}

// Who is alone doubts itself and accuses nobody for long (own_network_patience). That it is cut off
// it knows when its neighbours have been silent for Phi and have not answered, and `grace` later it
// says so: 1.6 s, at most 2 s of a probe, and 5 s.
BOOST_AUTO_TEST_CASE(TheLonelyKnowOfThePartitionBeforeTheyAccuseAnybody) {
  for (const std::size_t count : {4U, 20U, 60U}) {
    SwimWorld world({.seed = 15});
    populate(world, count);
    world.run_for(10s);
    world.split(1);
    BOOST_TEST(world.run_until([&] { return !world[0].partitions.empty(); }, 9s));
    BOOST_TEST(all_told(world, 0, 1, PartitionSide::minority, false));
    BOOST_TEST(world[0].partitions.back().reachable == 1U);
    BOOST_TEST(world[0].partitions.back().known == count);
    BOOST_TEST(world[0].swim->counters().suspicions == 0U);
    world.run_for(5s);
    BOOST_TEST(world[0].swim->partition().has_value());
    world.mend_all();
    // Two of them answer: the doubt is over, and nobody was accused.
    BOOST_TEST(world.run_until([&] { return world[0].healed.size() == 1; }, 5s));
    BOOST_TEST(world.run_until([&] { return world.agreed(); }, 60s), world.describe());
    BOOST_TEST(world[0].partitions.size() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(AMajorityThatLostAThirdKeepsTheQuorum) {
  SwimWorld world({.seed = 5});
  populate(world, 21);
  world.run_for(10s);
  world.split(7);
  world.run_for(60s);
  BOOST_TEST(all_told(world, 0, 7, PartitionSide::minority, false));
  BOOST_TEST(all_told(world, 7, 21, PartitionSide::majority, true));
}

BOOST_AUTO_TEST_CASE(ACrashOfOneIsNoPartitionHoweverSmallTheCluster) {
  for (const std::size_t count : {2U, 3U, 4U}) {
    SwimWorld world({.seed = 6});
    populate(world, count);
    world.run_for(10s);
    world.crash(count - 1);
    world.run_for(60s);
    for (std::size_t i = 0; i + 1 < count; ++i) BOOST_TEST(world[i].partitions.empty());
  }
}

// It must last: a restarted switch is back before anybody is told.
BOOST_AUTO_TEST_CASE(AnInterruptionShorterThanTheGraceIsNotTold) {
  SwimWorld world({.seed = 7});
  populate(world, 20);
  world.run_for(10s);
  world.split(10);
  world.run_for(4s);
  world.mend_all();
  world.run_for(60s);
  for (std::size_t i = 0; i < 20; ++i) BOOST_TEST(world[i].partitions.empty());
}

// A minority that starts new members must not take itself for the majority.
BOOST_AUTO_TEST_CASE(NewcomersDoNotMakeAMajority) {
  SwimWorld world({.seed = 8});
  populate(world, 10);
  for (std::size_t i = 0; i < 10; ++i) world.add("late" + std::to_string(i));
  world.run_for(10s);
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 3; b < 10; ++b) world.cut_both(a, b);
  }
  for (std::size_t a = 10; a < 20; ++a) {
    for (std::size_t b = 3; b < 10; ++b) world.cut_both(a, b);
  }
  world.run_for(60s);
  for (std::size_t i = 10; i < 20; ++i) world.start(i, {0});
  world.run_for(30s);
  for (std::size_t i = 0; i < 3; ++i) {
    BOOST_TEST(world[i].swim->member_count() == 13U);
    BOOST_TEST_REQUIRE(world[i].swim->partition().has_value());
    BOOST_TEST(world[i].swim->partition()->reachable == 3U);
    BOOST_TEST(!world[i].swim->partition()->quorum);
  }
}

// Longer than tombstones live: the lesser side remembers whom it lost; where both sides are too
// small to speak of sides, addresses are remembered.
BOOST_AUTO_TEST_CASE(AfterADayTheHalvesFindTogetherWithoutSeeds) {
  struct Case {
    std::size_t count, split;
  };
  for (const Case& one : {Case{2, 1}, Case{6, 3}, Case{6, 1}}) {
    SwimWorld world({.seed = 9});
    populate(world, one.count);
    world.run_for(10s);
    BOOST_TEST_REQUIRE(world.agreed());
    // From now on nobody has a seed.
    for (std::size_t i = 0; i < one.count; ++i) world.join(i, {});
    world.split(one.split);
    world.run_for(25h);
    BOOST_TEST(world[0].swim->member_count() == one.split);
    world.mend_all();
    const Instant mended = world.now();
    BOOST_TEST(world.run_until([&] { return world.agreed(); }, 60s), world.describe());
    BOOST_TEST_MESSAGE("one view after " << (world.now() - mended) / 1ms << " ms");
    world.run_for(60s);
    BOOST_TEST(world.agreed());
  }
}

// A switch that restarts cuts one half from the other for twelve seconds.
BOOST_AUTO_TEST_CASE(MassSuspicionFailsNobodyForAWhile) {
  const auto failures = [](Duration freeze_max) {
    SwimConfig config;
    config.verdict.freeze_max = freeze_max;
    SwimWorld world({.seed = 10, .swim = config});
    populate(world, 20);
    world.run_for(10s);
    world.split(10);
    world.run_for(12s);
    world.mend_all();
    BOOST_TEST(world.run_until([&] { return world.agreed(); }, 30s), world.describe());
    return world.count_all(MemberEventKind::failed);
  };
  BOOST_TEST(failures(0s) > 50U);
  BOOST_TEST(failures(10s) == 0U);
}

// The freeze has an end: those who are really dead are declared so.
BOOST_AUTO_TEST_CASE(ARealMassDeathIsDeclaredWhenTheFreezeEnds) {
  SwimWorld world({.seed = 11});
  populate(world, 20);
  world.run_for(10s);
  for (std::size_t i = 8; i < 20; ++i) world.crash(i);
  BOOST_TEST(world.run_until([&] { return world.agreed(); }, 30s), world.describe());
}

// Rapid's cut without its consensus: those who die together are declared so together.
BOOST_AUTO_TEST_CASE(FailuresOfOneCauseAreOneStep) {
  const auto steps = [](Duration cut_wait) {
    SwimConfig config;
    config.verdict.cut_wait = cut_wait;
    std::size_t seen_steps = 0;
    for (const std::uint64_t seed : {12U, 13U, 14U}) {
      SwimWorld world({.seed = seed, .swim = config});
      populate(world, 60);
      world.run_for(10s);
      for (std::size_t i = 50; i < 60; ++i) world.crash(i);
      BOOST_TEST(world.run_until([&] { return world.agreed(); }, 30s));
      for (std::size_t i = 0; i < 50; ++i) {
        std::set<Instant> instants;
        for (const auto& seen : world[i].events) {
          if (seen.event.kind == MemberEventKind::failed) instants.insert(seen.at);
        }
        seen_steps += instants.size();
        // What is told as one step is what happened in one, and holds the members that failed.
        std::size_t in_cuts = 0;
        for (const MembersCut& cut : world[i].cuts) {
          BOOST_TEST(cut.members.size() > 1U);
          in_cuts += cut.members.size();
        }
        BOOST_TEST(in_cuts <= 10U);
        if (cut_wait > Duration::zero()) BOOST_TEST(in_cuts >= 8U);
      }
    }
    return seen_steps;
  };
  const std::size_t together = steps(1s);
  const std::size_t apart = steps(0s);
  BOOST_TEST_MESSAGE("steps of 150 views: " << together << ", " << apart << " without waiting");
  BOOST_TEST(together < 500U);
  BOOST_TEST(together * 2 < apart);
}

BOOST_AUTO_TEST_SUITE_END()
