// Bounded turns.
#include "engine/swim/rotation.h"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace rpcnet;
using namespace rpcnet::swim;

BOOST_AUTO_TEST_SUITE(swim_rotation)

BOOST_AUTO_TEST_CASE(EveryMemberHasOneTurnInEachPass) {
  Rotation rotation(Rng(1));
  for (Slot slot = 1; slot <= 50; ++slot) rotation.add(slot);
  for (int pass = 0; pass < 10; ++pass) {
    std::set<Slot> seen;
    for (int i = 0; i < 50; ++i) seen.insert(*rotation.next());
    BOOST_TEST(seen.size() == 50U);
  }
}

BOOST_AUTO_TEST_CASE(PassesDiffer) {
  Rotation rotation(Rng(2));
  for (Slot slot = 1; slot <= 50; ++slot) rotation.add(slot);
  const auto pass = [&] {
    std::vector<Slot> turns;
    for (int i = 0; i < 50; ++i) turns.push_back(*rotation.next());
    return turns;
  };
  BOOST_TEST((pass() != pass()));
}

BOOST_AUTO_TEST_CASE(ANewcomerHasItsTurnInTheRunningPassAndTakesNobodys) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Rotation rotation{Rng(seed)};
    for (Slot slot = 1; slot <= 10; ++slot) rotation.add(slot);
    std::multiset<Slot> seen;
    for (int i = 0; i < 4; ++i) seen.insert(*rotation.next());
    rotation.add(11);
    for (int i = 0; i < 7; ++i) seen.insert(*rotation.next());
    for (Slot slot = 1; slot <= 11; ++slot) BOOST_TEST(seen.count(slot) == 1U);
  }
}

BOOST_AUTO_TEST_CASE(RemovalSkipsNobody) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Rotation rotation{Rng(seed)};
    for (Slot slot = 1; slot <= 10; ++slot) rotation.add(slot);
    std::multiset<Slot> seen;
    for (int i = 0; i < 4; ++i) seen.insert(*rotation.next());
    const Slot had_its_turn = *seen.begin();
    rotation.remove(had_its_turn);
    for (int i = 0; i < 6; ++i) seen.insert(*rotation.next());
    for (Slot slot = 1; slot <= 10; ++slot) BOOST_TEST(seen.count(slot) == 1U);
  }
}

BOOST_AUTO_TEST_CASE(NobodyIsListed) {
  Rotation rotation(Rng(3));
  BOOST_TEST(!rotation.next().has_value());
  rotation.add(1);
  rotation.remove(1);
  rotation.remove(1);
  BOOST_TEST(!rotation.next().has_value());
}

BOOST_AUTO_TEST_SUITE_END()
