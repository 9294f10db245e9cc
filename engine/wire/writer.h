// Appends numbers and bytes to a buffer, in the forms that Reader reads.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/bytes.h"

namespace rpcnet::wire {

class Writer {
 public:
  explicit Writer(Bytes& out) : out_(out) {}

  void u8(std::uint8_t value) { out_.push_back(value); }
  void u16(std::uint16_t value);     // big-endian
  void varint(std::uint64_t value);  // at most kVarintMax: larger is our own bug
  void bytes(BytesView bytes);
  void sized(BytesView bytes);  // varint length, then the bytes
  void text(std::string_view text) { sized(as_bytes(text)); }

  std::size_t size() const { return out_.size(); }

 private:
  Bytes& out_;
};

}  // namespace rpcnet::wire
