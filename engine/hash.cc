// Eight bytes at a time.
#include "engine/hash.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace rpcnet {
namespace {

// Little-endian on every machine, so that all read the same number.
std::uint64_t read_word(BytesView bytes) {
  std::uint64_t word = 0;
  if (std::endian::native == std::endian::little && bytes.size() == 8) {
    std::memcpy(&word, bytes.data(), 8);
    return word;
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    word |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  }
  return word;
}

}  // namespace

std::uint64_t hash_bytes(BytesView bytes, std::uint64_t seed) {
  std::uint64_t h = mix(seed ^ bytes.size() ^ 0x452821e638d01377);
  while (bytes.size() > 8) {
    h = fold(h ^ read_word(bytes.first(8)), 0xa0761d6478bd642f ^ std::rotl(h, 31));
    bytes = bytes.subspan(8);
  }
  return mix(h ^ read_word(bytes));
}

}  // namespace rpcnet
