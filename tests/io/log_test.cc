// Levels in words, and lines that do not flood.
#include <boost/test/unit_test.hpp>

#include "io/core/link_log.h"
#include "io/log.h"

namespace rpcnet::test {
namespace {

BOOST_AUTO_TEST_SUITE(Log)

BOOST_AUTO_TEST_CASE(LevelsAreReadInBothStyles) {
  const std::pair<const char*, std::optional<LogLevel>> table[] = {
      {"info", LogLevel::info},
      {"WARN", LogLevel::warn},
      {"warning", LogLevel::warn},
      {"off", LogLevel::off},
      {"rpcnet=debug,info", LogLevel::info},
      {"info,rpcnet=debug", LogLevel::info},
      {"rpcnet=trace", LogLevel::trace},
      {"rpcnet::cluster=debug, error", LogLevel::error},
      {"", std::nullopt},
      {"loud", std::nullopt},
      {"a=b", std::nullopt},
  };
  for (const auto& [text, level] : table) BOOST_CHECK_MESSAGE(parse_log_level(text) == level, text);
}

BOOST_AUTO_TEST_CASE(WhatIsLeftOutIsCounted) {
  LogLimiter limiter(2, std::chrono::seconds(10));
  Instant now{std::chrono::seconds(100)};
  std::uint64_t suppressed = 7;
  BOOST_CHECK(limiter.allow(now, "a", suppressed) && suppressed == 0);
  BOOST_CHECK(limiter.allow(now, "a", suppressed));
  for (int i = 0; i < 5; ++i) BOOST_CHECK(!limiter.allow(now, "a", suppressed));
  BOOST_CHECK(limiter.allow(now, "b", suppressed) && suppressed == 0);
  now += std::chrono::seconds(10);
  BOOST_CHECK(limiter.allow(now, "a", suppressed));
  BOOST_CHECK_EQUAL(suppressed, 5u);
}

BOOST_AUTO_TEST_CASE(APeersWordsCannotWriteLinesOfTheirOwn) {
  BOOST_CHECK_EQUAL(core::printable("a\nb\x1b[31mc\x7f\xc3\xa4"), "a?b?[31mc?\xc3\xa4");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rpcnet::test
