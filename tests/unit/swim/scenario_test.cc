// Whole clusters in virtual time: joining, dying, coming back.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "tests/support/swim_world.h"

using namespace rpcnet;
using namespace rpcnet::test;
using namespace std::chrono_literals;

namespace {

// Adds `count` hosts n00, n01, ... and starts them through the first `seeds` of them.
void populate(SwimWorld& world, std::size_t count, std::size_t seeds = 1) {
  std::vector<std::size_t> through;
  for (std::size_t i = 0; i < seeds; ++i) through.push_back(i);
  for (std::size_t i = 0; i < count; ++i) {
    std::string number = std::to_string(i);
    world.add("n" + std::string(4 - number.size(), '0') + number);
  }
  for (std::size_t i = 0; i < count; ++i) world.start(i, through);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(swim_scenario)

BOOST_AUTO_TEST_CASE(TwoNodesKnowEachOtherAtOnce) {
  SwimWorld world({.seed = 1});
  populate(world, 2);
  BOOST_TEST(world.run_until([&] { return world.agreed(); }, 1s), world.describe());
  BOOST_TEST(world[1].joined.size() == 1U);
  BOOST_TEST(world[0].joined.empty());  // the first: nobody lets it in
  BOOST_TEST(world.count(0, MemberEventKind::joined) == 1U);
}

// Goal: the timing of the director and worker example, 61 nodes.
BOOST_AUTO_TEST_CASE(SixtyOneNodesKnowAllWithinTenSeconds) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    SwimWorld world({.seed = seed});
    populate(world, 61);
    BOOST_TEST(world.run_until([&] { return world.agreed(); }, 10s), world.describe());
    world.run_for(60s);
    BOOST_TEST(world.agreed());
    BOOST_TEST(world.count_all(MemberEventKind::failed) == 0U);
    BOOST_TEST(world.count_all(MemberEventKind::joined) == 61U * 60U);
    for (std::size_t i = 1; i < 61; ++i) BOOST_TEST(world[i].joined.size() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(ACrashIsKnownByAllWithinTwelveSeconds) {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    SwimWorld world({.seed = seed});
    populate(world, 61);
    BOOST_REQUIRE(world.run_until([&] { return world.agreed(); }, 10s));
    world.run_for(20s);
    const Instant killed = world.now();
    world.crash(17);
    BOOST_TEST(world.run_until([&] { return world.agreed(); }, 15s), world.describe());
    BOOST_TEST_MESSAGE("known by all after " << (world.now() - killed) / 1ms << " ms");
    BOOST_TEST((world.now() - killed < 12s));
    BOOST_TEST(world.count_all(MemberEventKind::failed) == 60U);
    world.run_for(60s);
    BOOST_TEST(world.agreed());
    BOOST_TEST(world.count_all(MemberEventKind::failed) == 60U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
