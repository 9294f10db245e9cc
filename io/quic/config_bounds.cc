#include "io/quic/config_bounds.h"

#include <chrono>
#include <cstdint>

#include "engine/bounds.h"

namespace rpcnet::quic {
namespace {

constexpr Duration kTick = Bounds::kTick;
constexpr std::uint64_t kWindowMax = std::uint64_t{1} << 40;
constexpr std::uint64_t kStreamsMax = std::uint64_t{1} << 32;
constexpr std::uint64_t kPayloadMin = 1201;   // 1200 always works (RFC 9000 14)
constexpr std::uint64_t kPayloadMax = 65527;  // RFC 9000 18.2

// RFC 9000 18.2: larger ones are no valid transport parameter.
constexpr Duration kAckDelayMax = std::chrono::milliseconds((1 << 14) - 1);

}  // namespace

std::optional<std::string> fault_of(const EndpointConfig& config) {
  Bounds bounds("quic::EndpointConfig");
  bounds.time("idle_timeout", config.idle_timeout, kTick)
      .time("accept_handshake_timeout", config.accept_handshake_timeout, kTick)
      .time("accept_silence_max", config.accept_silence_max)
      .time("accept_keep_alive", config.accept_keep_alive)
      .time("initial_rtt", config.initial_rtt, kTick)
      .time("ack_delay_max", config.ack_delay_max, {}, kAckDelayMax)
      .number("ack_threshold", config.ack_threshold, 1)
      .time("pacing_rtt_min", config.pacing_rtt_min)
      .time("unreachable_confirm", config.unreachable_confirm)
      .number("stream_window_bytes", config.stream_window_bytes, 1, kWindowMax)
      .number("link_window_bytes", config.link_window_bytes, 1, kWindowMax)
      .number("peer_streams_max", config.peer_streams_max, 1, kStreamsMax)
      .number("links_max", config.links_max, 1)
      .number("half_open_max", config.half_open_max, 1)
      .number("datagrams_max", config.datagrams_max, 1)
      .number("link_send_buffer_max", config.link_send_buffer_max, 1, kWindowMax);
  for (const std::uint16_t size : config.mtu_probes) {
    bounds.number("mtu_probes", size, kPayloadMin, kPayloadMax);
  }
  for (const std::uint16_t size : config.loopback_mtu_probes) {
    bounds.number("loopback_mtu_probes", size, kPayloadMin, kPayloadMax);
  }
  return bounds.fault();
}

}  // namespace rpcnet::quic
