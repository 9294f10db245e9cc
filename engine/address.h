// A UDP address as a value: 16 bytes and a port. Host names never reach the engine; the driver
// resolves them.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rpcnet {

struct Address {
  // IPv6, or IPv4 mapped into it (RFC 4291 2.5.5.2: ::ffff:a.b.c.d). Network byte order.
  std::array<std::uint8_t, 16> ip{};
  std::uint16_t port = 0;

  static Address v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                    std::uint16_t port) {
    return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}, port};
  }

  bool is_v4() const {
    std::uint8_t other = 0;
    for (std::size_t i = 0; i < 10; ++i) other |= ip[i];
    return (other | (ip[10] ^ 0xff) | (ip[11] ^ 0xff)) == 0;
  }
  bool is_unspecified() const;  // 0.0.0.0 or ::, as in a bind address

  friend auto operator<=>(const Address&, const Address&) = default;
};

// "127.0.0.1:61000" or "[::1]:61000". Numbers only: nullopt for names, a missing or a bad port.
std::optional<Address> parse_address(std::string_view text);

// The form that parse_address reads. IPv6 after RFC 5952 (lower case, longest run of zeros cut).
std::string to_text(const Address& address);

}  // namespace rpcnet
