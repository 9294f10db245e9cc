// CRC-32 as in Ethernet and zip (ISO 3309), going on from what came before.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

inline std::uint32_t crc32(std::string_view bytes, std::uint32_t before = 0) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      made[i] = i;
      for (int bit = 0; bit < 8; ++bit) {
        made[i] = made[i] >> 1 ^ ((made[i] & 1) != 0 ? 0xedb88320 : 0);
      }
    }
    return made;
  }();
  std::uint32_t crc = ~before;
  for (const char c : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return ~crc;
}
