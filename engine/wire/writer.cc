// Appending to a buffer.
#include "engine/wire/writer.h"

#include "engine/assert.h"
#include "engine/wire/varint.h"

namespace rpcnet::wire {

void Writer::u16(std::uint16_t value) {
  out_.push_back(static_cast<std::uint8_t>(value >> 8));
  out_.push_back(static_cast<std::uint8_t>(value & 0xff));
}

void Writer::varint(std::uint64_t value) {
  ENGINE_ASSERT(value <= kVarintMax);
  const std::size_t size = varint_size(value);
  // RFC 9000 16: the two top bits hold log2 of the size.
  const auto prefix = static_cast<std::uint8_t>(size == 1 ? 0x00 : size == 2 ? 0x40
                                                : size == 4 ? 0x80 : 0xc0);
  for (std::size_t i = 0; i < size; ++i) {
    const auto byte = static_cast<std::uint8_t>(value >> (8 * (size - 1 - i)));
    out_.push_back(static_cast<std::uint8_t>(i == 0 ? byte | prefix : byte));
  }
}

void Writer::bytes(BytesView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

void Writer::sized(BytesView view) {
  varint(view.size());
  bytes(view);
}

}  // namespace rpcnet::wire
