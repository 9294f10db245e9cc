// What the `quic` network schedules, and how it uses the fields of a Happening.
#pragma once

#include "sim/event_queue.h"

namespace rpcnet::sim {

enum class UdpKind : std::uint8_t {
  datagram,     // bytes: the UDP payload; a: sending host; b: its port; c: ECN bits; d: port here
  unreachable,  // ICMP; a: the host that nobody listens on; b: the port
  wake,         // an endpoint's deadline
};

inline Happening happening(UdpKind kind, HostIndex host) {
  Happening made;
  made.party = Party::network;
  made.kind = static_cast<std::uint8_t>(kind);
  made.process = true;
  made.host = host;
  return made;
}

}  // namespace rpcnet::sim
