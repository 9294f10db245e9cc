// Keyed draws: each stands alone.
#include "sim/keyed.h"

#include <boost/test/unit_test.hpp>

#include <array>
#include <set>

#include "sim/latency.h"

namespace rpcnet::sim {

BOOST_AUTO_TEST_SUITE(KeyedDraws)

BOOST_AUTO_TEST_CASE(DependOnTheSeedAndEveryPartOfTheKey) {
  const Key key{Domain::path, 1, 2, 3};
  const std::set<std::uint64_t> draws{
      Keyed(1).draw(key),
      Keyed(2).draw(key),
      Keyed(1).draw({Domain::fault, 1, 2, 3}),
      Keyed(1).draw({Domain::path, 2, 2, 3}),
      Keyed(1).draw({Domain::path, 1, 3, 3}),
      Keyed(1).draw({Domain::path, 1, 2, 4}),
      Keyed(1).draw({Domain::path, 2, 1, 3}),
  };
  BOOST_TEST(draws.size() == 7U);
  BOOST_TEST(Keyed(1).draw(key) == Keyed(1).draw(key));
}

BOOST_AUTO_TEST_CASE(AreTheSameNumbersForEver) {
  // A change here invalidates every seed anybody wrote down; plans survive it.
  BOOST_TEST(Keyed(1).draw({Domain::path, 1, 2, 3}) == Keyed(1).draw({Domain::path, 1, 2, 3}));
  static_assert(Keyed(7).below({Domain::plan, 1, 1, 1}, 1) == 0);
}

BOOST_AUTO_TEST_CASE(AreUniform) {
  const Keyed keyed(42);
  std::array<int, 10> buckets{};
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    ++buckets[keyed.below({Domain::path, 5, 1, i}, buckets.size())];
  }
  // Expected 10,000 each; five standard deviations are 474.
  for (const int count : buckets) BOOST_TEST(std::abs(count - 10'000) < 474);
}

BOOST_AUTO_TEST_CASE(ChanceIsInPartsOfAMillion) {
  const Keyed keyed(3);
  int hits = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) hits += keyed.chance({Domain::path, 1, 1, i}, 30'000);
  BOOST_TEST(std::abs(hits - 3'000) < 270);  // five standard deviations
}

BOOST_AUTO_TEST_CASE(BetweenIncludesBothEnds) {
  const Keyed keyed(9);
  std::set<std::int64_t> seen;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    seen.insert(keyed.between({Domain::plan, 0, 0, i}, -2, 2));
  }
  BOOST_TEST(seen.size() == 5U);
  BOOST_TEST(*seen.begin() == -2);
  BOOST_TEST(*seen.rbegin() == 2);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(LatencyShapes)

BOOST_AUTO_TEST_CASE(HaveTheMeansTheyPromise) {
  using std::chrono::microseconds;
  const Keyed keyed(4);
  const auto mean = [&](LatencyShape shape) {
    const Latency latency{shape, microseconds(100), microseconds(300)};
    std::int64_t sum = 0;
    for (std::uint64_t i = 0; i < 20'000; ++i) {
      const Duration one = latency.draw(keyed.draw({Domain::path, 1, 1, i}));
      BOOST_TEST_REQUIRE(one.count() >= 100'000);
      sum += one.count();
    }
    return sum / 20'000 / 1000;
  };
  BOOST_TEST(mean(LatencyShape::fixed) == 100);
  BOOST_TEST(std::abs(mean(LatencyShape::uniform) - 250) <= 3);
  BOOST_TEST(std::abs(mean(LatencyShape::exponential) - 400) <= 15);
  BOOST_TEST(std::abs(mean(LatencyShape::tailed) - 253) <= 5);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rpcnet::sim
