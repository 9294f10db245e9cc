// The wire form of frames, byte by byte.
#include "engine/rpc/frame.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <limits>
#include <string>

using namespace rpcnet;
using namespace rpcnet::rpc;
using namespace std::chrono_literals;

namespace {

Bytes from_hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 3) {
    bytes.push_back(
        static_cast<std::uint8_t>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

BytesView payload(const Bytes& frame) { return BytesView(frame).subspan(2); }

}  // namespace

BOOST_AUTO_TEST_SUITE(rpc_frame)

BOOST_AUTO_TEST_CASE(TheExamplesOfTheDocumentHold) {  // docs/wire.md
  Bytes request;
  append_request_header(request, 250ms, "Echo.say", {{"trace", "7f"}});
  append_message_head(request, 5);
  BOOST_TEST(request == from_hex("01 16 80 03 d0 90 08 45 63 68 6f 2e 73 61 79 05 74 72 61 63 65 "
                                 "02 37 66 02 05"),
             boost::test_tools::per_element());
  Bytes ok;
  append_trailer(ok, {}, {});
  BOOST_TEST(ok == from_hex("04 03 00 00 00"), boost::test_tools::per_element());
  Bytes failed;
  append_trailer(failed, {StatusCode::not_found, "no such user", {}}, {{"hint", "42"}});
  BOOST_TEST(failed == from_hex("04 17 05 0c 6e 6f 20 73 75 63 68 20 75 73 65 72 00 04 68 69 6e "
                                "74 02 34 32"),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(TheTimeLeftIsRoundedUpAndNeverNothing) {
  for (const auto& [left, read] :
       {std::pair<Duration, Duration>{1ns, 1us}, {1us, 1us}, {1001ns, 2us}, {1h, 1h}}) {
    Bytes frame;
    append_request_header(frame, left, "m", {});
    BOOST_TEST((parse_request_header(payload(frame))->left == read));
  }
}

BOOST_AUTO_TEST_CASE(ATimeBeyondOurRangeIsNone) {
  // 2^62 - 1 microseconds.
  const Bytes far = from_hex("ff ff ff ff ff ff ff ff 01 6d");
  BOOST_REQUIRE(parse_request_header(far).has_value());
  BOOST_TEST(!parse_request_header(far)->left.has_value());
  Bytes longest;
  append_request_header(longest, Duration::max(), "m", {});
  BOOST_TEST(parse_request_header(BytesView(longest).subspan(2)).has_value());
}

BOOST_AUTO_TEST_CASE(MalformedHeadersAreRefused) {
  for (const char* text : {
           "",                      // nothing
           "00",                    // no method
           "00 00",                 // an empty method
           "00 02 6d",              // a method cut short
           "00 01 6d 01",           // a key cut short
           "00 01 6d 01 6b",        // no value
           "00 01 6d 00 00",        // an empty key
           "00 01 6d 01 4b 00",     // an upper-case key
           "00 01 6d 01 6b 02 76",  // a value cut short
           "c0 01 6d",              // a number cut short
       }) {
    BOOST_TEST(!parse_request_header(from_hex(text)).has_value(), text);
  }
  BOOST_TEST(parse_request_header(from_hex("00 01 6d")).has_value());
  BOOST_TEST(parse_request_header(from_hex("00 01 6d 01 6b 00")).has_value());
}

BOOST_AUTO_TEST_CASE(MalformedTrailersAreRefused) {
  for (const char* text : {"", "00", "00 00", "00 01", "00 01 61", "00 00 01", "00 00 00 01"}) {
    BOOST_TEST(!parse_trailer(from_hex(text)).has_value(), text);
  }
}

BOOST_AUTO_TEST_CASE(AnUnknownStatusCodeKeepsItsWords) {
  const auto trailer = parse_trailer(from_hex("3f 01 61 00"));
  BOOST_REQUIRE(trailer.has_value());
  BOOST_TEST((trailer->status.code == StatusCode::unknown));
  BOOST_TEST(trailer->status.message == "a");
}

BOOST_AUTO_TEST_CASE(KeysAreCheckedAndPairsHaveWeight) {
  BOOST_TEST(valid_keys({{"a-b.c_9", ""}}));
  for (const char* key : {"", "A", "a b", "a:", "\xc3\xa4"}) {
    BOOST_TEST(!valid_keys({{key, ""}}), key);
  }
  BOOST_TEST(metadata_weight({}) == 0);
  BOOST_TEST(metadata_weight({{"ab", "cde"}, {"f", ""}}) == 2 + 3 + 32 + 1 + 32);
  BOOST_TEST(trailer_weight({StatusCode::ok, "four", Bytes(5)}, {{"a", "b"}}) == 4 + 5 + 34);
}

BOOST_AUTO_TEST_SUITE_END()
