// Tags, lengths, contents.
#include "sim/quic/der.h"

#include "engine/assert.h"

namespace rpcnet::sim::der {

Bytes value(Tag tag, std::initializer_list<BytesView> contents) {
  std::size_t size = 0;
  for (const BytesView content : contents) size += content.size();
  ENGINE_ASSERT(size < 65536);
  Bytes out;
  out.reserve(size + 4);
  out.push_back(tag);
  // X.690 8.1.3: below 128 in one byte, otherwise a byte that counts the bytes of the length.
  if (size >= 128) out.push_back(size >= 256 ? 0x82 : 0x81);
  if (size >= 256) out.push_back(static_cast<std::uint8_t>(size >> 8));
  out.push_back(static_cast<std::uint8_t>(size));
  for (const BytesView content : contents) out.insert(out.end(), content.begin(), content.end());
  return out;
}

Bytes value(Tag tag, BytesView content) { return value(tag, {content}); }

Bytes integer(std::uint64_t number) {
  // Big-endian and as short as it goes; a leading zero keeps the sign bit clear.
  Bytes content;
  int shift = 56;
  while (shift > 0 && (number >> shift) == 0) shift -= 8;
  if (((number >> shift) & 0x80) != 0) content.push_back(0);
  for (; shift >= 0; shift -= 8) content.push_back(static_cast<std::uint8_t>(number >> shift));
  return value(kInteger, content);
}

Bytes bit_string(BytesView content) {
  constexpr std::uint8_t kNoneUnused = 0;
  return value(kBitString, {BytesView(&kNoneUnused, 1), content});
}

}  // namespace rpcnet::sim::der
