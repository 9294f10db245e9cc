// Who is left alone, for how long, and how many at most.
#include "engine/cluster/outliers.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>
#include <vector>

using namespace rpcnet;
using namespace std::chrono_literals;
using cluster::Outliers;
using enum cluster::Outliers::Ending;

namespace {

constexpr Instant kStart{};

NodeId worker(int number) { return *NodeId::parse("w" + std::to_string(number)); }

struct Pool {
  Outliers outliers;
  Instant now = kStart;

  explicit Pool(OutlierConfig config, int workers = 3) : outliers(config) {
    for (int i = 0; i < workers; ++i) end(i, success, 1ms);
  }
  void end(int number, Outliers::Ending ending, Duration latency) {
    outliers.on_ended(now, worker(number), ending, latency);
  }
  void fail(int number, int times) {
    for (int i = 0; i < times; ++i) end(number, failure, 1ms);
  }
  bool away(int number) {
    const auto away = outliers.away(now);
    return std::find(away.begin(), away.end(), worker(number)) != away.end();
  }
  // Everybody answers `calls` times, worker i after latencies[i]; then a comparison is due.
  void round(const std::vector<Duration>& latencies, int calls = 10) {
    for (int call = 0; call < calls; ++call) {
      for (std::size_t i = 0; i < latencies.size(); ++i) {
        end(static_cast<int>(i), success, latencies[i]);
      }
    }
    now += 1s;
    outliers.away(now);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(outliers)

BOOST_AUTO_TEST_CASE(WhoFailsAgainAndAgainIsLeftAlone) {
  Pool pool({});
  pool.fail(1, 4);
  BOOST_TEST(!pool.away(1));
  pool.end(1, success, 1ms);
  pool.fail(1, 4);
  BOOST_TEST(!pool.away(1));  // a success in between
  pool.end(1, given_up, 1ms);
  pool.fail(1, 1);
  BOOST_TEST(pool.away(1));  // what we gave up was no success
}

BOOST_AUTO_TEST_CASE(ItComesBackAndGoesForLongerEachTime) {
  Pool pool({});
  for (const auto term : {5s, 10s, 20s}) {
    pool.fail(1, 5);
    BOOST_TEST(pool.away(1));
    pool.now += term - 1ms;
    BOOST_TEST(pool.away(1));
    pool.now += 1ms;
    BOOST_TEST(!pool.away(1));
  }
}

BOOST_AUTO_TEST_CASE(WhoHasBeenGoodIsForgiven) {
  Pool pool({});
  pool.fail(1, 5);
  pool.now += 5s;
  pool.fail(1, 5);  // for 10 s
  pool.now += 10s;
  for (int i = 0; i < 60; ++i) {
    pool.now += 1s;
    pool.end(1, success, 1ms);
  }
  pool.fail(1, 5);
  BOOST_TEST(pool.away(1));
  pool.now += 5s;
  BOOST_TEST(!pool.away(1));
}

BOOST_AUTO_TEST_CASE(NeverMoreThanTheirShareAreAway) {
  for (int workers = 1; workers <= 9; ++workers) {
    Pool pool({}, workers);
    for (int i = 0; i < workers; ++i) pool.fail(i, 5);
    BOOST_TEST(pool.outliers.away(pool.now).size() == static_cast<std::size_t>(workers / 2));
  }
}

BOOST_AUTO_TEST_CASE(TheSlowOneIsFoundByItsMean) {
  const OutlierConfig config{.latency_factor = 5};
  Pool pool(config);
  pool.round({1ms, 50ms, 2ms});
  BOOST_TEST(pool.away(1));
  BOOST_TEST(!pool.away(0));
  BOOST_TEST(!pool.away(2));
}

BOOST_AUTO_TEST_CASE(OfTwoTheFasterSetsTheMeasure) {
  Pool pool({.latency_factor = 5}, 2);
  pool.round({100ms, 1ms});
  BOOST_TEST(pool.away(0));
  BOOST_TEST(!pool.away(1));
}

BOOST_AUTO_TEST_CASE(SmallDifferencesAndFewCallsSayNothing) {
  Pool fast({.latency_factor = 5});
  fast.round({100us, 2ms, 100us});  // twenty times, but less than latency_slack
  BOOST_TEST(!fast.away(1));
  Pool few({.latency_factor = 5});
  few.round({1ms, 500ms, 1ms}, 3);
  BOOST_TEST(!few.away(1));
  Pool off({});
  off.round({1ms, 500ms, 1ms});
  BOOST_TEST(!off.away(1));
}

BOOST_AUTO_TEST_CASE(WhoIsUnknownForLongIsForgotten) {
  Pool pool({}, 4);
  pool.now += 11min;
  pool.end(0, success, 1ms);
  pool.now += 1s;
  // One of one: as many as there are known.
  pool.fail(0, 5);
  BOOST_TEST(pool.outliers.away(pool.now).empty());
}

BOOST_AUTO_TEST_SUITE_END()
