// Reads numbers and bytes from a peer's bytes, never beyond their end.
//
// The first read that fails poisons the reader: it and all later reads give nullopt, so a parser
// may read a whole structure and look once. Peer-controlled bytes never assert and never throw.
// All here, so that a parser of many small fields is one loop without calls.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/bytes.h"

namespace rpcnet::wire {

class Reader {
 public:
  explicit Reader(BytesView bytes) : rest_(bytes) {}

  std::optional<std::uint8_t> u8() {
    if (rest_.empty()) return fail();
    const std::uint8_t value = rest_.front();
    rest_ = rest_.subspan(1);
    return value;
  }

  // Big-endian.
  std::optional<std::uint16_t> u16() {
    const auto pair = bytes(2);
    if (!pair) return std::nullopt;
    return static_cast<std::uint16_t>((*pair)[0] << 8 | (*pair)[1]);
  }

  std::optional<std::uint64_t> varint() {
    if (rest_.empty()) return fail();
    if (rest_.front() < 0x40) return u8();
    const std::size_t size = std::size_t{1} << (rest_.front() >> 6);
    if (rest_.size() < size) return fail();
    std::uint64_t value = rest_.front() & 0x3f;
    for (std::size_t i = 1; i < size; ++i) value = value << 8 | rest_[i];
    rest_ = rest_.subspan(size);
    return value;
  }

  // Exactly `size` bytes, borrowed from the input.
  std::optional<BytesView> bytes(std::uint64_t size) {
    if (failed_ || size > rest_.size()) return fail();
    const auto taken = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(static_cast<std::size_t>(size));
    return taken;
  }

  // A varint length and as many bytes. A length over `max` fails before anything is looked at.
  std::optional<BytesView> sized(std::uint64_t max) {
    const auto size = varint();
    if (!size || *size > max) return fail();
    return bytes(*size);
  }

  std::optional<std::string_view> text(std::uint64_t max) {
    const auto view = sized(max);
    if (!view) return std::nullopt;
    return as_text(*view);
  }

  std::size_t left() const { return rest_.size(); }
  BytesView rest() const { return rest_; }
  bool failed() const { return failed_; }

  // Everything was read and nothing failed: what a parser of a whole message demands.
  bool complete() const { return !failed_ && rest_.empty(); }

 private:
  std::nullopt_t fail() {
    failed_ = true;
    rest_ = {};
    return std::nullopt;
  }

  BytesView rest_;
  bool failed_ = false;
};

}  // namespace rpcnet::wire
