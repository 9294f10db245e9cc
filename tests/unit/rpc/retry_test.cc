// Trying again: when, how often, and when no longer.
#include "engine/rpc/retry.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>

#include "engine/rpc/frame.h"

using namespace rpcnet;
using namespace rpcnet::rpc;
using namespace std::chrono_literals;

namespace {

const Status kUnavailable{StatusCode::unavailable, "", {}};
const Status kOk{};

Metadata not_started() { return {{std::string(kNotStarted), "1"}}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(rpc_retry)

BOOST_AUTO_TEST_CASE(OnlyWhatIsSafeIsTriedAgain) {
  const RetryConfig config;
  Rng rng(1);
  const auto tried = [&](StatusCode code, const Metadata& trailers, bool safe) {
    RetryBudget budget(config);
    return Retry(config, budget, safe).next(Status{code, "", {}}, trailers, rng).has_value();
  };
  BOOST_TEST(tried(StatusCode::unavailable, {}, true));
  BOOST_TEST(!tried(StatusCode::unavailable, {}, false));
  BOOST_TEST(tried(StatusCode::unavailable, not_started(), false));
  BOOST_TEST(tried(StatusCode::resource_exhausted, not_started(), false));
  for (const auto code : {StatusCode::ok, StatusCode::internal, StatusCode::deadline_exceeded,
                          StatusCode::cancelled, StatusCode::not_found}) {
    BOOST_TEST(!tried(code, not_started(), true));
  }
}

BOOST_AUTO_TEST_CASE(WaitsDoubleWithJitterAndAttemptsEnd) {
  RetryConfig config;
  config.attempts_max = 6;
  config.tokens_max = 1000;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    RetryBudget budget(config);
    Retry retry(config, budget, true);
    Rng rng(seed);
    for (const auto ceiling : {50ms, 100ms, 200ms, 400ms, 800ms}) {
      const auto wait = retry.next(kUnavailable, {}, rng);
      BOOST_REQUIRE(wait.has_value());
      BOOST_TEST((*wait >= ceiling / 2 && *wait <= ceiling));
    }
    BOOST_TEST(!retry.next(kUnavailable, {}, rng).has_value());
  }
}

BOOST_AUTO_TEST_CASE(TheCalleeMaySayWhenOrNever) {
  const RetryConfig config;
  Rng rng(1);
  const auto wait = [&](const std::string& asked) {
    RetryBudget budget(config);
    const Metadata trailers{{std::string(kRetryAfterMs), asked}};
    return Retry(config, budget, true).next(kUnavailable, trailers, rng);
  };
  BOOST_TEST((wait("0") == Duration(0)));
  BOOST_TEST((wait("1500") == Duration(1500ms)));
  for (const char* never : {"-1", "", "soon", "12x", "86400001", "99999999999999"}) {
    BOOST_TEST(!wait(never).has_value(), never);
  }
}

BOOST_AUTO_TEST_CASE(ACallThatFoundNobodyCostsNoToken) {
  const RetryConfig config;
  RetryBudget budget(config);
  Rng rng(1);
  for (int call = 0; call < 100; ++call) {
    Retry retry(config, budget, false);
    BOOST_TEST(retry.next(kUnavailable, not_started(), rng).has_value());
  }
  BOOST_TEST(budget.milli_tokens() == config.tokens_max * 1000);
  // One that was turned away for load does.
  const Status full{StatusCode::resource_exhausted, "", {}};
  for (int call = 0; call < 100; ++call) {
    Retry(config, budget, false).next(full, not_started(), rng);
  }
  BOOST_TEST(!Retry(config, budget, false).next(full, not_started(), rng).has_value());
}

// 10,000 calls while nobody answers, then a callee that fails one call in a hundred.
BOOST_AUTO_TEST_CASE(TheBudgetBoundsTheLoadThatRetriesAdd) {
  const RetryConfig config;
  RetryBudget budget(config);
  Rng rng(7);
  const auto run = [&](std::uint64_t one_in) {
    std::uint64_t attempts = 0;
    for (int call = 0; call < 10'000; ++call) {
      Retry retry(config, budget, true);
      do {
        ++attempts;
      } while (retry.next(rng.below(one_in) == 0 ? kUnavailable : kOk, {}, rng));
    }
    return attempts;
  };
  const std::uint64_t in_outage = run(1);
  BOOST_TEST(in_outage <= 10'000 + config.tokens_max);
  (void)run(1'000'000);  // the budget recovers
  BOOST_TEST(budget.allows());
  const std::uint64_t in_peace = run(100);
  BOOST_TEST(in_peace >= 10'000 + 80);
  BOOST_TEST(in_peace <= 10'000 + 130);
}

BOOST_AUTO_TEST_SUITE_END()
