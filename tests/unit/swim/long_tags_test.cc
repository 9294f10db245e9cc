// Tags that no datagram holds, comparisons that would cost too much, and zones.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <string>

#include "engine/swim/message.h"
#include "tests/support/swim_world.h"

using namespace rpcnet;
using namespace rpcnet::swim;
using namespace rpcnet::test;
using namespace std::chrono_literals;

namespace {

// docs/wire.md.
constexpr std::uint8_t kPingReq = 3;
constexpr std::uint8_t kGossip = 6;

Tags long_tags(const std::string& label, std::size_t size) {
  Tags tags{{"label", label}};
  for (int i = 0; size > 0; ++i) {
    const std::size_t piece = std::min<std::size_t>(size, 1000);
    tags["blob-" + std::to_string(100 + i)] = std::string(piece, 'x') + label;
    size -= piece;
  }
  return tags;
}

bool all_hold(SwimWorld& world) {
  for (std::size_t i = 0; i < world.size(); ++i) {
    if (!world[i].swim) continue;
    for (std::size_t j = 0; j < world.size(); ++j) {
      if (!world[j].swim) continue;
      const auto member = world[i].swim->find(world[j].id);
      const auto own = world[j].swim->find(world[j].id);
      if (!member || member->tags != own->tags) return false;
    }
  }
  return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(swim_long_tags)

BOOST_AUTO_TEST_CASE(LongTagsReachAllByStreamAlsoUnderLossAndWhenTheyChange) {
  for (const std::uint32_t loss : {0U, 100U}) {
    SwimWorld world({.seed = 1, .loss_permille = loss});
    for (std::size_t i = 0; i < 20; ++i) {
      world.add("n" + std::to_string(100 + i));
      world[i].tags = long_tags("n" + std::to_string(i), 3500);
    }
    std::size_t largest = 0;
    world.tap([&](std::size_t, std::size_t, const Bytes& bytes, bool stream) {
      if (!stream) largest = std::max(largest, bytes.size());
    });
    for (std::size_t i = 0; i < 20; ++i) world.start(i, {0});
    BOOST_TEST(world.run_until([&] { return all_hold(world); }, 20s));
    std::uint64_t fetched = 0;
    for (std::size_t i = 0; i < 20; ++i) fetched += world[i].swim->counters().fetches;
    world.set_tags(7, {{"label", "changed"}});
    const Instant changed = world.now();
    BOOST_TEST(world.run_until([&] { return all_hold(world); }, 10s));
    BOOST_TEST_MESSAGE("changed everywhere after " << (world.now() - changed) / 1ms << " ms");
    // One took it from another, not all from its owner: that is how news spreads.
    std::uint64_t after = 0;
    for (std::size_t i = 0; i < 20; ++i) after += world[i].swim->counters().fetches;
    BOOST_TEST(after - fetched >= 19U);
    BOOST_TEST(after - fetched < 60U);
    BOOST_TEST(world[7].swim->counters().fetches_served < 19U);
    BOOST_TEST(largest <= 1162U);
    for (std::size_t i = 0; i < 20; ++i) {
      if (i != 7) BOOST_TEST(world.count(i, MemberEventKind::failed) == 0U);
    }
  }
}

BOOST_AUTO_TEST_CASE(WhoJoinsLateGetsTheLongTagsOfAll) {
  SwimConfig config;
  config.tags_max = 48'000;
  SwimWorld world({.seed = 2, .swim = config});
  for (std::size_t i = 0; i < 6; ++i) {
    world.add("n" + std::to_string(i));
    world[i].tags = long_tags("n" + std::to_string(i), 47'000);
  }
  for (std::size_t i = 0; i < 5; ++i) world.start(i, {0});
  BOOST_TEST(world.run_until([&] { return all_hold(world); }, 20s));
  world.start(5, {0});
  BOOST_TEST(world.run_until([&] { return all_hold(world) && world.agreed(); }, 10s));
}

// The former life's tags are later than those of the new one, and too long to be told.
BOOST_AUTO_TEST_CASE(ARestartedProcessOvertakesItsFormerLongTags) {
  SwimWorld world({.seed = 3});
  for (std::size_t i = 0; i < 5; ++i) world.add("n" + std::to_string(i));
  world[3].tags = long_tags("old", 3000);
  for (std::size_t i = 0; i < 5; ++i) world.start(i, {0});
  world.run_for(5s);
  for (int i = 0; i < 4; ++i) world.set_tags(3, {{"version", std::to_string(i)}});
  BOOST_TEST(world.run_until([&] { return all_hold(world); }, 10s));
  world.crash(3);
  world[3].tags = long_tags("new", 3000);
  world.start(3, {0});
  world.run_for(1s);
  BOOST_TEST(world.run_until([&] { return all_hold(world); }, 10s));
  world.run_for(30s);
  BOOST_TEST(world[0].swim->find(world[3].id)->tags.at("label") == "new");
}

// Somebody says to have tags that it never gives.
BOOST_AUTO_TEST_CASE(WhoPromisesTagsAndHasNoneIsNotAskedForEver) {
  SwimWorld world({.seed = 8});
  for (std::size_t i = 0; i < 3; ++i) world.add("n" + std::to_string(i));
  for (std::size_t i = 0; i < 3; ++i) world.start(i, {0});
  world.run_for(5s);
  // In the name of the second, about the third.
  const LinkId link = world.intrude(0, PeerIdentity{"test", "n1"});
  const Member liar = *world[0].swim->find(world[1].id);
  Message message{{liar.id, liar.incarnation, liar.address, 0}, Gossip{}, {}};
  message.updates.push_back(
      {world[2].id, {0, MemberStatus::alive, world[2].address}, std::nullopt, std::nullopt, 1000});
  world.inject(0, link, serialize(message));
  world.run_for(120s);
  BOOST_TEST(world[0].swim->counters().fetches >= 3U);
  BOOST_TEST(world[0].swim->counters().fetches <= 8U);
  BOOST_TEST(world.agreed());
}

// ------------------------------------------------------------------------------ comparing views

BOOST_AUTO_TEST_CASE(ComparingTwoThousandMembersIsBounded) {
  SwimWorld world({.seed = 4});
  world.add("seed");
  world.add("late");
  world.start(0);
  const LinkId link = world.intrude(0, PeerIdentity{"test", "x*"});
  Message message{{*NodeId::parse("x"), 0, Address::v4(6, 6, 6, 6, 6), 0}, Gossip{}, {}};
  for (int i = 0; i < 2000; ++i) {
    message.updates.push_back({*NodeId::parse("worker-" + std::to_string(i)),
                               {0, MemberStatus::alive, Address::v4(10, 9, 0, 1, 7)},
                               std::nullopt,
                               TagSet{1, {{"role", "worker"}}}});
  }
  world.inject(0, link, serialize(message));
  std::size_t bytes = 0;
  world.tap([&](std::size_t, std::size_t, const Bytes& sent, bool stream) {
    if (stream) bytes += sent.size();
  });
  world.start(1, {0});
  BOOST_TEST(world.run_until([&] { return world[1].swim->member_count() > 2000; }, 1s));
  BOOST_TEST_MESSAGE("a view of 2000 took " << bytes << " bytes");
  BOOST_TEST(bytes < 200'000U);
}

// A seed that may send twenty kilobytes a second for comparisons, and thirty that want its view.
BOOST_AUTO_TEST_CASE(ASeedServesComparisonsAtItsRateAndAllJoinInTheEnd) {
  SwimConfig config;
  config.sync_bytes_per_s = 20'000;
  SwimWorld world({.seed = 5, .swim = config});
  for (std::size_t i = 0; i < 60; ++i) {
    world.add("n" + std::to_string(100 + i));
    world[i].tags = {{"label", std::string(400, 'x')}};
  }
  for (std::size_t i = 0; i < 30; ++i) world.start(i, {0});
  BOOST_TEST_REQUIRE(world.run_until([&] { return world.agreed(); }, 60s));
  world.run_for(30s);
  std::map<long, std::size_t> per_second;
  world.tap([&](std::size_t from, std::size_t, const Bytes& bytes, bool stream) {
    if (stream && from == 0) per_second[world.now().time_since_epoch() / 1s] += bytes.size();
  });
  for (std::size_t i = 30; i < 60; ++i) world.start(i, {0});
  BOOST_TEST(world.run_until([&] { return world.agreed(); }, 60s), world.describe());
  std::uint64_t total = 0;
  for (const auto& [second, bytes] : per_second) total += bytes;
  const auto seconds =
      static_cast<std::uint64_t>(per_second.rbegin()->first - per_second.begin()->first + 1);
  // A second ahead, and one whole view that was begun within it.
  BOOST_TEST(total <= 20'000 * (seconds + 1) + 40'000);
  BOOST_TEST(world[0].swim->counters().syncs_refused > 0U);
}

// ---------------------------------------------------------------------------------------- zones

BOOST_AUTO_TEST_CASE(GossipStaysInItsZoneAndNewsStillCrosses) {
  const auto crossing = [](std::uint32_t permille) {
    SwimConfig config;
    config.cross_zone_permille = permille;
    SwimWorld world({.seed = 6, .swim = config});
    for (std::size_t i = 0; i < 60; ++i) {
      world.add("n" + std::to_string(100 + i));
      world[i].tags = {{"zone", "z" + std::to_string(i % 3)}};
    }
    for (std::size_t i = 0; i < 60; ++i) world.start(i, {0});
    BOOST_TEST_REQUIRE(world.run_until([&] { return all_hold(world); }, 20s));
    world.run_for(20s);
    std::uint64_t across = 0;
    world.tap([&](std::size_t from, std::size_t to, const Bytes& bytes, bool stream) {
      const bool gossip = !stream && bytes[1] == kGossip;
      if (gossip && from % 3 != to % 3) across += bytes.size();
    });
    Duration slowest{};
    for (int i = 0; i < 20; ++i) {
      world.set_tags(static_cast<std::size_t>(i), {{"n", std::to_string(i)}});
      const Instant changed = world.now();
      BOOST_TEST(world.run_until([&] { return all_hold(world); }, 10s));
      slowest = std::max(slowest, world.now() - changed);
      world.run_for(3s);
    }
    BOOST_TEST_MESSAGE(permille << " permille: " << across << " bytes across, slowest "
                                << slowest / 1ms << " ms");
    return across;
  };
  const std::uint64_t everywhere = crossing(1000);
  const std::uint64_t bounded = crossing(250);
  BOOST_TEST(bounded > 0U);
  BOOST_TEST(bounded * 3 < everywhere * 2);
}

BOOST_AUTO_TEST_CASE(ARelayOfTheTargetsZoneIsAlwaysAsked) {
  SwimWorld world({.seed = 7});
  for (std::size_t i = 0; i < 40; ++i) {
    world.add("n" + std::to_string(100 + i));
    world[i].tags = {{"zone", i < 38 ? "a" : "b"}};
  }
  for (std::size_t i = 0; i < 40; ++i) world.start(i, {0});
  world.run_for(10s);
  std::uint64_t asked = 0;
  std::uint64_t asked_near = 0;
  world.tap([&](std::size_t from, std::size_t to, const Bytes& bytes, bool stream) {
    if (stream || bytes[1] != kPingReq || from != 0) return;
    // Links that went idle make for others, in zones of their own.
    const Message request = std::get<Message>(parse(bytes));
    if (std::get<PingReq>(request.body).target != world[38].id) return;
    ++asked;
    if (to == 39) ++asked_near;
  });
  world.cut_both(0, 38);
  world.run_for(300s);
  BOOST_TEST(asked_near > 0U);
  BOOST_TEST(asked_near * 3 >= asked);
  BOOST_TEST(world.count_all(MemberEventKind::failed) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
