// Integer logarithms against floating-point ones, and the formulas against memberlist's table.
#include "engine/swim/scale.h"

#include <boost/test/unit_test.hpp>
#include <cmath>

using namespace rpcnet;
using namespace rpcnet::swim;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(swim_scale)

BOOST_AUTO_TEST_CASE(TheLogarithmIsExactToItsLastDigits) {
  for (std::uint64_t n = 1; n < 200'000; ++n) {
    const long double exact = std::log2(static_cast<long double>(n)) * 4294967296.0L;
    BOOST_TEST_REQUIRE(std::abs(static_cast<long double>(log2_q32(n)) - exact) < 16, "at " << n);
  }
  BOOST_TEST(log2_q32(std::uint64_t{1} << 63) == std::uint64_t{63} << 32);
}

BOOST_AUTO_TEST_CASE(TransmitsGrowSmoothly) {
  for (std::size_t n = 1; n < 20'000; ++n) {
    const double exact = std::ceil(3 * std::log(static_cast<double>(n + 1)));
    BOOST_TEST_REQUIRE(transmit_limit(3, n) == static_cast<std::uint32_t>(exact), "at " << n);
  }
  BOOST_TEST(transmit_limit(3, 0) == 1U);
  BOOST_TEST(transmit_limit(3, 61) == 13U);
}

// memberlist's retransmitLimit: 4 * ceil(log10(n + 1)).
BOOST_AUTO_TEST_CASE(TransmitsInMemberlistGrowInSteps) {
  for (std::size_t n = 1; n < 20'000; ++n) {
    const double exact = 4 * std::ceil(std::log10(static_cast<double>(n + 1)));
    BOOST_TEST_REQUIRE(transmit_limit_in_steps(4, n) == static_cast<std::uint32_t>(exact),
                       "at " << n);
  }
  BOOST_TEST(transmit_limit_in_steps(0, 5) == 1U);
}

// memberlist, LAN: 4 s up to 10 members, 8.4 s at 128, 12 s at 1000, 16 s at 10000.
BOOST_AUTO_TEST_CASE(SuspicionLastsAsInMemberlist) {
  SwimConfig config;
  config.suspicion_min_milli = 4000;
  config.suspicion_floor = 0s;
  BOOST_TEST((suspicion_min(config, 1) == 4s));
  BOOST_TEST((suspicion_min(config, 10) == 4s));
  const auto near = [&](std::size_t members, Duration expected) {
    const Duration error = suspicion_min(config, members) - expected;
    return error < 1us && error > -1us;
  };
  BOOST_TEST(near(128, 8'428'840'104ns));
  BOOST_TEST(near(1000, 12s));
  BOOST_TEST(near(10'000, 16s));
}

// Lifeguard IV.B, by hand: N = 128, 8.43 s to 50.57 s, K = 3: ln 2 / ln 4 is a half.
BOOST_AUTO_TEST_CASE(ConfirmationsShortenASuspicionByTheirLogarithm) {
  SwimConfig config;
  config.suspicion_min_milli = 4000;
  config.suspicion_floor = 0s;
  config.suspicion_max_factor = 6;
  config.suspicion_confirmations = 3;
  const auto near = [&](std::size_t confirmations, Duration expected) {
    const Duration error = suspicion_length(config, 128, confirmations) - expected;
    return error < 3us && error > -3us;
  };
  BOOST_TEST(near(0, 50'573'039us));
  BOOST_TEST(near(1, 29'500'940us));
  BOOST_TEST(near(3, 8'428'840'104ns));
  BOOST_TEST(near(7, 8'428'840'104ns));
}

// Four members: two may confirm, and they are enough; or nobody is waited for, as in memberlist.
BOOST_AUTO_TEST_CASE(FewMembersConfirmAsTheyCan) {
  SwimConfig config;
  config.suspicion_min_milli = 1000;
  config.suspicion_floor = 0s;
  config.suspicion_max_factor = 6;
  config.suspicion_confirmations = 3;
  config.suspicion_short_when_few = false;
  BOOST_TEST((suspicion_length(config, 4, 0) == 6s));
  BOOST_TEST((suspicion_length(config, 4, 2) == 1s));
  BOOST_TEST((suspicion_length(config, 2, 0) == 3s));
  config.suspicion_short_when_few = true;
  BOOST_TEST((suspicion_length(config, 4, 0) == 1s));
  config.suspicion_confirmations = 0;
  BOOST_TEST((suspicion_length(config, 100, 0) == suspicion_min(config, 100)));
}

BOOST_AUTO_TEST_CASE(SyncsBecomeRarerWithEachDoubling) {
  SwimConfig config;
  config.sync_interval = 15s;
  BOOST_TEST((sync_interval(config, 1) == 15s));
  BOOST_TEST((sync_interval(config, 32) == 15s));
  BOOST_TEST((sync_interval(config, 33) == 30s));
  BOOST_TEST((sync_interval(config, 64) == 30s));
  BOOST_TEST((sync_interval(config, 65) == 45s));
  BOOST_TEST((sync_interval(config, 1000) == 90s));
}

BOOST_AUTO_TEST_SUITE_END()
