// For all messages and all bytes: what is written is read back, and nothing that arrives can hurt.
#include "engine/swim/message.h"

#include <rapidcheck.h>
#include <boost/test/unit_test.hpp>

using namespace rpcnet;
using namespace rpcnet::swim;

namespace {

NodeId any_id() {
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab0._-z")));
  return NodeId::parse(text.substr(0, 64)).value_or(*NodeId::parse("x"));
}

Address any_address() {
  Address address;
  if (*rc::gen::arbitrary<bool>()) address = Address::v4(1, 2, 3, 4, 0);
  for (auto& byte : address.ip) {
    if (byte == 0) continue;
    byte = *rc::gen::inRange<std::uint8_t>(1, 255);
  }
  address.port = *rc::gen::arbitrary<std::uint16_t>();
  if (!address.is_v4()) address.ip[0] = 0x20;
  return address;
}

std::uint64_t any_count() { return *rc::gen::inRange<std::uint64_t>(0, kCountMax); }

Update any_update() {
  Update update{any_id(),
                {any_count(), static_cast<MemberStatus>(*rc::gen::inRange(0, 4)), any_address()},
                std::nullopt,
                std::nullopt};
  if (*rc::gen::arbitrary<bool>()) update.accuser = any_id();
  if (*rc::gen::arbitrary<bool>()) {
    const auto pairs = *rc::gen::arbitrary<std::map<std::string, std::string>>();
    update.tags = TagSet{any_count(), {pairs.begin(), pairs.end()}};
  } else if (*rc::gen::arbitrary<bool>()) {
    update.tags_at = any_count();
  }
  return update;
}

Body any_body() {
  const std::uint64_t seq = any_count();
  const Duration left = std::chrono::microseconds(*rc::gen::inRange<std::int64_t>(0, 60'000'000));
  switch (*rc::gen::inRange(0, 9)) {
    case 0: return Ping{seq, left, any_id()};
    case 1: return PingReq{seq, left, any_id(), any_address()};
    case 2: return Heartbeat{seq, left, any_count(), left, *rc::gen::arbitrary<bool>(), 7, left};
    case 3: return Leave{seq};
    case 4: return SyncOpen{*rc::gen::arbitrary<std::uint64_t>()};
    case 5: return SyncWants{{any_id(), any_id()}};
    case 6: return SyncDigest{true, {{any_id(), seq, MemberStatus::left, any_count(), 7}}};
    case 7: return Gossip{};
    default: return Ack{seq};
  }
}

Message any_message() {
  Message message{
      {any_id(), any_count(), any_address(), *rc::gen::arbitrary<std::uint32_t>()}, any_body(), {}};
  const int updates = *rc::gen::inRange(0, 5);
  for (int i = 0; i < updates; ++i) message.updates.push_back(any_update());
  return message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(swim_message_properties)

BOOST_AUTO_TEST_CASE(WhatIsWrittenIsReadBack) {
  BOOST_TEST(rc::check("round trip", [] {
    const Message message = any_message();
    const Parsed parsed = parse(serialize(message));
    RC_ASSERT(std::holds_alternative<Message>(parsed));
    RC_ASSERT(std::get<Message>(parsed) == message);
  }));
}

BOOST_AUTO_TEST_CASE(ArbitraryBytesAreHarmless) {
  BOOST_TEST(rc::check("arbitrary", [] { parse(*rc::gen::arbitrary<Bytes>()); }));
}

BOOST_AUTO_TEST_CASE(DamagedMessagesAreHarmless) {
  BOOST_TEST(rc::check("damaged", [] {
    Bytes bytes = serialize(any_message());
    const int damages = *rc::gen::inRange(1, 6);
    for (int i = 0; i < damages; ++i) {
      bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<std::uint8_t>();
    }
    const Parsed parsed = parse(bytes);
    // What was read may differ, but it can be written and read again.
    if (const auto* message = std::get_if<Message>(&parsed)) {
      RC_ASSERT(std::get<Message>(parse(serialize(*message))) == *message);
    }
  }));
}

BOOST_AUTO_TEST_SUITE_END()
