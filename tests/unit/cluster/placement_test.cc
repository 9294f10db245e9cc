// The three strategies: who is chosen, how ties are spread, how membership changes move turns.
#include "engine/cluster/placement.h"

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
  std::optional<NodeId> last;
  Rng rng{7};

  explicit Pool(std::vector<std::uint32_t> with) : loads(std::move(with)) {
    for (std::size_t i = 0; i < loads.size(); ++i) {
      ids.push_back(*NodeId::parse("w" + std::to_string(i)));
    }
  }

  std::optional<std::size_t> pick(LoadBalancingStrategy strategy) {
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < ids.size(); ++i) candidates.push_back({&ids[i], loads[i]});
    const auto chosen = choose(strategy, candidates, last, rng);
    if (chosen) last = ids[*chosen];
    return chosen;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(placement)

BOOST_AUTO_TEST_CASE(NobodyToChooseGivesNobody) {
  Pool pool({});
  for (const auto strategy : {LoadBalancingStrategy::round_robin, LoadBalancingStrategy::random,
                              LoadBalancingStrategy::least_connections}) {
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

BOOST_AUTO_TEST_CASE(RandomIsUniform) {
  Pool pool({0, 0, 0, 0});
  std::map<std::size_t, int> counts;
  constexpr int kDraws = 8000;
  for (int i = 0; i < kDraws; ++i) ++counts[pool.pick(LoadBalancingStrategy::random).value()];
  // Chi-square with 3 degrees of freedom: 16.27 is passed by chance once in a thousand.
  double chi_square = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const double difference = counts[i] - kDraws / 4.0;
    chi_square += difference * difference / (kDraws / 4.0);
  }
  BOOST_TEST(chi_square < 16.27);
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
