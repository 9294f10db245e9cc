// For all histories: phi never falls in silence, and the deadline is where the level is crossed.
#include "engine/phi/phi_detector.h"

#include <rapidcheck.h>
#include <boost/test/unit_test.hpp>

using namespace rpcnet;
using namespace rpcnet::phi;
using namespace std::chrono_literals;

namespace {

PhiDetector any_detector(Instant& now) {
  PhiDetector detector({.window = 20}, 500ms);
  now = Instant(1000s);
  const auto gaps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 20'000));
  detector.observe(now);
  for (const int gap : gaps) detector.observe(now += std::chrono::milliseconds(gap));
  return detector;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(phi_properties)

BOOST_AUTO_TEST_CASE(PhiNeverFallsInSilence) {
  BOOST_TEST(rc::check("monotone", [] {
    Instant now;
    const PhiDetector detector = any_detector(now);
    const auto earlier = std::chrono::milliseconds(*rc::gen::inRange(0, 100'000'000));
    const auto later = earlier + std::chrono::milliseconds(*rc::gen::inRange(0, 100'000'000));
    RC_ASSERT(detector.phi_milli(now + earlier) <= detector.phi_milli(now + later));
  }));
}

BOOST_AUTO_TEST_CASE(TheDeadlineIsWhereTheLevelIsCrossed) {
  BOOST_TEST(rc::check("inverse", [] {
    Instant now;
    const PhiDetector detector = any_detector(now);
    const auto level = *rc::gen::inRange<std::uint32_t>(1000, 300'000);
    const auto when = detector.when(level);
    RC_ASSERT(when.has_value());
    // The table's straight lines are off by up to 0.005 deviations.
    const Duration slack = detector.deviation() / 200;
    RC_ASSERT(detector.phi_milli(*when - slack) <= level);
    RC_ASSERT(detector.phi_milli(*when + slack) + 1 >= level);
  }));
}

BOOST_AUTO_TEST_CASE(TheDeadlineIsMonotoneInTheLevel) {
  BOOST_TEST(rc::check("monotone deadline", [] {
    Instant now;
    const PhiDetector detector = any_detector(now);
    const auto low = *rc::gen::inRange<std::uint32_t>(0, 300'000);
    const auto high = *rc::gen::inRange<std::uint32_t>(low, 400'000);
    RC_ASSERT(*detector.when(low) <= *detector.when(high));
  }));
}

BOOST_AUTO_TEST_SUITE_END()
