// Bursts and refills.
#include "engine/swim/token_bucket.h"

#include <boost/test/unit_test.hpp>

using namespace rpcnet;
using namespace rpcnet::swim;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(swim_token_bucket)

BOOST_AUTO_TEST_CASE(GivesABurstAndThenOneEachRefill) {
  TokenBucket bucket(3, 1s);
  Instant now{Duration(100s)};
  for (int i = 0; i < 3; ++i) BOOST_TEST(bucket.take(now));
  BOOST_TEST(!bucket.take(now));
  BOOST_TEST(!bucket.take(now + 999ms));
  BOOST_TEST(bucket.take(now + 1s));
  BOOST_TEST(!bucket.take(now + 1s));
  now += 1h;
  for (int i = 0; i < 3; ++i) BOOST_TEST(bucket.take(now));
  BOOST_TEST(!bucket.take(now));
}

BOOST_AUTO_TEST_SUITE_END()
