// Variable-length integers as in QUIC (RFC 9000 16): the two top bits of the first byte say
// whether 1, 2, 4 or 8 bytes hold the number; at most 62 bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rpcnet::wire {

inline constexpr std::uint64_t kVarintMax = (std::uint64_t{1} << 62) - 1;

constexpr std::size_t varint_size(std::uint64_t value) {
  if (value < (1U << 6)) return 1;
  if (value < (1U << 14)) return 2;
  if (value < (1U << 30)) return 4;
  return 8;
}

}  // namespace rpcnet::wire
