// The client's verdict on the tokens that it got.
#include "bins/client/token_log.h"

#include <boost/test/unit_test.hpp>
#include <chrono>

using namespace rpcnet;
using namespace rpcnet::bins;
using namespace std::chrono_literals;

namespace {

Instant at(Duration since) { return Instant{since}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(TokenLogs)

BOOST_AUTO_TEST_CASE(NothingIsWhole) {
  TokenLog log;
  log.end(at(5s));
  BOOST_TEST(log.whole());
  BOOST_TEST(log.summary() == "client: tokens=0 gaps=0 duplicates=0 failovers=0 longest_gap_ms=0");
}

BOOST_AUTO_TEST_CASE(InOrderIsWholeAcrossAFailover) {
  TokenLog log;
  log.observe(at(10s), 1);
  log.observe(at(10s + 200ms), 2);
  log.observe_failover();
  log.observe(at(11s + 1999us), 3);
  log.observe(at(11s + 100ms), 4);
  BOOST_TEST(log.whole());
  BOOST_TEST(log.summary() ==
             "client: tokens=4 gaps=0 duplicates=0 failovers=1 longest_gap_ms=801");
}

BOOST_AUTO_TEST_CASE(EachSequencePassedOverIsAGap) {
  TokenLog log;
  log.observe(at(1s), 3);
  BOOST_TEST(!log.whole());
  log.observe(at(1s), 6);
  BOOST_TEST(log.summary() == "client: tokens=2 gaps=4 duplicates=0 failovers=0 longest_gap_ms=0");
}

BOOST_AUTO_TEST_CASE(WhatCameBeforeIsADuplicateAndNoProgress) {
  TokenLog log;
  for (const std::uint64_t sequence : {1U, 2U, 2U, 1U}) log.observe(at(1s), sequence);
  BOOST_TEST(!log.whole());
  log.observe(at(1s), 3);
  BOOST_TEST(log.summary() == "client: tokens=5 gaps=0 duplicates=2 failovers=0 longest_gap_ms=0");
}

// A stream that stands still at the end is as bad as one that stood still before.
BOOST_AUTO_TEST_CASE(TheWaitAfterTheLastTokenCounts) {
  TokenLog log;
  log.observe(at(1s), 1);
  log.observe(at(2s), 2);
  log.end(at(5s));
  BOOST_TEST(log.summary() ==
             "client: tokens=2 gaps=0 duplicates=0 failovers=0 longest_gap_ms=3000");
}

BOOST_AUTO_TEST_SUITE_END()
