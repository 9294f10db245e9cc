// The window, the first guess, bursts, outages, and the deadline against hand-computed numbers.
#include "engine/phi/phi_detector.h"

#include <boost/test/unit_test.hpp>

using namespace rpcnet;
using namespace rpcnet::phi;
using namespace std::chrono_literals;

namespace {

constexpr Instant kStart{Duration(1000s)};

// A detector that has heard `count` heartbeats, one every `gap`.
PhiDetector steady(const PhiConfig& config, Duration gap, int count) {
  PhiDetector detector(config, gap);
  for (int i = 0; i < count; ++i) detector.observe(kStart + gap * i);
  return detector;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(phi_detector)

BOOST_AUTO_TEST_CASE(KnowsNothingBeforeTheFirstHeartbeat) {
  const PhiDetector detector({}, 500ms);
  BOOST_TEST(detector.phi_milli(kStart + 1h) == 0U);
  BOOST_TEST(!detector.when(5000).has_value());
  BOOST_TEST(detector.samples() == 0U);
}

// Akka's first guess: the promised gap and a quarter of it as deviation.
BOOST_AUTO_TEST_CASE(GuessesFromThePromisedGap) {
  PhiDetector detector({}, 1s);
  detector.observe(kStart);
  BOOST_TEST((detector.mean() == 1s));
  BOOST_TEST((detector.deviation() == 250ms));
}

// Heartbeats every 250 ms without jitter, deviation_min 50 ms, pause 500 ms:
// phi 3 at 250 + 500 + 3.090232 * 50 = 904.5 ms, phi 8 at 250 + 500 + 5.612001 * 50 = 1030.6 ms.
BOOST_AUTO_TEST_CASE(ReachesLevelsWhenComputedByHand) {
  const PhiConfig config{.window = 100, .deviation_min = 50ms, .pause = 500ms};
  const PhiDetector detector = steady(config, 250ms, 200);
  const Instant last = kStart + 250ms * 199;
  BOOST_TEST(!detector.when(0).has_value());  // never, not at once
  BOOST_TEST((detector.when(3000) == last + 904'511'600ns));
  BOOST_TEST((detector.when(8000) == last + 1'030'600'050ns));
  BOOST_TEST(detector.phi_milli(last + 904'520us) == 3000U);
  BOOST_TEST(detector.phi_milli(last + 1'030'610us) == 8000U);
  BOOST_TEST(detector.phi_milli(last + 700ms) < 100U);
}

// Gaps of 400 and 600 ms in turn: mean 500, deviation 100 exactly.
BOOST_AUTO_TEST_CASE(LearnsMeanAndDeviation) {
  PhiDetector detector({.window = 10}, 500ms);
  Instant now = kStart;
  detector.observe(now);
  for (int i = 0; i < 10; ++i) detector.observe(now += i % 2 == 0 ? 400ms : 600ms);
  BOOST_TEST((detector.mean() == 500ms));
  BOOST_TEST((detector.deviation() == 100ms));
  BOOST_TEST(detector.samples() == 10U);
}

BOOST_AUTO_TEST_CASE(ForgetsWhatLeavesTheWindow) {
  PhiDetector detector({.window = 20}, 500ms);
  Instant now = kStart;
  detector.observe(now);
  for (int i = 0; i < 50; ++i) detector.observe(now += 2s);
  for (int i = 0; i < 20; ++i) detector.observe(now += 500ms);
  BOOST_TEST((detector.mean() == 500ms));
  BOOST_TEST((detector.deviation() == PhiConfig{}.deviation_min));
}

// After a pause the queued heartbeats come all at once (akka.net 4849).
BOOST_AUTO_TEST_CASE(ABurstIsOneSample) {
  PhiDetector detector = steady({}, 500ms, 10);
  const std::uint64_t before = detector.samples();
  const Instant burst = kStart + 500ms * 9 + 2s;
  for (int i = 0; i < 5; ++i) detector.observe(burst + 1ms * i);
  BOOST_TEST(detector.samples() == before + 1);
  detector.observe(burst + 500ms);
  BOOST_TEST(detector.samples() == before + 2);
}

BOOST_AUTO_TEST_CASE(AnOutageIsNoSample) {
  PhiDetector detector = steady({}, 500ms, 10);
  const Duration mean = detector.mean();
  detector.observe(kStart + 1h);
  BOOST_TEST((detector.mean() == mean));
  BOOST_TEST(detector.phi_milli(kStart + 1h) == 0U);
  detector.resume(kStart + 2h);
  BOOST_TEST((detector.mean() == mean));
}

// Our own stall is not the peer's silence.
BOOST_AUTO_TEST_CASE(AStallOfOursShiftsTheLastArrival) {
  PhiDetector detector = steady({}, 500ms, 10);
  const Instant due = *detector.when(5000);
  detector.delay(2s);
  BOOST_TEST((*detector.when(5000) == due + 2s));
  const Instant woken = kStart + 500ms * 9 + 2s;
  BOOST_TEST(detector.phi_milli(woken) == 0U);
  detector.observe(woken + 500ms);
  BOOST_TEST((detector.mean() == 500ms));
}

// rpcnet's phi can never exceed 10: its 1 - CDF is floored at 1e-10.
BOOST_AUTO_TEST_CASE(IsSoundAfterAMillionSecondsOfSilence) {
  const PhiDetector detector = steady({}, 500ms, 100);
  BOOST_TEST(detector.phi_milli(kStart + 1'000'000s) == 300'000U);
  BOOST_TEST((*detector.when(300'000) < kStart + 60s));
}

BOOST_AUTO_TEST_CASE(HugeGapsDoNotOverflow) {
  PhiDetector detector({.window = 1000, .gap_max = std::chrono::hours(1)}, 1s);
  Instant now = kStart;
  for (int i = 0; i < 2000; ++i) detector.observe(now += i % 2 == 0 ? Duration(1h) : Duration(1s));
  BOOST_TEST((detector.mean() == 1800s + 500ms));
  BOOST_TEST((detector.deviation() == 1799s + 500ms));
}

BOOST_AUTO_TEST_SUITE_END()
