// The gossip grammar: exact bytes, round trips, what is refused and what is skipped.
#include "engine/swim/message.h"

#include <boost/test/unit_test.hpp>
#include <string>

using namespace rpcnet;
using namespace rpcnet::swim;
using namespace std::chrono_literals;

namespace {

const Sender kSender{*NodeId::parse("worker-a"), 3, Address::v4(10, 0, 0, 7, 6200), 12};

Message message(Body body) { return {kSender, std::move(body), {}}; }

bool same_after_a_trip(const Message& original) {
  const Parsed parsed = parse(serialize(original));
  const auto* back = std::get_if<Message>(&parsed);
  return back != nullptr && *back == original;
}

bool refused(const Bytes& bytes, ParseError as) {
  const Parsed parsed = parse(bytes);
  const auto* error = std::get_if<ParseError>(&parsed);
  return error != nullptr && *error == as;
}

Bytes hex(std::string_view digits) {
  Bytes bytes;
  for (std::size_t i = 0; i < digits.size();) {
    if (digits[i] == ' ') {
      ++i;
      continue;
    }
    const std::string byte(digits.substr(i, 2));
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(byte, nullptr, 16)));
    i += 2;
  }
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(swim_message)

// The worked example of docs/wire.md, byte for byte.
BOOST_AUTO_TEST_CASE(IsWrittenAsInTheDocument) {
  Message ping = message(Ping{513, 1s, *NodeId::parse("director")});
  ping.updates.push_back({*NodeId::parse("worker-b"),
                          {2, MemberStatus::suspect, Address::v4(10, 0, 0, 8, 6200)},
                          *NodeId::parse("worker-a"),
                          std::nullopt});
  const Bytes expected =
      hex("01 01 08 776f726b65722d61 03 04 0a000007 1838 0c"
          "0f 4201 800f4240 08 6469726563746f72"
          "01 1c 08 776f726b65722d62 02 01 04 0a000008 1838 01 08 776f726b65722d61");
  BOOST_TEST(serialize(ping) == expected, boost::test_tools::per_element());
}

// A heartbeat of an earlier build ends before the fields that came later.
BOOST_AUTO_TEST_CASE(AShorterHeartbeatIsStillOne) {
  const Body whole = Heartbeat{6, 500ms, 5, 20ms, true, 0, 0ms};
  Bytes bytes = serialize(message(whole));
  const Bytes body = hex("06 8007a120 05 80004e20 01 00 00");
  const auto at = std::search(bytes.begin(), bytes.end(), body.begin(), body.end());
  BOOST_REQUIRE((at != bytes.end()));
  at[-1] = static_cast<std::uint8_t>(body.size() - 2);
  bytes.erase(at + static_cast<std::ptrdiff_t>(body.size()) - 2,
              at + static_cast<std::ptrdiff_t>(body.size()));
  const Parsed parsed = parse(bytes);
  BOOST_REQUIRE(std::holds_alternative<Message>(parsed));
  BOOST_TEST((std::get<Message>(parsed).body == whole));
}

BOOST_AUTO_TEST_CASE(EveryBodySurvivesATrip) {
  const NodeId id = *NodeId::parse("x");
  const Address v6 = *parse_address("[2001:db8::1]:443");
  for (const Body& body : std::vector<Body>{
           Ping{1, 250ms, id}, Ack{2}, PingReq{3, 1s, id, v6}, RelayedAck{4}, Nack{5}, Gossip{},
           Heartbeat{6, 500ms, 5, 20ms, true, 3, 7ms}, Leave{7}, SyncOpen{0xfedcba9876543210},
           SyncVerdict{true}, SyncDigest{true, {{id, 1, MemberStatus::dead, 9, 0xdeadbeef}}},
           SyncWants{{id, *NodeId::parse("y")}}, SyncEnd{}}) {
    BOOST_TEST(same_after_a_trip(message(body)));
  }
}

BOOST_AUTO_TEST_CASE(UpdatesSurviveATrip) {
  Message gossip = message(Gossip{});
  const Address address = Address::v4(1, 2, 3, 4, 5);
  for (const auto status :
       {MemberStatus::alive, MemberStatus::suspect, MemberStatus::dead, MemberStatus::left}) {
    gossip.updates.push_back({*NodeId::parse("b"), {7, status, address}, {}, {}});
    gossip.updates.push_back({*NodeId::parse("c"),
                              {7, status, address},
                              *NodeId::parse("b"),
                              TagSet{4, {{"role", "worker"}, {"zone", ""}}}});
    gossip.updates.push_back({*NodeId::parse("d"), {7, status, address}, {}, {}, 300});
  }
  BOOST_TEST(same_after_a_trip(gossip));
}

BOOST_AUTO_TEST_CASE(ALaterVersionOrTypeIsUnknownAndNotMalformed) {
  Bytes bytes = serialize(message(Ack{1}));
  bytes[0] = 2;
  BOOST_TEST(refused(bytes, ParseError::unknown));
  bytes[0] = 1;
  bytes[1] = 99;
  BOOST_TEST(refused(bytes, ParseError::unknown));
}

// A later version may add fields to a body and kinds of updates.
BOOST_AUTO_TEST_CASE(WhatALaterVersionAddsIsSkipped) {
  const Bytes grown =
      hex("01 02 01 61 00 04 01020304 0005 00"
          "04 07 aabbcc"
          "63 02 ffff");
  const Parsed parsed = parse(grown);
  const auto* back = std::get_if<Message>(&parsed);
  BOOST_REQUIRE(back != nullptr);
  BOOST_TEST((back->body == Body(Ack{7})));
  BOOST_TEST(back->updates.empty());
}

BOOST_AUTO_TEST_CASE(EveryPrefixIsMalformedOrShorterNews) {
  Message full = message(Ping{513, 1s, *NodeId::parse("director")});
  full.updates.push_back({*NodeId::parse("b"), {1, MemberStatus::alive, {}}, {}, {}});
  const Bytes bytes = serialize(full);
  const std::size_t without_updates = serialize(message(full.body)).size();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Parsed parsed = parse(BytesView(bytes).first(size));
    BOOST_TEST(std::holds_alternative<ParseError>(parsed) == (size != without_updates));
  }
}

BOOST_AUTO_TEST_CASE(RefusesWhatTheGrammarForbids) {
  const auto malformed = [](std::string_view digits) {
    return refused(hex(digits), ParseError::malformed);
  };
  const std::string head = "01 02 01 61 00 04 01020304 0005 00 01 07";  // an Ack of "a", whole
  BOOST_TEST(!malformed(head));
  BOOST_TEST(malformed(""));
  BOOST_TEST(malformed("01 02 00 00 04 01020304 0005 00 01 07"));     // no name
  BOOST_TEST(malformed("01 02 01 41 00 04 01020304 0005 00 01 07"));  // "A"
  BOOST_TEST(malformed("01 02 01 61 00 05 01020304 0005 00 01 07"));  // address family 5
  BOOST_TEST(malformed("01 02 01 61 d000000000000001 04 01020304 0005 00 01 07"));  // incarnation
  BOOST_TEST(malformed("01 02 01 61 00 04 01020304 0005 00 00"));                   // no number
  BOOST_TEST(malformed(head + "01 0a 01 62 00 04 04 01020304 0005 00"));            // status 4
  BOOST_TEST(malformed(head + "01 0b 01 62 00 00 04 01020304 0005 02"));            // flag 2
  // An IPv4 address in its IPv6 form: one address would have two forms.
  BOOST_TEST(malformed("01 02 01 61 00 06 00000000000000000000ffff01020304 0005 00 01 07"));
  // Tags out of order.
  BOOST_TEST(!malformed(head + "02 14 01 62 00 00 04 01020304 0005 00 01 02 01 61 00 01 62 00"));
  BOOST_TEST(malformed(head + "02 14 01 62 00 00 04 01020304 0005 00 01 02 01 62 00 01 61 00"));
  // Tags that are somewhere: without a version, and with one that cannot be refuted.
  BOOST_TEST(!malformed(head + "03 0d 01 62 00 00 04 01020304 0005 00 09"));
  BOOST_TEST(malformed(head + "03 0c 01 62 00 00 04 01020304 0005 00"));
  BOOST_TEST(malformed(head + "03 14 01 62 00 00 04 01020304 0005 00 d000000000000001"));
}

BOOST_AUTO_TEST_CASE(ACountBeyondTheBytesIsRefusedWithoutReserving) {
  BOOST_TEST(refused(hex("01 12 01 61 00 04 01020304 0005 00 09 01 ffffffffffffffff"),
                     ParseError::malformed));
  BOOST_TEST(refused(hex("01 13 01 61 00 04 01020304 0005 00 08 ffffffffffffffff"),
                     ParseError::malformed));
}

BOOST_AUTO_TEST_SUITE_END()
