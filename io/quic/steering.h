// Steering: which owner a datagram is for, where a process has several endpoints behind one
// address, a socket and a thread for each.
//
// The rule is one for all packets: byte 0 of the destination connection id, modulo the number of
// owners. In the ids that we issue that byte is the owner's index; in the one that a dialler
// invents it spreads new links by chance. Invariant positions only (RFC 8999 5), so that a kernel's
// filter can follow the rule too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/bytes.h"

namespace rpcnet::quic {

// Where byte 0 of the id lies in a packet with a short header, and with a long one.
inline constexpr std::size_t kShortHeaderId = 1;
inline constexpr std::size_t kLongHeaderId = 6;
inline constexpr std::uint8_t kLongHeaderBit = 0x80;

// Absent: it has no id, and whoever received it may drop it.
inline std::optional<std::size_t> owner_of(BytesView datagram, std::size_t owners) {
  if (datagram.empty()) return std::nullopt;
  const bool long_header = (datagram.front() & kLongHeaderBit) != 0;
  const std::size_t place = long_header ? kLongHeaderId : kShortHeaderId;
  if (datagram.size() <= place) return std::nullopt;
  if (long_header && datagram[place - 1] == 0) return std::nullopt;
  return datagram[place] % owners;
}

}  // namespace rpcnet::quic
