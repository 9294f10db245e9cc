// The FIFO of outputs: order, and what may happen while one is being looked at.
#include <boost/test/unit_test.hpp>
#include <vector>

#include "engine/output.h"

using namespace rpcnet;

namespace {

std::uint64_t number(const Output& output) {
  return std::get<ConsumeStream>(std::get<Order>(output)).bytes;
}

ConsumeStream numbered(std::uint64_t number) { return {LinkId{1}, StreamId{0}, number}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(outbox)

BOOST_AUTO_TEST_CASE(AnOutputStaysWhileOthersArePushed) {
  Outbox out;
  for (std::uint64_t i = 0; i < 3; ++i) out.push(numbered(i));
  const Output* first = out.poll();
  BOOST_REQUIRE(first != nullptr);
  for (std::uint64_t i = 3; i < 1000; ++i) out.push(numbered(i));
  BOOST_TEST(number(*first) == 0U);
  BOOST_TEST(out.size() == 999U);
  for (std::size_t i = 0; i < out.size(); ++i) BOOST_TEST(number(out.pending(i)) == i + 1);
}

BOOST_AUTO_TEST_CASE(OrderOutlastsAnyNumberOfDrainings) {
  Outbox out;
  std::uint64_t pushed = 0;
  std::uint64_t polled = 0;
  for (std::size_t round = 0; round < 50; ++round) {
    for (std::size_t i = 0; i < round; ++i) out.push(numbered(pushed++));
    while (const Output* output = out.poll()) {
      BOOST_TEST(number(*output) == polled++);
      if (polled % 7 == 0) out.push(numbered(pushed++));
    }
    BOOST_TEST(out.empty());
    BOOST_TEST(polled == pushed);
  }
}

BOOST_AUTO_TEST_SUITE_END()
