// Running, queued, turned away: by table, and in a simulated overload.
#include "engine/rpc/admission.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <map>
#include <vector>

#include "engine/rng.h"
#include "engine/timers.h"

using namespace rpcnet;
using namespace rpcnet::rpc;
using namespace std::chrono_literals;
using enum Admission::Verdict;

namespace {

constexpr Instant kStart{};
CallId call(std::uint64_t number) { return CallId{number * 2}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(rpc_admission)

BOOST_AUTO_TEST_CASE(WithoutALimitEverythingRuns) {
  Admission admission({});
  for (std::uint64_t i = 1; i < 100; ++i) {
    BOOST_CHECK(admission.on_arrival(kStart, call(i), kStart + 1ms) == run);
  }
}

BOOST_AUTO_TEST_CASE(TheQueueIsFirstComeFirstServedAndBounded) {
  Admission admission({.running_max = 1, .queue_max = 2});
  BOOST_CHECK(admission.on_arrival(kStart, call(1), {}) == run);
  BOOST_CHECK(admission.on_arrival(kStart, call(2), {}) == wait);
  BOOST_CHECK(admission.on_arrival(kStart, call(3), {}) == wait);
  BOOST_CHECK(admission.on_arrival(kStart, call(4), {}) == full);
  BOOST_CHECK(!admission.next(kStart));
  admission.on_over(kStart + 1ms, call(1));
  auto turn = admission.next(kStart + 1ms);
  BOOST_REQUIRE(turn.has_value());
  BOOST_CHECK(turn->call == call(2));
  BOOST_CHECK(!admission.next(kStart + 1ms));
  // One that gave up in the queue is passed over.
  admission.on_over(kStart + 1ms, call(3));
  admission.on_over(kStart + 2ms, call(2));
  BOOST_CHECK(!admission.next(kStart + 2ms));
  BOOST_TEST(admission.running() == 0U);
}

BOOST_AUTO_TEST_CASE(WhoseTimeWouldPassInTheQueueIsTurnedAwayAtOnce) {
  Admission admission({.running_max = 1, .queue_max = 100});
  Instant now = kStart;
  for (std::uint64_t i = 1; i < 100; ++i) {  // 10 ms are usual
    BOOST_CHECK(admission.on_arrival(now, call(i), {}) == run);
    now += 10ms;
    admission.on_over(now, call(i));
  }
  BOOST_CHECK(admission.on_arrival(now, call(200), now + 1ms) == run);  // a handler is free
  BOOST_CHECK(admission.on_arrival(now, call(201), now + 15ms) == hopeless);
  BOOST_CHECK(admission.on_arrival(now, call(202), now + 25ms) == wait);
  BOOST_CHECK(admission.on_arrival(now, call(203), now + 25ms) == hopeless);
  BOOST_CHECK(admission.on_arrival(now, call(204), {}) == wait);
}

BOOST_AUTO_TEST_CASE(WhatIsTooLateAtItsTurnIsTurnedAway) {
  Admission admission({.running_max = 1, .queue_max = 100});
  admission.on_arrival(kStart, call(1), {});
  admission.on_arrival(kStart, call(2), kStart + 5ms);
  admission.on_arrival(kStart, call(3), {});
  admission.on_over(kStart + 8ms, call(1));
  const auto late = admission.next(kStart + 8ms);
  BOOST_REQUIRE(late.has_value());
  BOOST_CHECK(late->call == call(2) && late->too_late);
  const auto next = admission.next(kStart + 8ms);
  BOOST_REQUIRE(next.has_value());
  BOOST_CHECK(next->call == call(3) && !next->too_late);
}

// Goal: three times what a server can do leaves it doing what it can. Method: four handlers of 10
// ms, a call about every 0.83 ms with a deadline of 50 ms, ten seconds of virtual time.
BOOST_AUTO_TEST_CASE(AnOverloadLeavesTheThroughputWhole) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Admission admission({.running_max = 4, .queue_max = 1000});
    Rng rng(seed);
    Timers<CallId> ends;
    std::map<CallId, Instant> deadlines;
    std::uint64_t number = 0;
    std::size_t in_time = 0;
    std::size_t late = 0;
    std::size_t refused = 0;
    const auto begin = [&](Instant now, CallId id) {
      ends.arm(id, now + 5ms + Duration(rng.below(10'000'000)));
    };
    Instant next_arrival = kStart;
    while (next_arrival < kStart + 10s) {
      if (const auto end = ends.next(); end && *end <= next_arrival) {
        const Instant now = *end;
        const CallId over = *ends.pop_due(now);
        (now <= deadlines[over] ? in_time : late) += 1;
        admission.on_over(now, over);
        while (const auto turn = admission.next(now)) {
          if (turn->too_late) ++refused;
          else begin(now, turn->call);
        }
        continue;
      }
      const Instant now = next_arrival;
      next_arrival += Duration(rng.below(1'666'667));
      const CallId id = call(++number);
      deadlines[id] = now + 50ms;
      const auto verdict = admission.on_arrival(now, id, deadlines[id]);
      if (verdict == run) begin(now, id);
      if (verdict == full || verdict == hopeless) ++refused;
    }
    // 4,000 are possible; a queue without this would make nearly all of them late.
    BOOST_TEST(in_time > 3500U);
    BOOST_TEST(late < 450U);
    BOOST_TEST(refused > 7000U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
