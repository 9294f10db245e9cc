// What an endpoint has counted since it began. Gauges say so; everything else only grows.
#pragma once

#include <array>
#include <cstdint>

#include "engine/instant.h"
#include "io/quic/boundary.h"

namespace rpcnet::quic {

struct Counters {
  std::uint64_t datagrams_in = 0;  // UDP datagrams received
  std::uint64_t bytes_in = 0;
  std::uint64_t datagrams_out = 0;  // UDP datagrams sent
  std::uint64_t bytes_out = 0;
  std::uint64_t bursts_out = 0;  // Transmits, each of one or more datagrams

  // Received datagrams that were dropped, by reason.
  std::uint64_t dropped_garbage = 0;    // not QUIC, or an Initial that RFC 9000 14.1 forbids
  std::uint64_t dropped_unknown = 0;    // for no link of ours, and no answer was due
  std::uint64_t dropped_token = 0;      // a Retry token that is forged, stale, or of elsewhere
  std::uint64_t dropped_half_open = 0;  // half_open_max reached
  std::uint64_t dropped_not_accepting = 0;

  std::uint64_t versions_negotiated = 0;
  std::uint64_t retries_sent = 0;
  std::uint64_t resets_sent = 0;           // stateless resets
  std::uint64_t stateless_suppressed = 0;  // answers that the rate limit held back

  std::uint64_t links_dialled = 0;
  std::uint64_t links_accepted = 0;
  std::uint64_t handshakes_done = 0;
  std::uint64_t handshakes_failed = 0;
  std::array<std::uint64_t, kRefusalKinds> refusals{};  // by RefusalKind; incoming links
  std::array<std::uint64_t, 10> links_down{};           // by LinkEnd

  std::uint64_t app_datagrams_in = 0;  // DATAGRAM frames
  std::uint64_t app_datagrams_out = 0;
  std::uint64_t app_datagrams_oversize = 0;  // SendDatagram above datagram_max, dropped
  std::uint64_t app_datagrams_dropped = 0;   // pushed out of a full queue
  std::uint64_t pings_of_doubt = 0;          // sent because of silence or an ICMP hint

  // Gauges.
  std::uint64_t links = 0;              // all that are not ended, half-open included
  std::uint64_t half_open = 0;          // accepted, handshake not complete
  std::uint64_t closing = 0;            // ended, still answering late packets (core/afterlife.h)
  std::uint64_t streams = 0;            // open, or waiting for the last acknowledgement
  std::uint64_t send_buffer_bytes = 0;  // written to streams and not acknowledged
  std::uint64_t uncredited_bytes = 0;   // received on streams, not given back to their links

  std::uint64_t refused(RefusalKind kind) const { return refusals[static_cast<std::size_t>(kind)]; }
  std::uint64_t ended(LinkEnd end) const { return links_down[static_cast<std::size_t>(end)]; }
};

// One link's view of its path (RFC 9002).
struct PathStats {
  Duration rtt_smoothed{};
  Duration rtt_variation{};
  Duration rtt_latest{};
  Duration rtt_min{};
  std::uint64_t congestion_window_bytes = 0;
  std::uint64_t bytes_in_flight = 0;
  std::uint32_t udp_payload_max = 0;
  std::uint64_t packets_lost = 0;
  std::uint64_t bytes_in = 0;  // UDP payload
  std::uint64_t bytes_out = 0;
};

}  // namespace rpcnet::quic
