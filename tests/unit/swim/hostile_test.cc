// Who may speak, what is refused, and that nothing a peer sends can hurt or grow without bound.
#include <boost/test/unit_test.hpp>
#include <string>

#include "engine/swim/message.h"
#include "engine/wire/writer.h"
#include "tests/support/swim_world.h"

using namespace rpcnet;
using namespace rpcnet::swim;
using namespace rpcnet::test;
using namespace std::chrono_literals;

namespace {

const Address kElsewhere = Address::v4(6, 6, 6, 6, 666);

NodeId id(const std::string& name) { return *NodeId::parse(name); }

Message gossip_of(const std::string& sender, std::vector<Update> updates = {}) {
  return {{id(sender), 0, kElsewhere, 0}, Gossip{}, std::move(updates)};
}

struct Fixture {
  SwimWorld world{{.seed = 1}};

  explicit Fixture(std::size_t count = 3) {
    for (std::size_t i = 0; i < count; ++i) world.add("n" + std::to_string(i));
    for (std::size_t i = 0; i < count; ++i) world.start(i, {0});
    world.run_for(5s);
  }

  LinkId link_as(const std::string& node, const std::string& cluster = "test") {
    return world.intrude(0, PeerIdentity{cluster, node});
  }
  void say(LinkId link, const Message& message) { world.inject(0, link, serialize(message)); }
  CloseCode last_close() {
    return world.closed().empty() ? CloseCode{} : world.closed().back().code;
  }
  bool refused() {
    for (const Notice& notice : world[0].notices) {
      if (notice.kind == NoticeKind::gossip_refused) return true;
    }
    return false;
  }
};

}  // namespace

// Met with an incarnation that it has not used, a process begins its next life.
constexpr Incarnation kNextLife = 65'536;

BOOST_AUTO_TEST_SUITE(swim_hostile)

BOOST_AUTO_TEST_CASE(AnotherClusterIsRefusedBeforeItSpeaks) {
  Fixture f;
  f.link_as("n9", "other");
  BOOST_TEST((f.last_close() == CloseCode::wrong_cluster));
  BOOST_TEST(f.refused());
}

BOOST_AUTO_TEST_CASE(NoCertificateIsRefused) {
  Fixture f;
  f.world.intrude(0, std::nullopt);
  BOOST_TEST((f.last_close() == CloseCode::no_certificate));
}

BOOST_AUTO_TEST_CASE(SpeakingAsAnotherNodeIsRefusedAndChangesNothing) {
  Fixture f;
  const LinkId link = f.link_as("n9");
  f.say(link, gossip_of("n1", {{id("n2"), {0, MemberStatus::dead, kElsewhere}, id("n1"), {}}}));
  BOOST_TEST((f.last_close() == CloseCode::wrong_node));
  BOOST_TEST(f.world.holds(0, 2, MemberStatus::alive));
  BOOST_TEST(f.refused());
}

// A development certificate covers many names; a link still speaks as one node for its life.
BOOST_AUTO_TEST_CASE(ALinkSpeaksAsOneNode) {
  Fixture f;
  const LinkId link = f.link_as("x*");
  f.say(link, gossip_of("x1"));
  BOOST_TEST(f.world[0].swim->find(id("x1")).has_value());
  f.say(link, gossip_of("x2"));
  BOOST_TEST((f.last_close() == CloseCode::wrong_node));
  BOOST_TEST(!f.world[0].swim->find(id("x2")).has_value());
}

BOOST_AUTO_TEST_CASE(MalformedBytesCloseTheLink) {
  Fixture f;
  const LinkId link = f.link_as("n9");
  f.world.inject(0, link, {1, 2, 3});
  BOOST_TEST((f.last_close() == CloseCode::protocol_error));
  BOOST_TEST(f.world[0].swim->counters().malformed == 1U);
  BOOST_TEST(!f.world[0].swim->owns(link));
}

BOOST_AUTO_TEST_CASE(ALaterTypeIsDroppedAndTheLinkLives) {
  Fixture f;
  const LinkId link = f.link_as("n9");
  Bytes bytes = serialize(gossip_of("n9"));
  bytes[1] = 77;
  f.world.inject(0, link, bytes);
  BOOST_TEST(f.world[0].swim->counters().unknown == 1U);
  BOOST_TEST(f.world[0].swim->owns(link));
}

BOOST_AUTO_TEST_CASE(AStreamMessageInADatagramAndAFrameTooLongAreRefused) {
  Fixture f;
  const LinkId first = f.link_as("n8");
  f.say(first, {{id("n8"), 0, kElsewhere, 0}, SyncEnd{}, {}});
  BOOST_TEST((f.last_close() == CloseCode::protocol_error));
  const LinkId second = f.link_as("n9");
  Bytes head;
  wire::Writer(head).varint(1 << 20);
  f.world.inject_stream(0, second, StreamId{0}, head);
  BOOST_TEST((f.last_close() == CloseCode::protocol_error));
  BOOST_TEST(!f.world[0].swim->owns(second));
}

BOOST_AUTO_TEST_CASE(RandomBytesNeitherHurtNorStopTheCluster) {
  Fixture f;
  Rng rng(99);
  const Bytes model = serialize(gossip_of(
      "n9",
      {{id("q"), {1, MemberStatus::alive, kElsewhere}, std::nullopt, TagSet{1, {{"a", "b"}}}}}));
  for (int i = 0; i < 5000; ++i) {
    const LinkId link = f.link_as("n9");
    Bytes bytes = model;
    for (int k = 0; k < 3; ++k) {
      bytes[rng.below(bytes.size())] = static_cast<std::uint8_t>(rng.next());
    }
    f.world.inject(0, link, bytes);
    Bytes framed;
    wire::Writer(framed).sized(bytes);
    f.world.inject_stream(0, link, StreamId{4 * rng.below(8)}, framed);
  }
  f.world.run_for(60s);
  BOOST_TEST(f.world.holds(0, 1, MemberStatus::alive));
  BOOST_TEST(f.world.holds(0, 2, MemberStatus::alive));
  BOOST_TEST(f.world.holds(1, 0, MemberStatus::alive));
  // Notices are limited, counters are not.
  BOOST_TEST(f.world[0].swim->counters().malformed > 1000U);
  BOOST_TEST(f.world[0].notices.size() < 200U);
}

// rpcnet 5.1 no. 8: the accuser raised the victim's incarnation and the victim believed it.
BOOST_AUTO_TEST_CASE(AnAccusedNodeRefutesWithTheNextIncarnation) {
  Fixture f;
  const LinkId link = f.link_as("n9");
  f.say(
      link,
      gossip_of("n9", {{id("n0"), {41, MemberStatus::suspect, f.world[0].address}, id("n9"), {}}}));
  BOOST_TEST(f.world[0].swim->find(id("n0"))->incarnation == kNextLife);
  BOOST_TEST((f.world[0].swim->find(id("n0"))->status == MemberStatus::alive));
  const auto& notices = f.world[0].notices;
  BOOST_REQUIRE(!notices.empty());
  BOOST_TEST((notices.back().kind == NoticeKind::refuted));
  BOOST_TEST(notices.back().detail == "suspect at incarnation 41, says n9");
  f.world.run_for(2s);
  BOOST_TEST(f.world[1].swim->find(id("n0"))->incarnation == kNextLife);
}

BOOST_AUTO_TEST_CASE(AnOldAccusationIsIgnored) {
  Fixture f;
  const LinkId link = f.link_as("n9");
  const auto accuse = [&](Incarnation incarnation) {
    f.say(link,
          gossip_of(
              "n9",
              {{id("n0"), {incarnation, MemberStatus::dead, f.world[0].address}, id("n9"), {}}}));
  };
  accuse(5);
  accuse(5);
  accuse(3);
  BOOST_TEST(f.world[0].swim->find(id("n0"))->incarnation == kNextLife);
  BOOST_TEST(f.world[0].swim->counters().refutations == 1U);
}

BOOST_AUTO_TEST_CASE(AnIncarnationAtTheEndOfNumbersIsNotFollowed) {
  Fixture f;
  const LinkId link = f.link_as("n9");
  f.say(link,
        gossip_of("n9",
                  {{id("n0"), {kCountMax, MemberStatus::dead, f.world[0].address}, id("n9"), {}}}));
  BOOST_TEST(f.world[0].swim->find(id("n0"))->incarnation < 5U);
  f.world.run_for(5s);
  BOOST_TEST(f.world.holds(1, 0, MemberStatus::alive));
}

// Two processes with one name: told, and contradicted at a bounded rate.
BOOST_AUTO_TEST_CASE(AConflictOfNamesIsToldAndDoesNotStorm) {
  SwimWorld world({.seed = 2});
  world.add("a");
  world.add("b");
  const std::size_t first = world.add("twin");
  const std::size_t second = world.add("twin");
  world.start(0);
  world.start(1, {0});
  world.start(first, {0});
  world.run_for(5s);
  world.start(second, {1});
  world.run_for(60s);
  const auto conflicts = [&](std::size_t host) {
    std::size_t count = 0;
    for (const Notice& notice : world[host].notices) {
      if (notice.kind == NoticeKind::node_conflict) ++count;
    }
    return count;
  };
  BOOST_TEST(conflicts(first) + conflicts(second) > 0U);
  BOOST_TEST(conflicts(first) + conflicts(second) < 200U);
  BOOST_TEST(world[0].swim->find(world[first].id)->incarnation < 40 * kNextLife);
}

BOOST_AUTO_TEST_CASE(AFullTableRefusesStrangersWithANotice) {
  SwimConfig config;
  config.members_max = 5;
  SwimWorld world({.seed = 3, .swim = config});
  for (int i = 0; i < 8; ++i) world.add("n" + std::to_string(i));
  for (std::size_t i = 0; i < 8; ++i) world.start(i, {0});
  world.run_for(20s);
  BOOST_TEST(world[0].swim->member_count() == 5U);
  bool told = false;
  for (const Notice& notice : world[0].notices) {
    told = told || notice.kind == NoticeKind::limit_reached;
  }
  BOOST_TEST(told);
}

BOOST_AUTO_TEST_CASE(TombstonesHaveABoundAndATimeToLive) {
  SwimConfig config;
  config.tombstones_max = 10;
  config.tombstone_ttl = 100s;
  config.partition.memory = 100s;  // so many are lost at once that it looks like one
  SwimWorld world({.seed = 4, .swim = config});
  for (int i = 0; i < 2; ++i) world.add("n" + std::to_string(i));
  world.start(0);
  world.start(1, {0});
  world.run_for(2s);
  const LinkId link = world.intrude(0, PeerIdentity{"test", "x*"});
  std::vector<Update> updates;
  for (int i = 0; i < 30; ++i) {
    updates.push_back({id("y" + std::to_string(i)), {0, MemberStatus::alive, kElsewhere}, {}, {}});
  }
  world.inject(0, link, serialize(gossip_of("x1", updates)));
  BOOST_TEST(world[0].swim->member_count() == 33U);
  world.run_until([&] { return world[0].swim->member_count() == 2; }, 300s);
  world.run_for(1s);
  BOOST_TEST(world[0].swim->tombstones().size() <= 10U);
  world.run_for(120s);
  BOOST_TEST(world[0].swim->tombstones().empty());
}

BOOST_AUTO_TEST_CASE(ASeedThatIsOurselvesByAnotherNameIsDropped) {
  SwimWorld world({.seed = 5});
  world.add("a");
  const Address alias = Address::v4(127, 0, 0, 1, 9);
  // The alias leads to the same host, which advertises another address.
  world.alias(alias, 0);
  world.start_at(0, {alias});
  world.run_for(30s);
  BOOST_TEST(world[0].joined.empty());
  BOOST_TEST(world[0].swim->member_count() == 1U);
  for (const Notice& notice : world[0].notices) {
    BOOST_TEST((notice.kind != NoticeKind::node_conflict));
  }
}

BOOST_AUTO_TEST_SUITE_END()
