// The strategies: who is chosen, how fair that is, and what changes of the membership move.
#include "engine/cluster/placement.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <string>
#include <vector>

using namespace rpcnet;
using cluster::Candidate;
using cluster::choose;

namespace {

struct Pool {
  std::vector<NodeId> ids;
  std::vector<std::uint32_t> loads;
  std::vector<std::uint32_t> weights;
  std::optional<NodeId> last;
  Rng rng{7};

  explicit Pool(std::vector<std::uint32_t> with)
      : loads(std::move(with)), weights(loads.size(), 1) {
    for (std::size_t i = 0; i < loads.size(); ++i) {
      ids.push_back(*NodeId::parse("w" + std::to_string(i)));
    }
  }

  std::optional<std::size_t> pick(LoadBalancingStrategy strategy, const std::string& key = {}) {
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      candidates.push_back({&ids[i], loads[i], weights[i]});
    }
    const auto chosen = choose(strategy, candidates, last, key, rng);
    if (chosen) last = ids[*chosen];
    return chosen;
  }

  // How often each is chosen.
  std::vector<double> draw(LoadBalancingStrategy strategy, int times) {
    std::vector<double> counts(ids.size());
    for (int i = 0; i < times; ++i) ++counts[pick(strategy).value()];
    return counts;
  }

  void remove(std::size_t index) {
    const auto at = static_cast<std::ptrdiff_t>(index);
    ids.erase(ids.begin() + at);
    loads.erase(loads.begin() + at);
    weights.erase(weights.begin() + at);
  }
};

constexpr LoadBalancingStrategy kAll[] = {
    LoadBalancingStrategy::round_robin,       LoadBalancingStrategy::random,
    LoadBalancingStrategy::least_connections, LoadBalancingStrategy::power_of_two,
    LoadBalancingStrategy::weighted,          LoadBalancingStrategy::consistent_hash,
    LoadBalancingStrategy::weighted_by_load};

// How far counts are from what is hoped for.
double chi_square(const std::vector<double>& counts, const std::vector<double>& hoped) {
  double sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    sum += (counts[i] - hoped[i]) * (counts[i] - hoped[i]) / hoped[i];
  }
  return sum;
}

std::string key(int number) { return "key-" + std::to_string(number); }

}  // namespace

BOOST_AUTO_TEST_SUITE(placement)

BOOST_AUTO_TEST_CASE(NobodyToChooseGivesNobody) {
  Pool pool({});
  for (const auto strategy : kAll) {
    BOOST_TEST(!pool.pick(strategy).has_value());
  }
}

BOOST_AUTO_TEST_CASE(RoundRobinVisitsAllInOrder) {
  Pool pool({9, 0, 0});
  for (const std::size_t expected : {0U, 1U, 2U, 0U, 1U, 2U}) {
    BOOST_TEST(pool.pick(LoadBalancingStrategy::round_robin).value() == expected);
  }
}

BOOST_AUTO_TEST_CASE(RoundRobinGoesOnBehindAMemberThatLeft) {
  Pool pool({0, 0, 0, 0});
  pool.pick(LoadBalancingStrategy::round_robin);
  BOOST_TEST(pool.pick(LoadBalancingStrategy::round_robin).value() == 1U);
  pool.ids.erase(pool.ids.begin() + 1);  // w1, just chosen, leaves
  pool.loads.pop_back();
  const auto next = pool.pick(LoadBalancingStrategy::round_robin).value();
  BOOST_TEST(pool.ids[next].text() == "w2");
}

// Chi-square with 3 degrees of freedom: 16.27 is passed by chance once in a thousand.
BOOST_AUTO_TEST_CASE(RandomIsUniform) {
  Pool pool({0, 0, 0, 0});
  const auto counts = pool.draw(LoadBalancingStrategy::random, 8000);
  BOOST_TEST(chi_square(counts, {2000, 2000, 2000, 2000}) < 16.27);
}

BOOST_AUTO_TEST_CASE(WeightedIsInProportion) {
  Pool pool({9, 0, 0, 0});
  pool.weights = {1, 2, 4, 1};
  const auto counts = pool.draw(LoadBalancingStrategy::weighted, 8000);
  BOOST_TEST(chi_square(counts, {1000, 2000, 4000, 1000}) < 16.27);
}

BOOST_AUTO_TEST_CASE(AWeightOfNothingGetsNothingWhileOthersHaveSome) {
  Pool pool({0, 0, 0});
  pool.weights = {0, 3, 0};
  for (int i = 0; i < 50; ++i) {
    BOOST_TEST(pool.pick(LoadBalancingStrategy::weighted).value() == 1U);
  }
  pool.weights = {0, 0, 0};
  const auto counts = pool.draw(LoadBalancingStrategy::weighted, 3000);
  BOOST_TEST(chi_square(counts, {1000, 1000, 1000}) < 13.82);  // 2 degrees of freedom
}

BOOST_AUTO_TEST_CASE(WeightedByLoadIsInProportionToWhatIsLeft) {
  Pool pool({1, 3, 0, 7});
  pool.weights = {2, 8, 1, 32};  // 1, 2, 1 and 4 are left
  const auto counts = pool.draw(LoadBalancingStrategy::weighted_by_load, 8000);
  BOOST_TEST(chi_square(counts, {1000, 2000, 1000, 4000}) < 16.27);
}

BOOST_AUTO_TEST_CASE(HoweverLargeALoadAWeightLeavesAChance) {
  Pool pool({4'000'000'000U, 4'000'000'000U});
  pool.weights = {1, 0};
  for (int i = 0; i < 50; ++i) {
    BOOST_TEST(pool.pick(LoadBalancingStrategy::weighted_by_load).value() == 0U);
  }
}

// Open calls come and go, each worker ends its calls at a pace of its own, and it has 1,000 choices
// to go by: the pace is nobody's tag, and the slow one still gets what it can do.
BOOST_AUTO_TEST_CASE(WeightedByLoadFollowsASpeedThatNoTagTells) {
  Pool pool({0, 0, 0});
  std::vector<int> chosen(3);
  for (int step = 1; step <= 30'000; ++step) {
    const std::size_t index = pool.pick(LoadBalancingStrategy::weighted_by_load).value();
    ++chosen[index];
    ++pool.loads[index];
    // Together they can just do it: 4, 4 and 1 of nine calls.
    const std::size_t ends = step % 9 == 0 ? 2 : static_cast<std::size_t>(step % 2);
    if (pool.loads[ends] > 0) --pool.loads[ends];
  }
  BOOST_TEST(chosen[2] < 30'000 / 9 * 13 / 10);
  BOOST_TEST(chosen[2] > 30'000 / 9 * 7 / 10);
}

BOOST_AUTO_TEST_CASE(TheLessLoadedOfTwoIsUniformAmongEquals) {
  Pool pool({5, 5, 5, 5});
  const auto counts = pool.draw(LoadBalancingStrategy::power_of_two, 8000);
  BOOST_TEST(chi_square(counts, {2000, 2000, 2000, 2000}) < 16.27);
}

// Of four the least loaded is drawn in 6 of 12 ordered pairs, the most loaded never wins.
BOOST_AUTO_TEST_CASE(TheLessLoadedOfTwoWins) {
  Pool pool({0, 1, 2, 3});
  const auto counts = pool.draw(LoadBalancingStrategy::power_of_two, 6000);
  BOOST_TEST(counts[3] == 0);
  BOOST_TEST(chi_square({counts[0], counts[1], counts[2]}, {3000, 2000, 1000}) < 13.82);
}

// Balls into bins: with one choice the fullest of 100 gets far more than with two.
BOOST_AUTO_TEST_CASE(TwoChoicesKeepTheFullestLow) {
  const auto fullest = [](LoadBalancingStrategy strategy) {
    Pool pool(std::vector<std::uint32_t>(100));
    for (int i = 0; i < 10'000; ++i) ++pool.loads[pool.pick(strategy).value()];
    return *std::max_element(pool.loads.begin(), pool.loads.end());
  };
  BOOST_TEST(fullest(LoadBalancingStrategy::power_of_two) <= 104U);
  BOOST_TEST(fullest(LoadBalancingStrategy::random) > 115U);
}

BOOST_AUTO_TEST_CASE(KeysAreSpreadEvenly) {
  Pool pool(std::vector<std::uint32_t>(8));
  std::vector<double> counts(8);
  for (int i = 0; i < 8000; ++i) {
    ++counts[pool.pick(LoadBalancingStrategy::consistent_hash, key(i)).value()];
  }
  BOOST_TEST(chi_square(counts, std::vector<double>(8, 1000)) < 24.32);  // 7 degrees
}

BOOST_AUTO_TEST_CASE(AKeyStaysWhereItIs) {
  Pool pool({0, 0, 0});
  const auto first = pool.pick(LoadBalancingStrategy::consistent_hash, "sheep").value();
  pool.loads[first] = 1000;
  for (int i = 0; i < 10; ++i) {
    BOOST_TEST(pool.pick(LoadBalancingStrategy::consistent_hash, "sheep").value() == first);
  }
}

// Goal: churn moves as few keys as it can, and spreads what it moves. Method: each of ten workers
// leaves in turn; then the way back is the coming of one that is new.
BOOST_AUTO_TEST_CASE(AWorkerThatGoesMovesOnlyItsOwnKeys) {
  constexpr int kKeys = 2000;
  const Pool whole(std::vector<std::uint32_t>(10));
  for (std::size_t gone = 0; gone < 10; ++gone) {
    Pool before = whole;
    Pool after = whole;
    after.remove(gone);
    std::map<std::string, int> heirs;
    for (int i = 0; i < kKeys; ++i) {
      const auto& had =
          before.ids[before.pick(LoadBalancingStrategy::consistent_hash, key(i)).value()];
      const auto& has =
          after.ids[after.pick(LoadBalancingStrategy::consistent_hash, key(i)).value()];
      if (had == whole.ids[gone]) {
        ++heirs[has.text()];
      } else {
        BOOST_REQUIRE(had == has);
      }
    }
    BOOST_TEST(heirs.size() == 9U);
    for (const auto& [heir, keys] : heirs) BOOST_TEST(keys < 50);  // about 22
  }
}

BOOST_AUTO_TEST_CASE(WithoutAKeyTheLessLoadedOfTwoIsTaken) {
  Pool pool({7, 0});
  for (int i = 0; i < 20; ++i) {
    BOOST_TEST(pool.pick(LoadBalancingStrategy::consistent_hash).value() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(LeastConnectionsTakesTheLeastLoaded) {
  Pool pool({3, 1, 2});
  BOOST_TEST(pool.pick(LoadBalancingStrategy::least_connections).value() == 1U);
  BOOST_TEST(pool.pick(LoadBalancingStrategy::least_connections).value() == 1U);
}

BOOST_AUTO_TEST_CASE(LeastConnectionsSpreadsTiesEvenly) {
  Pool pool({0, 0, 0});
  std::map<std::size_t, int> counts;
  for (int i = 0; i < 300; ++i) {
    ++counts[pool.pick(LoadBalancingStrategy::least_connections).value()];
  }
  for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(counts[i] == 100);
}

BOOST_AUTO_TEST_SUITE_END()
