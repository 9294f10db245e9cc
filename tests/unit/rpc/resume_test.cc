// A stream that outlives its servers: waits, ends, and what is no resumable stream.
#include "engine/rpc/resume.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>

#include "engine/rpc/retry.h"

using namespace rpcnet;
using namespace rpcnet::rpc;
using namespace std::chrono_literals;

namespace {

constexpr Instant kStart{};
const Status kUnavailable{StatusCode::unavailable, "gone", {}};

Metadata says(const std::string& first) { return {{std::string(kResumeFrom), first}}; }

struct Reading {
  Resume resume{ResumeConfig{}, 1};
  Rng rng{1};

  // An attempt that gives so many items from next() on, and then ends.
  bool attempt(int items, const Status& end, const Metadata& trailers = {}, Instant now = kStart) {
    resume.on_begun();
    if (items >= 0) BOOST_REQUIRE(!resume.on_opened(says(std::to_string(resume.next()))));
    for (int i = 0; i < items; ++i) BOOST_REQUIRE(resume.on_item());
    return resume.on_ended(now, end, trailers, NodeId::parse("a"), rng);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(rpc_resume)

BOOST_AUTO_TEST_CASE(TheFirstAttemptAfterAnItemGoesAtOnce) {
  Reading reading;
  BOOST_TEST(!reading.attempt(3, kUnavailable));
  BOOST_CHECK(reading.resume.begin_at() == kStart);
  BOOST_TEST(!reading.attempt(-1, kUnavailable));
  BOOST_CHECK(reading.resume.begin_at() > kStart);
  BOOST_CHECK(reading.resume.begin_at() <= kStart + 25ms);
  BOOST_TEST(!reading.attempt(1, kUnavailable, {}, kStart + 1s));
  BOOST_CHECK(reading.resume.begin_at() == kStart + 1s);
  BOOST_TEST(reading.resume.failovers() == 2U);
}

BOOST_AUTO_TEST_CASE(SoManyAttemptsWithoutAnItemAreTheEnd) {
  Reading reading;
  for (int i = 0; i < 4; ++i) BOOST_TEST(!reading.attempt(0, kUnavailable));
  BOOST_TEST(reading.attempt(0, kUnavailable));
  BOOST_CHECK(*reading.resume.end() == kUnavailable);
}

BOOST_AUTO_TEST_CASE(AServerSaysWhenOrNever) {
  Reading reading;
  BOOST_TEST(!reading.attempt(1, kUnavailable, {{std::string(kRetryAfterMs), "700"}}));
  BOOST_CHECK(reading.resume.begin_at() == kStart + 700ms);
  BOOST_TEST(reading.attempt(1, kUnavailable, {{std::string(kRetryAfterMs), "never"}}));
}

BOOST_AUTO_TEST_CASE(WhatNoServerCanMendIsTheEnd) {
  for (const StatusCode code : {StatusCode::ok, StatusCode::invalid_argument, StatusCode::internal,
                                StatusCode::deadline_exceeded, StatusCode::cancelled}) {
    Reading reading;
    BOOST_TEST(reading.attempt(1, {code, "", {}}));
    BOOST_CHECK(reading.resume.end()->code == code);
  }
}

BOOST_AUTO_TEST_CASE(AnEndBeforeWhatHasComeIsLoss) {
  Reading reading;
  BOOST_TEST(!reading.attempt(5, kUnavailable));
  reading.resume.on_begun();
  BOOST_REQUIRE(!reading.resume.on_opened(says("1")));
  for (int i = 0; i < 3; ++i) BOOST_TEST(!reading.resume.on_item());
  BOOST_TEST(reading.resume.on_ended(kStart, {}, {}, std::nullopt, reading.rng));
  BOOST_CHECK(reading.resume.end()->code == StatusCode::data_loss);
}

BOOST_AUTO_TEST_CASE(OneThatBeginsTooLateIsLeftForAnother) {
  Reading reading;
  reading.resume.on_begun();
  const auto useless = reading.resume.on_opened(says("2"));
  BOOST_REQUIRE(useless.has_value());
  BOOST_CHECK(useless->code == StatusCode::data_loss);
  BOOST_TEST(!reading.resume.on_ended(kStart, *useless, {}, NodeId::parse("a"), reading.rng));
  BOOST_TEST(reading.resume.lost(kStart).size() == 1U);
  BOOST_TEST(!reading.attempt(1, kUnavailable));
}

// A method whose handler knows nothing of resuming, and bytes that are no number.
BOOST_AUTO_TEST_CASE(OneThatDoesNotSayWhereItBeginsIsNoResumableStream) {
  for (const std::string text : {"", "0", "-1", "1x", "99999999999999999999"}) {
    Reading reading;
    reading.resume.on_begun();
    BOOST_TEST(reading.resume.on_opened(says(text)).has_value());
  }
  Reading reading;
  BOOST_TEST(reading.attempt(-1, {}));
  BOOST_CHECK(reading.resume.end()->code == StatusCode::internal);
}

BOOST_AUTO_TEST_CASE(WhoGivesUpStaysGivenUp) {
  Reading reading;
  reading.resume.on_begun();
  reading.resume.give_up({StatusCode::cancelled, "mine", {}});
  BOOST_TEST(reading.resume.on_ended(kStart, kUnavailable, {}, std::nullopt, reading.rng));
  BOOST_TEST(reading.resume.end()->message == "mine");
}

BOOST_AUTO_TEST_SUITE_END()
