// Addresses as text and back.
#include "engine/address.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <utility>
#include <vector>

using namespace rpcnet;

BOOST_AUTO_TEST_SUITE(address)

BOOST_AUTO_TEST_CASE(CanonicalTextReadsBackAsItWasWritten) {
  for (const std::string text :
       {"127.0.0.1:61000", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:61000", "[::]:1",
        "[2001:db8::1]:443", "[fe80:0:0:1::]:9", "[1:2:3:4:5:6:7:8]:80", "[1:0:0:2::3]:80"}) {
    const auto address = parse_address(text);
    BOOST_REQUIRE_MESSAGE(address.has_value(), text);
    BOOST_TEST(to_text(*address) == text);
  }
}

BOOST_AUTO_TEST_CASE(OtherSpellingsBecomeCanonical) {
  const std::vector<std::pair<std::string, std::string>> samples{
      {"[2001:DB8:0:0:0:0:0:1]:1", "[2001:db8::1]:1"}, {"[0001:0:0:2:0:0:0:3]:1", "[1:0:0:2::3]:1"},
      {"[1:0:2:3:4:5:6:7]:1", "[1:0:2:3:4:5:6:7]:1"},  // one zero group is not cut
      {"[1::3:4:5:6:7:8]:1", "[1:0:3:4:5:6:7:8]:1"},   {"1.2.3.4:00080", "1.2.3.4:80"},
  };
  for (const auto& [text, canonical] : samples) {
    const auto address = parse_address(text);
    BOOST_REQUIRE_MESSAGE(address.has_value(), text);
    BOOST_TEST(to_text(*address) == canonical);
  }
}

BOOST_AUTO_TEST_CASE(WhatIsNoNumericAddressIsRefused) {
  for (const char* text : {"",
                           ":",
                           ":1",
                           "localhost:1",
                           "1.2.3:1",
                           "1.2.3.4",
                           "1.2.3.4:",
                           "1.2.3.4:65536",
                           "1.2.3.4:-1",
                           "1.2.3.4.5:1",
                           "1.2.3.256:1",
                           "01.2.3.4:1",
                           "1..3.4:1",
                           "::1:1",
                           "[::1]",
                           "[::1:1",
                           "::1]:1",
                           "[1:2:3:4:5:6:7]:1",
                           "[1:2:3:4:5:6:7:8:9]:1",
                           "[1::2::3]:1",
                           "[12345::]:1",
                           "[:::]:1",
                           "[g::]:1",
                           "[1:]:1",
                           "[:1]:1",
                           "[]:1",
                           " 1.2.3.4:1",
                           "1.2.3.4:1 ",
                           "[1:2:3:4:5:6:7::8]:1"}) {
    BOOST_TEST(!parse_address(text).has_value(), text);
  }
}

BOOST_AUTO_TEST_CASE(KindsAreTold) {
  BOOST_TEST(parse_address("127.0.0.1:1")->is_v4());
  BOOST_TEST(!parse_address("[::1]:1")->is_v4());
  BOOST_TEST(parse_address("0.0.0.0:1")->is_unspecified());
  BOOST_TEST(parse_address("[::]:1")->is_unspecified());
  BOOST_TEST(!parse_address("0.0.0.1:1")->is_unspecified());
  BOOST_TEST((Address::v4(1, 2, 3, 4, 5) == *parse_address("1.2.3.4:5")));
}

BOOST_AUTO_TEST_SUITE_END()
