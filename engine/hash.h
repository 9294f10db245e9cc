// Hashes for fingerprints and draws: the same on every machine, not for secrets.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/bytes.h"

namespace rpcnet {

// A bijection of 64 bits that leaves no pattern (splitmix64's finalizer, Stafford's mix 13).
constexpr std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

constexpr std::uint64_t combine(std::uint64_t a, std::uint64_t b) {
  return mix(a + 0x9e3779b97f4a7c15 + mix(b + 0x6a09e667f3bcc909));
}

// The high and the low half of a product, folded into one.
constexpr std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// 64 bits that depend on every byte (wyhash's multiply-fold).
std::uint64_t hash_bytes(BytesView bytes, std::uint64_t seed = 0);
inline std::uint64_t hash_text(std::string_view text, std::uint64_t seed = 0) {
  return hash_bytes(as_bytes(text), seed);
}

}  // namespace rpcnet
