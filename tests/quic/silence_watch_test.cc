// When a peer counts as silent, in numbers. silence_max is 4 s, so a tick comes every second.
#include "io/quic/core/silence_watch.h"

#include <boost/test/unit_test.hpp>
#include <chrono>

using namespace rpcnet;
using namespace std::chrono_literals;
using quic::SilenceWatch;
using Verdict = quic::SilenceWatch::Verdict;

namespace {
constexpr Instant kStart{100s};
}

BOOST_AUTO_TEST_SUITE(SilenceWatchOfALink)

BOOST_AUTO_TEST_CASE(JudgesAfterFourQuartersAndNotBefore) {
  SilenceWatch watch(4s);
  watch.start(kStart);
  for (const Duration at : {1s, 2s, 3s}) {
    BOOST_REQUIRE(watch.due() == kStart + at);
    BOOST_TEST((watch.tick(kStart + at) == Verdict::wait));
  }
  BOOST_TEST((watch.tick(kStart + 4s) == Verdict::silent));
}

BOOST_AUTO_TEST_CASE(BeginsAnewWithEachSignOfLife) {
  SilenceWatch watch(4s);
  watch.start(kStart);
  watch.tick(kStart + 1s);
  watch.tick(kStart + 2s);
  watch.heard(kStart + 2500ms);
  BOOST_TEST((watch.tick(kStart + 3s) == Verdict::wait));
  BOOST_TEST((watch.due() == kStart + 3500ms));
  for (const Duration at : {3500ms, 4500ms, 5500ms}) {
    BOOST_TEST((watch.tick(kStart + at) == Verdict::wait));
  }
  BOOST_TEST((watch.tick(kStart + 6500ms) == Verdict::silent));
}

BOOST_AUTO_TEST_CASE(AfterAStallWaitsForTwoSecondsMore) {
  SilenceWatch watch(4s);
  watch.start(kStart);
  for (const Duration at : {1s, 2s, 3s}) watch.tick(kStart + at);
  // The tick due at 4 s comes at 60 s: nobody was awake to hear anything.
  BOOST_TEST((watch.tick(kStart + 60s) == Verdict::ping));
  BOOST_TEST((watch.tick(kStart + 61s) == Verdict::wait));
  BOOST_TEST((watch.tick(kStart + 62s) == Verdict::silent));
}

BOOST_AUTO_TEST_CASE(IgnoresEarlyTicksAndNeverJudgesWhenDisabled) {
  SilenceWatch watch(4s);
  watch.start(kStart);
  BOOST_TEST((watch.tick(kStart + 500ms) == Verdict::wait));
  BOOST_TEST((watch.due() == kStart + 1s));
  watch.stop();
  BOOST_TEST(!watch.due().has_value());
  SilenceWatch none(0s);
  none.start(kStart);
  BOOST_TEST(!none.due().has_value());
}

BOOST_AUTO_TEST_SUITE_END()
