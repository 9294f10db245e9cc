// Levels in words, and lines that do not flood.
#include <boost/test/unit_test.hpp>

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
  BOOST_CHECK_EQUAL(printable("a\nb\x1b[31mc\x7f\xc3\xa4"), "a?b?[31mc?\xc3\xa4");
  // Terminals take U+009B for ESC [, some also when it comes as a byte or in too many of them.
  BOOST_CHECK_EQUAL(printable("\xc2\x9b"
                              "31m"),
                    "??31m");
  BOOST_CHECK_EQUAL(printable("\x9b"
                              "31m \xc0\x9b \xe0\x80\x9b"),
                    "?31m ?? ???");
  BOOST_CHECK_EQUAL(printable("\xf0\x9f\x8e\xaf \xe2\x82\xac \xc2\xa0"),
                    "\xf0\x9f\x8e\xaf \xe2\x82\xac \xc2\xa0");
  BOOST_CHECK_EQUAL(printable("\xe2\x82"), "??");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rpcnet::test
