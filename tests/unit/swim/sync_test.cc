// Comparing views: large ones in pieces, equal ones in one round trip, and a limit on how many.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "engine/swim/message.h"
#include "tests/support/swim_world.h"

using namespace rpcnet;
using namespace rpcnet::swim;
using namespace rpcnet::test;
using namespace std::chrono_literals;

namespace {

NodeId id(const std::string& name) { return *NodeId::parse(name); }

// Makes a running host believe in members PREFIX0, PREFIX1, ... that have tags.
void imagine(SwimWorld& world, std::size_t host, const std::string& prefix, int count) {
  const LinkId link = world.intrude(host, PeerIdentity{"test", prefix + "*"});
  for (int begin = 0; begin < count; begin += 100) {
    Message message{{id(prefix + "0"), 0, Address::v4(9, 0, 0, 0, 1), 0}, Gossip{}, {}};
    for (int i = begin; i < begin + 100; ++i) {
      const auto high = static_cast<std::uint8_t>(i / 250);
      const auto low = static_cast<std::uint8_t>(i % 250);
      message.updates.push_back({id(prefix + std::to_string(i)),
                                 {0, MemberStatus::alive, Address::v4(9, 0, high, low, 1)},
                                 {},
                                 TagSet{1, {{"role", "worker"}, {"label", prefix}}}});
    }
    world.inject(host, link, serialize(message));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(swim_sync)

BOOST_AUTO_TEST_CASE(AJoinerLearnsFiveThousandMembersWithTheirTags) {
  SwimWorld world({.seed = 1});
  world.add("a");
  world.add("b");
  world.start(0);
  imagine(world, 0, "x", 5000);
  world.start(1, {0});
  BOOST_TEST(world.run_until([&] { return !world[1].joined.empty(); }, 1s));
  BOOST_TEST(world[1].swim->member_count() == 5002U);
  BOOST_TEST(world[1].swim->find(id("x4999"))->tags.at("label") == "x");
}

// Each side has five thousand that the other lacks: digests and states in many pieces, both ways.
BOOST_AUTO_TEST_CASE(TwoLargeViewsBecomeOne) {
  SwimWorld world({.seed = 2, .loss_permille = 50});
  world.add("a");
  world.add("b");
  world.start(0);
  imagine(world, 0, "x", 5000);
  world.start(1, {0});
  imagine(world, 1, "y", 5000);
  BOOST_TEST(world.run_until([&] { return world[0].swim->member_count() == 10'002; }, 10s));
  BOOST_TEST(world[1].swim->member_count() == 10'002U);
}

BOOST_AUTO_TEST_CASE(EqualViewsCostOneRoundTrip) {
  SwimWorld world({.seed = 3});
  world.add("a");
  world.add("b");
  world.start(0);
  world.start(1, {0});
  world.run_for(10s);
  const auto sum = [&](auto member) {
    return world[0].swim->counters().*member + world[1].swim->counters().*member;
  };
  const auto completed = sum(&Counters::syncs_completed);
  const auto updates = sum(&Counters::updates_sent);
  world.run_for(120s);
  const auto syncs = sum(&Counters::syncs_completed) - completed;
  BOOST_TEST(syncs >= 10U);
  // Each side describes itself, and nobody else.
  BOOST_TEST(sum(&Counters::updates_sent) - updates == 2 * syncs);
  BOOST_TEST(sum(&Counters::syncs_failed) == 0U);
}

// Many ask at once, as after the restart of a seed: some are turned away and come again.
BOOST_AUTO_TEST_CASE(TooManyAskersAreTurnedAwayAndComeAgain) {
  SwimWorld world({.seed = 4, .latency = 50ms});
  for (int i = 0; i < 150; ++i) world.add("n" + std::to_string(i));
  for (std::size_t i = 0; i < 150; ++i) world.start(i, {0});
  BOOST_TEST(world.run_until([&] { return world.agreed(); }, 10s));
  BOOST_TEST(world[0].swim->counters().syncs_refused > 0U);
  world.run_for(5s);
  for (std::size_t i = 1; i < 150; ++i) BOOST_TEST(world[i].joined.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
