// Reads numbers and bytes from a peer's bytes, never beyond their end.
//
// The first read that fails poisons the reader: it and all later reads give nullopt, so a parser
// may read a whole structure and look once. Peer-controlled bytes never assert and never throw.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/bytes.h"

namespace rpcnet::wire {

class Reader {
 public:
  explicit Reader(BytesView bytes) : rest_(bytes) {}

  std::optional<std::uint8_t> u8();
  std::optional<std::uint16_t> u16();  // big-endian
  std::optional<std::uint64_t> varint();

  // Exactly `size` bytes, borrowed from the input.
  std::optional<BytesView> bytes(std::uint64_t size);

  // A varint length and as many bytes. A length over `max` fails before anything is looked at.
  std::optional<BytesView> sized(std::uint64_t max);
  std::optional<std::string_view> text(std::uint64_t max);

  std::size_t left() const { return rest_.size(); }
  bool failed() const { return failed_; }

  // Everything was read and nothing failed: what a parser of a whole message demands.
  bool complete() const { return !failed_ && rest_.empty(); }

 private:
  std::nullopt_t fail();

  BytesView rest_;
  bool failed_ = false;
};

}  // namespace rpcnet::wire
