// Receive credit by hand-made numbers.
#include "engine/rpc/credit.h"

#include <boost/test/unit_test.hpp>

#include "engine/rng.h"
#include "engine/rpc/seen_streams.h"

using namespace rpcnet;
using rpc::Credit;
using rpc::SeenStreams;

BOOST_AUTO_TEST_SUITE(rpc_credit)

BOOST_AUTO_TEST_CASE(TheFirstMessageIsCreditedAsItArrives) {
  Credit credit;
  credit.arrived(50);
  BOOST_TEST(credit.take() == 50);
  BOOST_TEST(credit.take() == 0);
  credit.arrived(60);
  credit.delivered(10, 97);  // header of 10 bytes, head of 3, 97 of content: complete
  BOOST_TEST(credit.take() == 60);
}

BOOST_AUTO_TEST_CASE(LaterMessagesAreCreditedWhenTheyAreTaken) {
  Credit credit;
  credit.arrived(100);
  credit.delivered(0, 98);
  BOOST_TEST(credit.take() == 100);
  credit.arrived(150);
  credit.delivered(100, 98);  // and 50 bytes of the next
  BOOST_TEST(credit.take() == 0);
  credit.consumed(98, 1);
  BOOST_TEST(credit.take() == 150);  // nothing is owed: the part of the next counts too
}

BOOST_AUTO_TEST_CASE(AMessageLargerThanTheWindowCompletes) {
  Credit credit;
  credit.arrived(12);
  credit.delivered(0, 10);
  credit.arrived(12);
  credit.delivered(12, 10);
  credit.consumed(10, 1);
  BOOST_TEST(credit.take() == 24);
  for (int i = 0; i < 100; ++i) {
    credit.arrived(1000);
    BOOST_TEST(credit.take() == 1000);
  }
  credit.delivered(24, 99'995);
  BOOST_TEST(credit.take() == 0);
  credit.arrived(7);  // a small one behind it waits with it
  credit.delivered(100'024, 5);
  BOOST_TEST(credit.take() == 0);
  credit.consumed(99'995, 1);
  credit.consumed(5, 1);
  BOOST_TEST(credit.take() == 7);
}

BOOST_AUTO_TEST_CASE(EmptyMessagesAreWithheldToo) {
  Credit credit;
  credit.arrived(2);
  credit.delivered(0, 0);
  for (std::uint64_t i = 1; i <= 10; ++i) {
    credit.arrived(2);
    credit.delivered(2 * i, 0);
  }
  BOOST_TEST(credit.take() == 2);
  credit.consumed(0, 4);
  BOOST_TEST(credit.take() == 8);
  credit.consumed(0, 100);  // more than there are
  BOOST_TEST(credit.take() == 12);
}

BOOST_AUTO_TEST_CASE(BytesToldInBulkAreMadeGood) {
  Credit credit;
  credit.arrived(2);
  credit.delivered(0, 0);
  for (std::uint64_t i = 0; i < 10; ++i) {
    credit.arrived(103);
    credit.delivered(2 + 103 * i, 100);
  }
  BOOST_TEST(credit.take() == 2);
  credit.consumed(1000, 1);
  BOOST_TEST(credit.take() == 1030);
}

BOOST_AUTO_TEST_CASE(NeverMoreIsCreditedThanWasReceived) {
  Rng rng(1);
  for (int run = 0; run < 200; ++run) {
    Credit credit;
    std::uint64_t credited = 0;
    std::uint64_t delivered = 0;
    for (int i = 0; i < 200; ++i) {
      switch (rng.below(4)) {
        case 0: credit.arrived(rng.below(100)); break;
        case 1: {
          const std::uint64_t left = credit.received() - delivered;
          if (left < 2) break;
          const std::uint64_t size = 2 + rng.below(left - 1);
          credit.delivered(delivered, size - 2);
          delivered += size;
          break;
        }
        case 2: credit.consumed(rng.below(200), rng.below(3)); break;
        default: credited += credit.take();
      }
      BOOST_REQUIRE(credited <= credit.received());
    }
    credit.consumed(1'000'000, 1'000'000);
    credited += credit.take();
    BOOST_TEST(credited == credit.received());
    BOOST_TEST(credit.take() == 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(rpc_seen_streams)

BOOST_AUTO_TEST_CASE(EachNumberBeginsOnce) {
  SeenStreams seen;
  for (const std::uint64_t number : {0U, 1U, 5U, 3U, 2U, 9U, 4U, 6U, 8U, 7U}) {
    BOOST_TEST(seen.begin(number));
    BOOST_TEST(!seen.begin(number));
  }
  BOOST_TEST(seen.gaps() == 0);
  BOOST_TEST(seen.begin(10));
}

BOOST_AUTO_TEST_CASE(GapsAreBounded) {
  SeenStreams seen;
  for (std::uint64_t i = 0; i < 3 * SeenStreams::kGapsMax; ++i) seen.begin(2 * i + 1);
  BOOST_TEST(seen.gaps() <= SeenStreams::kGapsMax);
  BOOST_TEST(!seen.begin(0));                             // the oldest gap counts as begun
  BOOST_TEST(seen.begin(6 * SeenStreams::kGapsMax - 2));  // the newest is still a gap
}

BOOST_AUTO_TEST_SUITE_END()
