// Random numbers: the same everywhere, and even.
#include "engine/rng.h"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <numeric>

using namespace rpcnet;

BOOST_AUTO_TEST_SUITE(rng)

BOOST_AUTO_TEST_CASE(ASeedGivesTheSameNumbersOnEveryPlatform) {
  // splitmix64 from 0 gives e220a8397b1dcdaf, 6e789e6aa1b965f4, 06c45d188009454f, ... as state; the
  // first outputs of xoshiro256** from there.
  Rng rng(0);
  BOOST_TEST(rng.next() == 0x99ec5f36cb75f2b4);
  BOOST_TEST(rng.next() == 0xbf6e1f784956452a);
  BOOST_TEST(rng.next() == 0x1a5f849d4933e6e0);
}

BOOST_AUTO_TEST_CASE(BelowStaysBelowAndReachesEverything) {
  Rng rng(3);
  std::array<int, 6> seen{};
  for (int i = 0; i < 60'000; ++i) ++seen[rng.below(6)];
  // 10,000 each with a deviation of about 91: five of them.
  for (const int count : seen) BOOST_TEST(std::abs(count - 10'000) < 460);
  BOOST_TEST(rng.below(1) == 0);
}

BOOST_AUTO_TEST_CASE(ChanceIsTheStatedFraction) {
  Rng rng(4);
  int hits = 0;
  for (int i = 0; i < 40'000; ++i) hits += rng.chance(1, 4) ? 1 : 0;
  BOOST_TEST(std::abs(hits - 10'000) < 440);
  BOOST_TEST(!rng.chance(0, 4));
  BOOST_TEST(rng.chance(4, 4));
}

BOOST_AUTO_TEST_CASE(ForkingIsAFunctionOfSeedAndLabelAlone) {
  Rng rng(5);
  Rng before = rng.fork(1);
  rng.next();
  Rng after = rng.fork(1);
  Rng other = rng.fork(2);
  const auto first = before.next();
  BOOST_TEST(first == after.next());
  BOOST_TEST(first != other.next());
  BOOST_TEST(Rng(5).next() != first);
}

BOOST_AUTO_TEST_CASE(ShuffleKeepsTheItemsAndMovesThem) {
  Rng rng(6);
  std::array<int, 50> items{};
  std::iota(items.begin(), items.end(), 0);
  auto shuffled = items;
  rng.shuffle(std::span<int>(shuffled));
  BOOST_TEST(shuffled != items);
  std::sort(shuffled.begin(), shuffled.end());
  BOOST_TEST(shuffled == items, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
