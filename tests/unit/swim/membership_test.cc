// The table's indexes after every kind of change.
#include "engine/swim/membership.h"

#include <boost/test/unit_test.hpp>
#include <set>
#include <string>

using namespace rpcnet;
using namespace rpcnet::swim;
using namespace std::chrono_literals;

namespace {

NodeId id(const std::string& name) { return *NodeId::parse(name); }

const Address kAddress = Address::v4(10, 0, 0, 1, 1);

// Of this node and so many others.
struct Table : Membership {
  explicit Table(int members) : Membership(id("self"), kAddress) {
    for (int i = 0; i < members; ++i) {
      add(id("m" + std::to_string(i)), {0, MemberStatus::alive, kAddress});
    }
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(swim_membership)

BOOST_AUTO_TEST_CASE(ThisNodeIsTheFirstMember) {
  const Membership table(id("self"), kAddress);
  BOOST_TEST((table.find(id("self")) == kSelf));
  BOOST_TEST(table.size() == 1U);
}

BOOST_AUTO_TEST_CASE(OrderIsByNameAndFindFindsAll) {
  const Table table(200);
  const auto& order = table.order();
  for (std::size_t i = 1; i < order.size(); ++i) {
    BOOST_TEST((table[order[i - 1]].id < table[order[i]].id));
  }
  for (const Slot slot : order) BOOST_TEST((table.find(table[slot].id) == slot));
  BOOST_TEST(!table.find(id("nobody")).has_value());
}

BOOST_AUTO_TEST_CASE(TombstonesAreCountedApartAndForgottenOldestFirst) {
  Table table(5);
  const Slot first = *table.find(id("m3"));
  const Slot second = *table.find(id("m1"));
  table.set_liveness(first, {0, MemberStatus::dead, kAddress}, std::nullopt);
  table.bury(first, Instant(1s));
  table.set_liveness(second, {0, MemberStatus::left, kAddress}, std::nullopt);
  table.bury(second, Instant(2s));
  BOOST_TEST(table.size() == 4U);
  BOOST_TEST(table.tombstones() == 2U);
  BOOST_TEST((table.oldest_tombstone()->second == first));
  Rng rng(1);
  for (int i = 0; i < 20; ++i) BOOST_TEST((table.random_dead(rng) == first));
  table.remove(first);
  BOOST_TEST(!table.find(id("m3")).has_value());
  BOOST_TEST(!table.random_dead(rng).has_value());
  // The slot is used again, for somebody else.
  BOOST_TEST(table.add(id("new"), {0, MemberStatus::alive, kAddress}) == first);
  BOOST_TEST(table.size() == 5U);
}

BOOST_AUTO_TEST_CASE(TheReturnedLeaveTheGraves) {
  Table table(2);
  const Slot slot = *table.find(id("m0"));
  table.set_liveness(slot, {0, MemberStatus::dead, kAddress}, std::nullopt);
  table.bury(slot, Instant(1s));
  table.set_liveness(slot, {1, MemberStatus::alive, kAddress}, std::nullopt);
  BOOST_TEST(table.tombstones() == 0U);
  BOOST_TEST(table.size() == 3U);
}

BOOST_AUTO_TEST_CASE(EqualViewsHaveEqualFingerprintsHoweverTheyCameAbout) {
  Membership a(id("self"), kAddress);
  Membership b(id("self"), kAddress);
  for (int i = 0; i < 10; ++i) {
    a.add(id("m" + std::to_string(i)), {0, MemberStatus::alive, kAddress});
    b.add(id("m" + std::to_string(9 - i)), {0, MemberStatus::alive, kAddress});
  }
  BOOST_TEST(a.fingerprint() == b.fingerprint());
  const Slot in_a = *a.find(id("m4"));
  a.set_tags(in_a, {1, {{"role", "worker"}}});
  BOOST_TEST(a.fingerprint() != b.fingerprint());
  b.set_tags(*b.find(id("m4")), {1, {{"role", "worker"}}});
  BOOST_TEST(a.fingerprint() == b.fingerprint());
  // The dead do not count, dead or forgotten.
  a.set_liveness(in_a, {0, MemberStatus::dead, kAddress}, std::nullopt);
  a.bury(in_a, Instant(1s));
  BOOST_TEST(a.fingerprint() != b.fingerprint());
  const Slot in_b = *b.find(id("m4"));
  b.set_liveness(in_b, {0, MemberStatus::left, kAddress}, std::nullopt);
  b.bury(in_b, Instant(1s));
  BOOST_TEST(a.fingerprint() == b.fingerprint());
  a.remove(in_a);
  BOOST_TEST(a.fingerprint() == b.fingerprint());
}

BOOST_AUTO_TEST_CASE(DrawsAreDistinctFitAndNeverThisNode) {
  const Table table(100);
  Rng rng(2);
  for (int i = 0; i < 100; ++i) {
    const auto drawn = table.draw(rng, 3, [](Slot slot) { return slot % 2 == 0; });
    const std::set<Slot> distinct(drawn.begin(), drawn.end());
    BOOST_TEST(distinct.size() == drawn.size());
    BOOST_TEST(drawn.size() <= 3U);
    for (const Slot slot : drawn) BOOST_TEST((slot != kSelf && slot % 2 == 0));
  }
}

BOOST_AUTO_TEST_CASE(DrawsFromAFewFindAllOfThem) {
  const Table table(2);
  Rng rng(3);
  for (int i = 0; i < 50; ++i) {
    BOOST_TEST(table.draw(rng, 3, [](Slot) { return true; }).size() == 2U);
  }
  const Membership alone(id("self"), kAddress);
  BOOST_TEST(alone.draw(rng, 3, [](Slot) { return true; }).empty());
}

BOOST_AUTO_TEST_SUITE_END()
