// Who is left alone, for how long, and how many at most.
#include "engine/cluster/outliers.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/rng.h"

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

BOOST_AUTO_TEST_CASE(WhoComesBackIsTriedByOneCallAtATime) {
  Pool pool({.latency_factor = 5});
  pool.round({1ms, 50ms, 2ms});
  pool.now += 5s;
  BOOST_TEST(!pool.away(1));
  pool.outliers.on_begun(pool.now, worker(1));
  BOOST_TEST(pool.away(1));  // for all others
  pool.now += 50ms;
  pool.end(1, success, 50ms);
  BOOST_TEST(pool.away(1));  // still slow: for twice as long
  pool.now += 10s - 1ms;
  BOOST_TEST(pool.away(1));
  pool.now += 1ms;
  pool.outliers.on_begun(pool.now, worker(1));
  pool.end(1, success, 2ms);
  for (int call = 0; call < 10; ++call) {
    pool.outliers.on_begun(pool.now, worker(1));
    BOOST_TEST(!pool.away(1));
  }
}

BOOST_AUTO_TEST_CASE(ATrialThatSaysNothingIsRepeatedAfterAWhile) {
  for (const auto nothing : {given_up, not_begun}) {
    Pool pool({.latency_factor = 5});
    pool.round({1ms, 50ms, 2ms});
    pool.now += 5s;
    pool.outliers.on_begun(pool.now, worker(1));
    pool.end(1, nothing, 1ms);
    BOOST_TEST(pool.away(1));
    pool.now += 250ms;
    BOOST_TEST(!pool.away(1));
    pool.outliers.on_begun(pool.now, worker(1));
    BOOST_TEST(pool.away(1));  // it is on trial as before
  }
}

BOOST_AUTO_TEST_CASE(WhatIsGivenUpTooLateSpeaksAgainstTheWorker) {
  Pool pool({.latency_factor = 5});
  pool.round({1ms, 50ms, 2ms});
  pool.now += 5s;
  pool.outliers.on_begun(pool.now, worker(1));
  pool.end(1, given_up, 20ms);  // it would have taken longer yet
  pool.now += 10s - 1ms;
  BOOST_TEST(pool.away(1));
}

BOOST_AUTO_TEST_CASE(OneWhoIsCalledSeldomIsJudgedWhenItHasHadEnough) {
  Pool pool({.latency_factor = 5});  // which has called each one once
  for (int call = 0; call < 4; ++call) {
    BOOST_TEST(!pool.away(1));
    pool.round({1ms, 50ms, 2ms}, 1);
  }
  BOOST_TEST(pool.away(1));
}

// What is normal for the one that is left may change while the other one is away.
BOOST_AUTO_TEST_CASE(AWorkerOnTrialIsMeasuredByThoseWhoWorkNow) {
  Pool pool({.latency_factor = 5}, 2);
  pool.round({1ms, 50ms});
  for (int second = 0; second < 5; ++second) pool.round({40ms}, 10);
  pool.outliers.on_begun(pool.now, worker(1));
  pool.end(1, success, 50ms);
  for (int call = 0; call < 10; ++call) pool.outliers.on_begun(pool.now, worker(1));
  BOOST_TEST(!pool.away(1));
}

BOOST_AUTO_TEST_CASE(TrialsCountForTheShareThatMayBeAway) {
  Pool pool({}, 3);
  pool.fail(1, 5);
  pool.now += 5s;  // may be tried again
  pool.fail(2, 5);
  pool.outliers.on_begun(pool.now, worker(1));
  BOOST_TEST(pool.outliers.away(pool.now).size() == 1U);
}

namespace {

// Calls arrive at a steady rate and go to whom is not away, in turn; each ends after its worker's
// latency, give or take a quarter.
class Traffic {
 public:
  Traffic(OutlierConfig config, std::vector<Duration> latencies, std::uint64_t seed)
      : latencies_(std::move(latencies)), outliers_(config), rng_(seed) {}

  // How many of the calls that begun in `lasts` went to each.
  std::vector<double> run(Duration lasts, int rate) {
    std::vector<double> counts(latencies_.size());
    for (const Instant end = now_ + lasts; now_ < end; now_ += Duration(1s) / rate) {
      while (!open_.empty() && open_.begin()->first <= now_) {
        const auto [ends, call] = *open_.begin();
        open_.erase(open_.begin());
        outliers_.on_ended(ends, worker(call.first), success, ends - call.second);
      }
      const auto away = outliers_.away(now_);
      BOOST_REQUIRE(away.size() <= latencies_.size() / 2);
      do {
        turn_ = (turn_ + 1) % latencies_.size();
      } while (std::find(away.begin(), away.end(), worker(static_cast<int>(turn_))) != away.end());
      ++counts[turn_];
      outliers_.on_begun(now_, worker(static_cast<int>(turn_)));
      const auto usual = static_cast<std::uint64_t>(latencies_[turn_].count());
      const Duration takes(usual * 3 / 4 + rng_.below(usual / 2));
      open_.emplace(now_ + takes, std::pair(static_cast<int>(turn_), now_));
    }
    return counts;
  }

  void change(std::size_t index, Duration latency) { latencies_[index] = latency; }
  std::uint64_t ejections() const { return outliers_.ejections(); }

 private:
  std::vector<Duration> latencies_;
  Outliers outliers_;
  Rng rng_;
  Instant now_ = kStart;
  std::size_t turn_ = 0;
  std::multimap<Instant, std::pair<int, Instant>> open_;  // by end: worker, begin
};

}  // namespace

BOOST_AUTO_TEST_CASE(OneOfThreeFiftyTimesSlowerGetsLessThanOneOfAHundredCalls) {
  for (const int rate : {100, 200, 2'000, 10'000}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      Traffic traffic({.latency_factor = 5}, {1ms, 50ms, 1ms}, seed);
      const auto counts = traffic.run(20s, rate);
      BOOST_TEST(counts[1] < 20 * rate * 0.01, rate << " a second: " << counts[1] << " calls");
    }
  }
}

BOOST_AUTO_TEST_CASE(WhoWasSlowForAWhileGetsItsShareAgain) {
  Traffic traffic({.latency_factor = 5}, {1ms, 1ms, 1ms, 1ms}, 1);
  auto counts = traffic.run(10s, 1'000);
  BOOST_TEST(counts[2] == 2'500);
  traffic.change(2, 60ms);
  counts = traffic.run(60s, 1'000);  // 5 s, 10 s, 20 s and 40 s away
  BOOST_TEST(counts[2] < 600);
  BOOST_TEST(traffic.ejections() == 4U);
  traffic.change(2, 1ms);
  traffic.run(20s, 1'000);
  counts = traffic.run(10s, 1'000);
  BOOST_TEST(counts[2] == 2'500);
}

BOOST_AUTO_TEST_CASE(WorkersThatAreAlikeAreLeftInPeace) {
  Traffic traffic({.latency_factor = 2, .latency_slack = 0s}, {10ms, 12ms, 9ms, 11ms}, 5);
  traffic.run(60s, 500);
  BOOST_TEST(traffic.ejections() == 0U);
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
