// Names, addresses and lives: restarts by the hundred, addresses that change hands, old claims.
#include <boost/test/unit_test.hpp>
#include <string>
#include <utility>
#include <vector>

#include "engine/swim/message.h"
#include "tests/support/swim_world.h"

using namespace rpcnet;
using namespace rpcnet::swim;
using namespace rpcnet::test;
using namespace std::chrono_literals;

namespace {

void populate(SwimWorld& world, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) world.add("n" + std::to_string(1000 + i));
  for (std::size_t i = 0; i < count; ++i) world.start(i, {0, 1});
}

// All running hosts know all running hosts, each where it is.
bool placed(SwimWorld& world) {
  if (!world.agreed()) return false;
  for (std::size_t i = 0; i < world.size(); ++i) {
    if (!world[i].swim) continue;
    for (std::size_t j = 0; j < world.size(); ++j) {
      if (!world[j].swim) continue;
      const auto member = world[i].swim->find(world[j].id);
      if (!member || member->address != world[j].address) return false;
    }
  }
  return true;
}

// Somebody with a certificate for everybody claims this of them, to one host.
void claim(SwimWorld& world, std::size_t to, std::size_t from, std::size_t until,
           const Liveness& liveness) {
  const LinkId link = world.intrude(to, PeerIdentity{"test", "*"});
  Message message{{*NodeId::parse("stranger"), 0, Address::v4(6, 6, 6, 6, 6), 0}, Gossip{}, {}};
  for (std::size_t i = from; i < until; ++i) {
    Liveness of = liveness;
    of.address = world[i].address;
    message.updates.push_back({world[i].id, of, std::nullopt, std::nullopt});
  }
  world.inject(to, link, serialize(message));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(swim_identity)

// memberlist issue 311 and PR 345: deaths at a high incarnation never reached the restarted, who
// began at 1, and large clusters stayed divided.
BOOST_AUTO_TEST_CASE(AMassRestartFromTheLowestIncarnationIsOneViewAgain) {
  struct Case {
    std::uint64_t seed;
    Duration down;
  };
  for (const Case& one : {Case{1, 0s}, Case{2, 3s}, Case{3, 30s}}) {
    SwimWorld world({.seed = one.seed, .loss_permille = 20});
    constexpr std::size_t kCount = 150;
    populate(world, kCount);
    BOOST_TEST_REQUIRE(world.run_until([&] { return world.agreed(); }, 20s));
    // Everybody has refuted a claim of 100 with the first incarnation of the next life.
    for (std::size_t i = 2; i < kCount; ++i) {
      claim(world, i, i, i + 1, {100, MemberStatus::suspect, {}});
    }
    world.run_for(20s);
    BOOST_TEST(world[0].swim->find(world[77].id)->incarnation == 65536U);
    for (std::size_t i = 4; i < kCount; ++i) world.crash(i);
    world.run_for(one.down);
    for (std::size_t i = 4; i < kCount; ++i) world.start(i, {0, 1});
    const Instant restarted = world.now();
    BOOST_TEST(world.run_until([&] { return placed(world); }, 60s), "seed " << one.seed);
    BOOST_TEST_MESSAGE("one view " << (world.now() - restarted) / 1ms << " ms after the restart");
    const std::size_t failed = world.count_all(MemberEventKind::failed);
    world.run_for(60s);
    BOOST_TEST(placed(world));
    BOOST_TEST(world.count_all(MemberEventKind::failed) == failed);
  }
}

// Addresses change hands, as when pods are started anew: each process is another member's follower.
BOOST_AUTO_TEST_CASE(RestartedMembersMayTakeEachOthersAddresses) {
  for (const std::uint64_t seed : {4U, 5U, 6U, 7U}) {
    for (const Duration down : {Duration(0s), Duration(30s)}) {
      SwimWorld world({.seed = seed, .loss_permille = 20});
      populate(world, 16);
      world.run_for(10s);
      for (std::size_t i = 8; i < 16; ++i) world.crash(i);
      world.run_for(down);
      const Address first = world[8].address;
      for (std::size_t i = 8; i < 15; ++i) world[i].address = world[i + 1].address;
      world[15].address = first;
      for (std::size_t i = 8; i < 16; ++i) world.start(i, {0, 1});
      BOOST_TEST(world.run_until([&] { return placed(world); }, 60s), world.describe());
      world.run_for(60s);
      BOOST_TEST(placed(world));
    }
  }
}

BOOST_AUTO_TEST_CASE(ANewNameAtAnOldAddressIsANewMemberAndTheOldOneDies) {
  for (const std::uint64_t seed : {8U, 9U, 10U}) {
    SwimWorld world({.seed = seed, .loss_permille = 20});
    populate(world, 12);
    world.add("heir");
    world.run_for(10s);
    world[12].address = world[7].address;
    world.crash(7);
    world.start(12, {0, 1});
    BOOST_TEST(world.run_until([&] { return placed(world); }, 60s), world.describe());
    for (std::size_t i = 0; i < 12; ++i) {
      if (i != 7) BOOST_TEST(world.holds(i, 7, MemberStatus::dead));
    }
    world.run_for(60s);
    BOOST_TEST(placed(world));
  }
}

// Somebody repeats what was true long ago.
BOOST_AUTO_TEST_CASE(OldClaimsReviveNobodyAndFailNobody) {
  for (const std::uint64_t seed : {11U, 12U, 13U}) {
    SwimWorld world({.seed = seed});
    populate(world, 12);
    world.run_for(10s);
    for (std::size_t i = 0; i < 12; ++i) claim(world, i, i, i + 1, {5, MemberStatus::suspect, {}});
    world.run_for(10s);
    world.crash(10);
    world.leave(11);
    world.run_for(5s);
    world.crash(11);
    world.run_for(30s);
    BOOST_TEST_REQUIRE(world.agreed());
    const std::size_t joined = world.count_all(MemberEventKind::joined);
    const std::size_t failed = world.count_all(MemberEventKind::failed);
    for (std::size_t to = 0; to < 10; ++to) {
      for (const Incarnation old : {0U, 3U, 6U}) {
        claim(world, to, 10, 12, {old, MemberStatus::alive, {}});
        claim(world, to, 0, 10, {old == 6 ? Incarnation{5} : old, MemberStatus::dead, {}});
      }
    }
    // The stranger is a member for whoever it spoke to, until it is found not to exist.
    world.run_for(120s);
    BOOST_TEST(world.agreed(), world.describe());
    BOOST_TEST(world.count_all(MemberEventKind::recovered) == 0U);
    for (std::size_t i = 0; i < 10; ++i) {
      BOOST_TEST(world.holds(i, 10, MemberStatus::dead));
      BOOST_TEST(world.holds(i, 11, MemberStatus::left));
      for (const auto& seen : world[i].events) {
        const bool stranger = seen.event.member.id.text() == "stranger";
        if (seen.at > Instant(60s)) BOOST_TEST(stranger, seen.event.member.id.text());
      }
    }
    BOOST_TEST(joined <= world.count_all(MemberEventKind::joined));
    BOOST_TEST(failed <= world.count_all(MemberEventKind::failed));
  }
}

// ------------------------------------------------------------------------------------ snapshots

// All that were seeds are gone for good; the restarted finds the others by what it knew.
BOOST_AUTO_TEST_CASE(ANodeRejoinsFromItsSnapshotWithoutSeeds) {
  for (const std::uint64_t seed : {14U, 15U, 16U}) {
    SwimWorld world({.seed = seed, .loss_permille = 20});
    populate(world, 60);
    BOOST_TEST_REQUIRE(world.run_until([&] { return world.agreed(); }, 20s));
    const Snapshot former = world[9].swim->snapshot();
    BOOST_TEST(former.members.size() == 59U);
    // Most of those it knew are gone too.
    for (std::size_t i = 0; i < 55; ++i) world.crash(i);
    BOOST_TEST_REQUIRE(world.run_until([&] { return world.agreed(); }, 180s));
    // It comes back elsewhere: nobody will look for it there.
    const std::size_t joined = world[9].joined.size();
    world.alias(world[9].address, 0);
    world[9].address = Address::v4(10, 9, 9, 9, 7000);
    world.start(9, {0, 1});
    world.run_for(30s);
    BOOST_TEST(world[9].swim->member_count() == 1U);
    world.crash(9);
    world.start_at(9, {world[0].address}, former);
    BOOST_TEST(world.run_until([&] { return placed(world); }, 60s), world.describe());
    BOOST_TEST(world[9].joined.size() == joined + 1);
  }
}

// It begins above its former life: who holds that one dead hears at once of a later one.
BOOST_AUTO_TEST_CASE(ASnapshotCarriesTheIncarnationOn) {
  SwimWorld world({.seed = 17});
  populate(world, 10);
  world.run_for(10s);
  claim(world, 5, 5, 6, {41, MemberStatus::suspect, {}});
  world.set_tags(5, {{"a", "1"}});
  world.run_for(10s);
  const Snapshot former = world[5].swim->snapshot();
  BOOST_TEST(former.incarnation == 65536U);
  BOOST_TEST(former.tags_version == 1U);
  world.crash(5);
  world.run_for(30s);
  world[5].tags = {{"a", "2"}};
  world.start_at(5, {}, former);
  BOOST_TEST(world.run_until([&] { return placed(world); }, 10s), world.describe());
  BOOST_TEST(world[5].swim->find(world[5].id)->incarnation == 65537U);
  BOOST_TEST(world[5].swim->counters().refutations == 0U);
  BOOST_TEST((world[0].swim->find(world[5].id)->tags == Tags{{"a", "2"}}));
}

BOOST_AUTO_TEST_SUITE_END()
