// The numbers that the two ends exchange when something ends early (docs/wire.md).
#pragma once

#include <cstdint>

namespace rpcnet {

// Application error code of CONNECTION_CLOSE (RFC 9000 19.19, type 0x1d).
enum class CloseCode : std::uint64_t {
  none = 0x00,            // no more use for the link
  leaving = 0x01,         // the member leaves the cluster
  shutdown = 0x02,        // the process ends
  protocol_error = 0x03,  // bytes that the grammar of docs/wire.md does not allow
  no_certificate = 0x04,  // this protocol needs a certificate and none was presented
  wrong_cluster = 0x05,   // valid certificate, but of another cluster
  wrong_node = 0x06,      // the peer speaks as a node that its certificate does not name
  overloaded = 0x07,      // a stated limit is reached (links, handshakes)
  duplicate_node = 0x08,  // another process already speaks as this node
  drained = 0x09,         // every call that was begun has been answered; no other was begun
};

// Application error code of RESET_STREAM and STOP_SENDING (RFC 9000 19.4, 19.5).
enum class StreamCode : std::uint64_t {
  none = 0x00,               // this direction is no longer of interest; the call's status says why
  cancelled = 0x01,          // the caller gave the call up
  deadline_exceeded = 0x02,  // its time is over
  refused = 0x03,            // not started: it is safe to try elsewhere
  protocol_error = 0x04,     // bytes that the grammar does not allow
  internal = 0x05,           // the side that resets failed
};

}  // namespace rpcnet
