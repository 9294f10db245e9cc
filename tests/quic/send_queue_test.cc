// What a stream holds until it is acknowledged: nothing moves, nothing is lost, all is freed.
#include "io/quic/core/send_queue.h"

#include <array>
#include <boost/test/unit_test.hpp>

#include "tests/quic/support/world.h"

using namespace rpcnet;
using rpcnet::quic::SendQueue;

namespace {

std::uint64_t unsent_total(const SendQueue& queue) {
  std::array<ngtcp2_vec, 1000> chunks;
  std::uint64_t total = 0;
  const std::size_t count = queue.unsent(chunks);
  for (std::size_t i = 0; i < count; ++i) total += chunks[i].len;
  return total;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(SendQueueOfAStream)

BOOST_AUTO_TEST_CASE(KeepsBytesInPlaceUntilAcknowledged) {
  SendQueue queue;
  queue.append(test::pattern(100));
  std::array<ngtcp2_vec, 16> first;
  BOOST_REQUIRE_EQUAL(queue.unsent(first), 1U);
  const std::uint8_t* place = first[0].base;
  queue.on_sent(100, false);
  for (int i = 0; i < 1000; ++i) queue.append(test::pattern(30));
  BOOST_TEST((BytesView(place, 100).front() == test::pattern(100).front()));
  BOOST_TEST(queue.unacknowledged() == 30'100U);
  BOOST_TEST(queue.on_acknowledged(100) == 100U);
  BOOST_TEST(unsent_total(queue) == 30'000U);
}

BOOST_AUTO_TEST_CASE(GatherSmallWritesIntoFewChunks) {
  SendQueue queue;
  for (int i = 0; i < 1000; ++i) queue.append(Bytes(8));
  std::array<ngtcp2_vec, 16> chunks;
  BOOST_TEST(queue.unsent(chunks) <= 3U);
}

BOOST_AUTO_TEST_CASE(AgreesWithAModelInAnyOrderOfEvents) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Rng random(seed);
    SendQueue queue;
    Bytes model;
    std::uint64_t sent = 0;
    std::uint64_t acknowledged = 0;
    for (int i = 0; i < 500; ++i) {
      switch (random.below(3)) {
        case 0: {
          const Bytes more = test::pattern(random.below(3000), random.next());
          model.insert(model.end(), more.begin(), more.end());
          queue.append(more);
          break;
        }
        case 1: {
          std::array<ngtcp2_vec, 16> chunks;
          const std::size_t count = queue.unsent(chunks);
          Bytes seen;
          for (std::size_t c = 0; c < count; ++c) {
            seen.insert(seen.end(), chunks[c].base, chunks[c].base + chunks[c].len);
          }
          BOOST_REQUIRE(seen.size() <= model.size() - sent);
          BOOST_REQUIRE(std::equal(seen.begin(), seen.end(),
                                   model.begin() + static_cast<std::ptrdiff_t>(sent)));
          const std::uint64_t step = random.below(seen.size() + 1);
          queue.on_sent(step, false);
          sent += step;
          break;
        }
        default: {
          const std::uint64_t step = random.below(sent - acknowledged + 1);
          BOOST_REQUIRE_EQUAL(queue.on_acknowledged(acknowledged + step), step);
          acknowledged += step;
          break;
        }
      }
      BOOST_REQUIRE_EQUAL(queue.unacknowledged(), model.size() - acknowledged);
      BOOST_REQUIRE_EQUAL(queue.unsent_bytes(), model.size() - sent);
    }
  }
}

BOOST_AUTO_TEST_CASE(ClearingFreesEverything) {
  SendQueue queue;
  queue.append(Bytes(5000));
  queue.on_sent(2000, false);
  queue.on_acknowledged(1000);
  BOOST_TEST(queue.clear() == 4000U);
  BOOST_TEST(!queue.has_something());
  BOOST_TEST(queue.on_acknowledged(2000) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
