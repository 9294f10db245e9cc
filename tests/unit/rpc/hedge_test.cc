// Attempts side by side: when another begins, who answers, and when nobody is asked again.
#include "engine/rpc/hedge.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>

#include "engine/rpc/frame.h"

using namespace rpcnet;
using namespace rpcnet::rpc;
using namespace std::chrono_literals;

namespace {

constexpr Instant kStart{};
const Status kUnavailable{StatusCode::unavailable, "", {}};

struct Hedging {
  RetryConfig retry;
  RetryBudget budget{retry};
  Hedge hedge;

  explicit Hedging(std::uint32_t attempts)
      : hedge({.delay = 10ms, .attempts_max = attempts}, budget) {
    hedge.on_begun(kStart);
  }
};

Metadata push_back(const std::string& text) { return {{std::string(kRetryAfterMs), text}}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(rpc_hedge)

BOOST_AUTO_TEST_CASE(AnotherBeginsWhenNoAnswerHasComeForTheDelay) {
  Hedging one(3);
  BOOST_CHECK(one.hedge.due() == kStart + 10ms);
  one.hedge.on_begun(kStart + 10ms);
  BOOST_CHECK(one.hedge.due() == kStart + 20ms);
  one.hedge.on_begun(kStart + 20ms);
  BOOST_CHECK(!one.hedge.due());  // all attempts are made
}

BOOST_AUTO_TEST_CASE(TheFirstAnswerEndsIt) {
  Hedging one(2);
  one.hedge.on_begun(kStart + 10ms);
  BOOST_CHECK(one.hedge.on_ended(kStart + 11ms, Status{}, {}));
}

// What another worker would answer alike is an answer.
BOOST_AUTO_TEST_CASE(AFailureThatIsNotTransientIsAnAnswer) {
  Hedging one(2);
  one.hedge.on_begun(kStart + 10ms);
  BOOST_CHECK(one.hedge.on_ended(kStart + 11ms, {StatusCode::not_found, "", {}}, {}));
}

BOOST_AUTO_TEST_CASE(AFailureMakesRoomForTheNextAtOnce) {
  Hedging one(2);
  BOOST_CHECK(!one.hedge.on_ended(kStart + 3ms, kUnavailable, {}));
  BOOST_CHECK(one.hedge.due() == kStart + 3ms);
  one.hedge.on_begun(kStart + 3ms);
  BOOST_CHECK(one.hedge.on_ended(kStart + 4ms, kUnavailable, {}));  // that was the last one
}

BOOST_AUTO_TEST_CASE(OneThatStillRunsIsWaitedFor) {
  Hedging one(2);
  one.hedge.on_begun(kStart + 10ms);
  BOOST_CHECK(!one.hedge.on_ended(kStart + 11ms, kUnavailable, {}));
  BOOST_CHECK(one.hedge.on_ended(kStart + 12ms, Status{}, {}));
}

BOOST_AUTO_TEST_CASE(TheCalleeMayPutItOffOrForbidIt) {
  Hedging later(2);
  BOOST_CHECK(!later.hedge.on_ended(kStart, kUnavailable, push_back("250")));
  BOOST_CHECK(later.hedge.due() == kStart + 250ms);
  Hedging never(2);
  BOOST_CHECK(never.hedge.on_ended(kStart, kUnavailable, push_back("never")));
  BOOST_CHECK(!never.hedge.due());
}

BOOST_AUTO_TEST_CASE(TheBudgetIsSharedWithRetries) {
  Hedging one(2);
  for (int i = 0; i < 5; ++i) one.budget.on_failure();
  BOOST_CHECK(!one.hedge.due());
  for (int i = 0; i < 10; ++i) one.budget.on_success();
  BOOST_CHECK(one.hedge.due());
  // A failure costs a token, a drained server none.
  const auto before = one.budget.milli_tokens();
  one.hedge.on_ended(kStart, kUnavailable, {{std::string(kNotStarted), "1"}});
  BOOST_TEST(one.budget.milli_tokens() == before);
  one.hedge.on_begun(kStart);
  one.hedge.on_ended(kStart, kUnavailable, {});
  BOOST_TEST(one.budget.milli_tokens() == before - 1000);
}

BOOST_AUTO_TEST_SUITE_END()
