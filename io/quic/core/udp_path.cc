#include "io/quic/core/udp_path.h"

#include <cstring>

#include "engine/assert.h"

namespace rpcnet::quic {

namespace {

// Network byte order by arithmetic, so that no resolver header is needed.
std::uint16_t swapped(std::uint16_t port) {
  const std::array<std::uint8_t, 2> bytes{static_cast<std::uint8_t>(port >> 8),
                                          static_cast<std::uint8_t>(port & 0xff)};
  std::uint16_t result = 0;
  std::memcpy(&result, bytes.data(), bytes.size());
  return result;
}

}  // namespace

sockaddr_in6 to_sockaddr(const Address& address) {
  sockaddr_in6 result{};
  result.sin6_family = AF_INET6;
  result.sin6_port = swapped(address.port);
  std::memcpy(&result.sin6_addr, address.ip.data(), address.ip.size());
  return result;
}

Address to_address(const ngtcp2_addr& address) {
  ENGINE_ASSERT(address.addrlen == sizeof(sockaddr_in6));
  sockaddr_in6 raw{};
  std::memcpy(&raw, address.addr, sizeof raw);
  Address result;
  std::memcpy(result.ip.data(), &raw.sin6_addr, result.ip.size());
  std::array<std::uint8_t, 2> port{};
  std::memcpy(port.data(), &raw.sin6_port, port.size());
  result.port = static_cast<std::uint16_t>((port[0] << 8) | port[1]);
  return result;
}

UdpPath::UdpPath(const Address& local, const Address& remote)
    : local_(to_sockaddr(local)), remote_(to_sockaddr(remote)), path_{} {
  path_.local = {reinterpret_cast<ngtcp2_sockaddr*>(&local_), sizeof local_};
  path_.remote = {reinterpret_cast<ngtcp2_sockaddr*>(&remote_), sizeof remote_};
}

}  // namespace rpcnet::quic
