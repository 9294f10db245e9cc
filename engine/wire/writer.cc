// Appending to a buffer.
#include "engine/wire/writer.h"

#include <array>

#include "engine/assert.h"
#include "engine/wire/varint.h"

namespace rpcnet::wire {

void Writer::u16(std::uint16_t value) {
  out_.push_back(static_cast<std::uint8_t>(value >> 8));
  out_.push_back(static_cast<std::uint8_t>(value & 0xff));
}

void Writer::varint(std::uint64_t value) {
  if (value < (1U << 6)) return u8(static_cast<std::uint8_t>(value));
  if (value < (1U << 14)) return u16(static_cast<std::uint16_t>(0x4000 | value));
  ENGINE_ASSERT(value <= kVarintMax);
  const std::size_t size = varint_size(value);
  // RFC 9000 16: the two top bits hold log2 of the size.
  const std::uint64_t prefix = size == 4 ? 0x80 : 0xc0;
  value |= prefix << (8 * (size - 1));
  std::array<std::uint8_t, 8> digits{};
  for (std::size_t i = 0; i < size; ++i) {
    digits[i] = static_cast<std::uint8_t>(value >> (8 * (size - 1 - i)));
  }
  bytes(BytesView(digits).first(size));
}

void Writer::bytes(BytesView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

void Writer::sized(BytesView view) {
  varint(view.size());
  bytes(view);
}

}  // namespace rpcnet::wire
