// One link of an endpoint as an operator sees it.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/address.h"
#include "engine/ids.h"
#include "engine/transport.h"
#include "io/quic/counters.h"

namespace rpcnet::quic {

struct LinkView {
  LinkId link;
  bool accepted = false;             // the peer dialled
  bool up = false;                   // false: the handshake is under way
  std::optional<Protocol> protocol;  // absent: not agreed yet
  Address remote;
  std::optional<PeerIdentity> identity;  // absent: not known yet, or a client without a certificate
  std::uint64_t streams = 0;             // open, or waiting for the last acknowledgement
  std::uint64_t unacknowledged_bytes = 0;  // written to streams, not acknowledged
  std::uint64_t uncredited_bytes = 0;   // received on streams, not given back to the link's window
  std::uint64_t datagrams_waiting = 0;  // DATAGRAM frames that have not left
  PathStats path;
};

}  // namespace rpcnet::quic
