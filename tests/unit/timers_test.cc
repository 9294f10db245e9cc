// Deadlines by key.
#include "engine/timers.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "engine/rng.h"

using namespace rpcnet;
using namespace std::chrono_literals;

namespace {

// A key that only compares, as SWIM's reasons do.
struct Reason {
  int kind = 0;
  std::string node;
  friend auto operator<=>(const Reason&, const Reason&) = default;
};

constexpr Instant at(Duration since) { return Instant(since); }

template <typename Key>
std::vector<Key> due(Timers<Key>& timers, Instant now) {
  std::vector<Key> keys;
  while (auto key = timers.pop_due(now)) keys.push_back(std::move(*key));
  return keys;
}

// Random operations against the plainest model: a map that is searched from end to end.
template <typename Key, typename Make>
void compare_with_model(std::uint64_t seed, Make make) {
  Timers<Key> timers;
  std::map<Key, std::pair<Instant, int>> model;
  int sequence = 0;
  Rng rng(seed);
  for (int i = 0; i < 20'000; ++i) {
    const Key key = make(rng.below(60));
    const Instant instant(Duration(static_cast<Duration::rep>(rng.below(50))));
    // Now many, now few: a few are kept in another way.
    const bool ebb = i / 500 % 2 == 1;
    switch (rng.below(ebb ? 6 : 4)) {
      case 0:
      case 1:
        timers.arm(key, instant);
        model[key] = {instant, ++sequence};
        break;
      case 2: BOOST_REQUIRE(timers.disarm(key) == (model.erase(key) > 0)); break;
      default: {
        auto first = model.end();
        for (auto it = model.begin(); it != model.end(); ++it) {
          if (first == model.end() || it->second < first->second) first = it;
        }
        BOOST_REQUIRE(timers.next().has_value() == (first != model.end()));
        if (first != model.end()) BOOST_REQUIRE((*timers.next() == first->second.first));
        const auto popped = timers.pop_due(instant);
        const bool expected = first != model.end() && first->second.first <= instant;
        BOOST_REQUIRE(popped.has_value() == expected);
        if (!expected) break;
        BOOST_REQUIRE((*popped == first->first));
        model.erase(first);
      }
    }
    BOOST_REQUIRE(timers.size() == model.size());
    const auto found = model.find(key);
    BOOST_REQUIRE(
        (timers.deadline(key) ==
         (found == model.end() ? std::nullopt : std::optional<Instant>(found->second.first))));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(timers)

BOOST_AUTO_TEST_CASE(NothingIsDueBeforeItsTime) {
  Timers<CallId> timers;
  BOOST_TEST(!timers.next().has_value());
  BOOST_TEST(!timers.pop_due(Instant::max()).has_value());
  timers.arm(CallId{1}, at(10ms));
  BOOST_TEST((timers.next() == at(10ms)));
  BOOST_TEST(!timers.pop_due(at(10ms) - 1ns).has_value());
  BOOST_TEST((timers.pop_due(at(10ms)) == CallId{1}));
  BOOST_TEST(timers.empty());
}

BOOST_AUTO_TEST_CASE(WhatIsDueTogetherComesInTheOrderOfArming) {
  Timers<Reason> timers;
  timers.arm({1, "b"}, at(5ms));
  timers.arm({1, "a"}, at(5ms));
  timers.arm({0, "c"}, at(4ms));
  timers.arm({0, "d"}, at(5ms));
  const std::vector<Reason> order{{0, "c"}, {1, "b"}, {1, "a"}, {0, "d"}};
  BOOST_TEST((due(timers, at(1s)) == order));
}

BOOST_AUTO_TEST_CASE(ArmingAgainReplacesTheDeadlineAndThePlaceInLine) {
  Timers<CallId> timers;
  timers.arm(CallId{1}, at(5ms));
  timers.arm(CallId{2}, at(5ms));
  timers.arm(CallId{1}, at(5ms));
  BOOST_TEST(timers.size() == 2);
  BOOST_TEST((due(timers, at(5ms)) == std::vector<CallId>{{2}, {1}}));
  timers.arm(CallId{3}, at(1ms));
  timers.arm(CallId{3}, at(9ms));
  BOOST_TEST(due(timers, at(8ms)).empty());
  BOOST_TEST(due(timers, at(9ms)).size() == 1);
}

BOOST_AUTO_TEST_CASE(ADisarmedDeadlineNeverFires) {
  Timers<CallId> timers;
  timers.arm(CallId{1}, at(1ms));
  BOOST_TEST(timers.disarm(CallId{1}));
  BOOST_TEST(!timers.disarm(CallId{1}));
  BOOST_TEST(!timers.pop_due(Instant::max()).has_value());
}

BOOST_AUTO_TEST_CASE(ALateCallGivesEverythingInOrderOfTime) {
  Timers<CallId> timers;
  for (std::uint64_t i = 0; i < 100; ++i) {
    timers.arm(CallId{i}, at(std::chrono::milliseconds((i * 37) % 100)));
  }
  const auto keys = due(timers, at(1s));
  BOOST_REQUIRE(keys.size() == 100);
  for (std::size_t i = 0; i < keys.size(); ++i) BOOST_TEST(keys[i].value * 37 % 100 == i);
}

BOOST_AUTO_TEST_CASE(AgreesWithAPlainModelForHashedAndForOrderedKeys) {
  compare_with_model<CallId>(1, [](std::uint64_t n) { return CallId{n * 4096}; });
  compare_with_model<Reason>(
      2, [](std::uint64_t n) { return Reason{static_cast<int>(n % 7), std::to_string(n)}; });
}

BOOST_AUTO_TEST_SUITE_END()
