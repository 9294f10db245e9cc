// The order of what happens: time, then key, then sequence.
#include "sim/event_queue.h"

#include <boost/test/unit_test.hpp>

#include <set>
#include <utility>
#include <vector>

#include "sim/keyed.h"

namespace rpcnet::sim {
namespace {

Happening named(std::uint64_t name) {
  Happening happening;
  happening.b = name;
  return happening;
}

Moment at(std::int64_t nanos) { return Moment(Duration(nanos)); }

std::vector<std::uint64_t> drain(EventQueue& queue) {
  std::vector<std::uint64_t> names;
  while (auto due = queue.pop(Moment::max())) names.push_back(due->happening.b);
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(EventQueueOrder)

BOOST_AUTO_TEST_CASE(TimeComesFirst) {
  EventQueue queue;
  queue.push(at(30), 0, named(3));
  queue.push(at(10), 9, named(1));
  queue.push(at(20), 5, named(2));
  const std::vector<std::uint64_t> expected{1, 2, 3};
  BOOST_TEST(drain(queue) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(AtOneInstantTheKeyDecidesNotTheOrderOfPushing) {
  EventQueue queue;
  queue.push(at(10), 7, named(7));
  queue.push(at(10), 3, named(3));
  queue.push(at(10), 5, named(5));
  const std::vector<std::uint64_t> expected{3, 5, 7};
  BOOST_TEST(drain(queue) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(WithOneKeyTheFirstPushedIsFirst) {
  EventQueue queue;
  for (std::uint64_t i = 0; i < 100; ++i) queue.push(at(10), 1, named(i));
  const auto names = drain(queue);
  BOOST_TEST_REQUIRE(names.size() == 100U);
  for (std::uint64_t i = 0; i < 100; ++i) BOOST_TEST(names[i] == i);
}

BOOST_AUTO_TEST_CASE(LeavingOneOutKeepsTheOrderOfTheRest) {
  const auto order = [](std::uint64_t without) {
    EventQueue queue;
    for (std::uint64_t i = 0; i < 50; ++i) {
      if (i != without) queue.push(at(static_cast<std::int64_t>(i * 7 % 5)), i * 13 % 11, named(i));
    }
    return drain(queue);
  };
  auto all = order(1000);
  std::erase(all, 17U);
  const auto rest = order(17);
  BOOST_TEST(all == rest, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(NothingHappensAfterTheLimitOrBeforeWhatHasHappened) {
  EventQueue queue;
  queue.push(at(10), 0, named(1));
  BOOST_TEST(!queue.pop(at(9)));
  BOOST_TEST(queue.pop(at(10)).has_value());
  queue.push(at(5), 0, named(2));  // in the past: it happens now
  const auto late = queue.pop(Moment::max());
  BOOST_TEST_REQUIRE(late.has_value());
  BOOST_TEST((late->at == at(10)));
}

// Near, later and far beyond, pushed while others are popped: always the earliest comes.
BOOST_AUTO_TEST_CASE(HoweverFarAheadTheOrderIsThatOfTime) {
  EventQueue queue;
  const Keyed keyed(1);
  std::multiset<std::int64_t> expected;
  std::int64_t now = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const std::uint64_t reach = keyed.below({Domain::probe, 0, 1, i}, 45);
    const auto ahead =
        static_cast<std::int64_t>(keyed.below({Domain::probe, 0, 2, i}, std::uint64_t{1} << reach));
    queue.push(at(now + ahead), 0, named(i));
    expected.insert(now + ahead);
    if (i % 3 != 0) continue;
    const auto due = queue.pop(Moment::max());
    BOOST_TEST_REQUIRE(due.has_value());
    now = due->at.time_since_epoch().count();
    BOOST_TEST_REQUIRE(now == *expected.begin());
    expected.erase(expected.begin());
  }
  BOOST_TEST(queue.size() == expected.size());
  while (const auto due = queue.pop(Moment::max())) {
    BOOST_TEST_REQUIRE(due->at.time_since_epoch().count() == *expected.begin());
    expected.erase(expected.begin());
  }
  BOOST_TEST(expected.empty());
}

BOOST_AUTO_TEST_CASE(KeysStandWhereTheirRankSays) {
  EventQueue queue([](std::uint64_t key) { return 100 - key; });
  queue.push(at(10), 3, named(3));
  queue.push(at(10), 7, named(7));
  queue.push(at(10), 3, named(4));
  const std::vector<std::uint64_t> expected{7, 3, 4};
  BOOST_TEST(drain(queue) == expected, boost::test_tools::per_element());
}

// Against a sorted list, with enough at once that not all of it is kept in order; what the queue
// says will come is what comes.
BOOST_AUTO_TEST_CASE(ManyPushedWhileOthersArePoppedComeInOrder) {
  const Keyed keyed(7);
  EventQueue queue;
  std::set<std::pair<std::int64_t, std::uint64_t>> expected;
  std::uint64_t name = 0;
  std::int64_t now = 0;
  std::size_t foreseen = 0;
  while (name < 5000 || !expected.empty()) {
    for (int i = 0; i < 3 && name < 5000; ++i, ++name) {
      // From the next microsecond to a minute ahead.
      const auto scale = keyed.between({Domain::path, name, 1, 0}, 1, 60'000'000);
      const auto when = now + keyed.between({Domain::path, name, 2, 0}, 1, scale * 1000);
      queue.push(at(when), name, named(name));
      expected.emplace(when, name);
    }
    auto next = expected.begin();
    for (std::size_t ahead = 0; next != expected.end(); ++ahead, ++next) {
      const Happening* coming = queue.upcoming(ahead);
      if (coming == nullptr) break;
      BOOST_TEST_REQUIRE(coming->b == next->second);
      ++foreseen;
    }
    const auto due = queue.pop(Moment::max());
    BOOST_TEST_REQUIRE(due.has_value());
    BOOST_TEST_REQUIRE(due->happening.b == expected.begin()->second);
    now = expected.begin()->first;
    expected.erase(expected.begin());
  }
  BOOST_TEST(queue.size() == 0U);
  BOOST_TEST(foreseen > 1000U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rpcnet::sim
