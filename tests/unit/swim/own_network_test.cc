// Local health, round trips, and the proof of one's own network.
#include <boost/test/unit_test.hpp>

#include "engine/swim/local_health.h"
#include "engine/swim/own_network.h"
#include "engine/swim/round_trips.h"

using namespace rpcnet;
using namespace rpcnet::swim;
using namespace std::chrono_literals;

namespace {

constexpr Instant kStart{Duration(1000s)};

}  // namespace

BOOST_AUTO_TEST_SUITE(swim_own_network)

// Lifeguard IV.A: the score stays between 0 and its highest, and multiplies by one more.
BOOST_AUTO_TEST_CASE(LocalHealthStretchesWhatItIsToldTo) {
  SwimConfig config;
  config.local_health_max = 3;
  config.local_health_scales_timeout = false;
  LocalHealth health(config);
  health.improve();
  BOOST_TEST(health.score() == 0U);
  BOOST_TEST((health.interval(1s) == 1s));
  health.worsen(2);
  BOOST_TEST((health.interval(1s) == 3s));
  BOOST_TEST((health.timeout(1s) == 1s));
  health.worsen(7);
  BOOST_TEST(health.score() == 3U);
  health.improve();
  BOOST_TEST(health.score() == 2U);
  config.local_health_max = 0;
  LocalHealth off(config);
  off.worsen(5);
  BOOST_TEST((off.interval(1s) == 1s));
}

// RFC 6298: the first sample gives R and R/2, so R + 4 R/2; then gains of 1/8 and 1/4.
BOOST_AUTO_TEST_CASE(TheWaitFollowsTheRoundTrips) {
  SwimConfig config;
  config.probe_timeout = 500ms;
  config.probe_timeout_min = 1ms;
  RoundTrips trips(config);
  BOOST_TEST((trips.wait(1, 0ms) == 500ms));
  trips.keep(1);
  trips.sample(1, 8ms);
  BOOST_TEST((trips.wait(1, 0ms) == 24ms));
  trips.sample(1, 8ms);
  BOOST_TEST((trips.wait(1, 0ms) == 20ms));
  BOOST_TEST((trips.wait(1, 5ms) == 25ms));
  // Of a stranger, what all have taken.
  BOOST_TEST((trips.wait(2, 0ms) == 20ms));
  trips.sample(2, 10s);
  BOOST_TEST((trips.wait(2, 0ms) == 500ms));
  BOOST_TEST((trips.wait(1, 0ms) == 20ms));
  config.adaptive_probes = false;
  RoundTrips fixed(config);
  fixed.sample(1, 8ms);
  BOOST_TEST((fixed.wait(1, 0ms) == 500ms));
}

BOOST_AUTO_TEST_CASE(TwoOthersProveTheNetworkSinceTheSilenceBegan) {
  SwimConfig config;
  config.own_network_proof = 2;
  config.own_network_patience = 10s;
  OwnNetwork network(config);
  const Instant since = kStart + 1s;
  network.prove(since, since, 5);
  network.prove(since, since, 5);
  network.prove(since, since, 7);    // the accused itself
  network.prove(kStart, kStart, 8);  // begun before
  BOOST_TEST(!OwnNetwork(network).proven(since + 1s, since, 7, 100));
  network.prove(since + 500ms, since + 500ms, 8);
  BOOST_TEST(network.proven(since + 1s, since, 7, 100));
  // Of few, half of the others: of three, the third; of four, one of two, who may have died
  // together with the accused; of two, nobody.
  BOOST_TEST(OwnNetwork(network).proven(since + 2s, since + 500ms, 7, 4));
  BOOST_TEST(!OwnNetwork(network).proven(since + 2s, since + 500ms, 7, 5));
  BOOST_TEST(!OwnNetwork(network).proven(since + 2s, since + 1s, 7, 3));
  network.prove(since + 1s, since + 1s, 5);
  BOOST_TEST(network.proven(since + 2s, since + 1s, 7, 3));
  BOOST_TEST(network.proven(since + 2s, since + 2s, 7, 2));
}

// The network comes back in the midst of a probe: what was asked before has no meaning.
BOOST_AUTO_TEST_CASE(WhatBeganInDoubtProvesNothing) {
  SwimConfig config;
  config.own_network_proof = 1;
  OwnNetwork network(config);
  BOOST_TEST(!network.proven(kStart + 1s, kStart, 1, 100));
  network.prove(kStart + 2100ms, kStart + 2s, 2);
  BOOST_TEST(!network.proven(kStart + 2100ms, kStart + 1s, 1, 100));
  BOOST_TEST(!network.proven(kStart + 3s, kStart + 2s, 3, 100));
  network.prove(kStart + 4s, kStart + 4s, 2);
  BOOST_TEST(network.proven(kStart + 4s, kStart + 3s, 1, 100));
}

// Enough others have answered what was asked since: whoever they are, and whoever is accused.
BOOST_AUTO_TEST_CASE(TheDoubtIsOverWhenEnoughHaveAnswered) {
  OwnNetwork network({});
  BOOST_TEST(!network.doubted().has_value());
  BOOST_TEST(!network.proven(kStart + 1s, kStart, 1, 100));
  BOOST_TEST((network.doubted() == kStart));
  network.prove(kStart + 2s, kStart - 1s, 2);
  network.prove(kStart + 2s, kStart + 1s, 3);
  BOOST_TEST((network.doubted() == kStart));
  network.prove(kStart + 2s, kStart + 1s, 1);
  BOOST_TEST(!network.doubted().has_value());
}

// Where nobody answers for long, all others may be what has failed.
BOOST_AUTO_TEST_CASE(PatienceWithOneselfEnds) {
  SwimConfig config;
  config.own_network_patience = 10s;
  OwnNetwork network(config);
  BOOST_TEST(!network.proven(kStart, kStart, 1, 100));
  BOOST_TEST(!network.proven(kStart + 9s, kStart + 8s, 2, 100));
  BOOST_TEST(network.proven(kStart + 10s, kStart + 9s, 2, 100));
}

BOOST_AUTO_TEST_SUITE_END()
