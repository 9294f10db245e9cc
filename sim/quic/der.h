// Just enough DER (X.690) to write a certificate and a key: every value is a tag, a length and a
// content, and a content is values one after another.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "engine/bytes.h"

namespace rpcnet::sim::der {

enum Tag : std::uint8_t {
  kBoolean = 0x01,
  kInteger = 0x02,
  kBitString = 0x03,
  kOctetString = 0x04,
  kObject = 0x06,
  kUtf8String = 0x0c,
  kUtcTime = 0x17,
  kSequence = 0x30,
  kSet = 0x31,
  kContext0 = 0xa0,  // [0], constructed
  kContext1 = 0xa1,
  kContext3 = 0xa3,
  kUriName = 0x86,  // GeneralName's uniformResourceIdentifier [6], primitive
};

// One value. At most 65,535 bytes of content.
Bytes value(Tag tag, BytesView content);
Bytes value(Tag tag, std::initializer_list<BytesView> contents);
inline Bytes text(Tag tag, std::string_view content) { return value(tag, as_bytes(content)); }

// A number that is not negative.
Bytes integer(std::uint64_t number);

// Whole bytes, no unused bits.
Bytes bit_string(BytesView content);

}  // namespace rpcnet::sim::der
