// The named modes of membership.
#include <boost/test/unit_test.hpp>

#include "engine/profiles.h"

using namespace rpcnet;

BOOST_AUTO_TEST_SUITE(profiles)

BOOST_AUTO_TEST_CASE(AProfileIsFoundByItsName) {
  for (const auto name : profile_names()) BOOST_TEST(find_profile(name).has_value(), name);
  BOOST_TEST(!find_profile("fast").has_value());
  BOOST_TEST((find_profile("lan")->swim.probe_interval == SwimConfig{}.probe_interval));
}

// What is asked of every mode: the waits nest.
BOOST_AUTO_TEST_CASE(TimesOfAProfileNest) {
  for (const auto name : profile_names()) {
    const auto [swim, phi] = *find_profile(name);
    BOOST_TEST((swim.probe_timeout_min <= swim.probe_timeout), name);
    BOOST_TEST((swim.probe_timeout * 2 <= swim.probe_interval), name);
    BOOST_TEST((swim.probe_interval <= swim.round_interval), name);
    BOOST_TEST((swim.ring_interval + phi.pause < phi.gap_max), name);
    BOOST_TEST((swim.heartbeat_interval * 3 < swim.watch_lease), name);
  }
}

// The mode to compare with has nothing of Lifeguard and nothing of Phi.
BOOST_AUTO_TEST_CASE(PureSwimIsSwimAlone) {
  const auto [swim, phi] = pure_swim();
  BOOST_TEST(swim.rings == 0U);
  BOOST_TEST(swim.local_health_max == 0U);
  BOOST_TEST(swim.suspicion_max_factor == 1U);
  BOOST_TEST(phi.probe_at_milli == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
