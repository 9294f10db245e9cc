// How a link's queues become packets: datagrams first, then each stream in turn, as many frames in
// a packet as fit (NGTCP2_WRITE_STREAM_FLAG_MORE), as many packets in a burst as fit.
//
// Packing is worth more than anything else here: 16 to 20 small calls travel in one packet
// (reference rpc.md 2.2).
#include <array>

#include "engine/assert.h"
#include "io/quic/core/connection.h"
#include "io/quic/core/udp_path.h"

namespace rpcnet::quic {

namespace {

constexpr std::size_t kSegmentsMax = 64;  // UDP_MAX_SEGMENTS of Linux before 6.9

}  // namespace

Connection::Burst Connection::write(std::span<std::uint8_t> out) {
  if (ending_) return {};
  const std::size_t packet_max = ngtcp2_conn_get_max_tx_udp_payload_size2(conn_);
  ENGINE_ASSERT(out.size() >= packet_max);
  std::size_t room = out.size();
  if (paced_) room = std::min(room, std::max(ngtcp2_conn_get_send_quantum2(conn_), packet_max));

  ngtcp2_path_storage path;
  ngtcp2_path_storage_zero(&path);
  ngtcp2_pkt_info info{};
  std::size_t segment_size = 0;
  const auto write_one = [](ngtcp2_conn*, ngtcp2_path* to, ngtcp2_pkt_info* with,
                            std::uint8_t* bytes, std::size_t size, ngtcp2_tstamp now,
                            void* user_data) {
    return static_cast<Connection*>(user_data)->write_packet(to, with, bytes, size, now);
  };
  const ngtcp2_ssize written = ngtcp2_conn_write_aggregate_pkt2(
      conn_, &path.path, &info, out.data(), room, &segment_size, write_one, kSegmentsMax, stamp());
  if (written < 0) {
    fail(static_cast<int>(written), "writing");
    return {};
  }
  if (ping_requested_ && shared_.now > *ping_requested_) {
    ping_requested_.reset();
    set_keep_alive();
  }
  if (written == 0) return {};

  // Pacing needs a sample of the round trip: the assumed one would stretch the handshake. Decided
  // once for the life of the link: ngtcp2 counts what was written since the call below was last
  // made, so that a link which begins to pace late would first wait for all that it ever sent.
  if (up_ && !pacing_decided_) {
    ngtcp2_conn_info stats;
    ngtcp2_conn_get_conn_info2(conn_, &stats);
    paced_ = Duration{static_cast<std::int64_t>(stats.min_rtt)} >= shared_.config.pacing_rtt_min;
    pacing_decided_ = true;
  }
  // A probe of the path's packet size goes alone, before all else, and is no reason to keep back
  // what there is to say for the time that its size takes at the link's pace: the next pays that.
  const bool probe = segment_size > ngtcp2_conn_get_path_max_tx_udp_payload_size2(conn_);
  if (paced_ && !probe) ngtcp2_conn_update_pkt_tx_time(conn_, stamp());

  return {.size = static_cast<std::size_t>(written),
          .segment_size = segment_size,
          .local = to_address(path.path.local),
          .remote = to_address(path.path.remote),
          .ecn = info.ecn,
          .more = !paced_ || probe};
}

// One packet. A packet in the making must be brought to its end before anything else is asked of
// ngtcp2, so each way out either has a whole packet or none.
ngtcp2_ssize Connection::write_packet(ngtcp2_path* path, ngtcp2_pkt_info* info, std::uint8_t* out,
                                      std::size_t size, ngtcp2_tstamp now) {
  ngtcp2_ssize result = 0;
  if (pack_datagrams(path, info, out, size, now, result)) return result;
  while (true) {
    Stream* stream = streams_.front();
    if (stream != nullptr && ngtcp2_conn_get_max_data_left2(conn_) == 0) {
      stream = streams_.front_with_only_fin();
    }
    if (stream == nullptr) {
      return ngtcp2_conn_writev_stream(conn_, path, info, out, size, nullptr,
                                       NGTCP2_WRITE_STREAM_FLAG_NONE, -1, nullptr, 0, now);
    }

    std::array<ngtcp2_vec, 16> chunks;
    const std::size_t count = stream->out.unsent(chunks);
    std::uint64_t offered = 0;
    for (std::size_t i = 0; i < count; ++i) offered += chunks[i].len;
    const bool fin = stream->out.finished() && offered == stream->out.unsent_bytes();
    std::uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
    if (fin) flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
    ngtcp2_ssize taken = -1;
    result = ngtcp2_conn_writev_stream(conn_, path, info, out, size, &taken, flags,
                                       static_cast<std::int64_t>(stream->id.value), chunks.data(),
                                       count, now);
    if (taken >= 0) {
      const auto bytes = static_cast<std::uint64_t>(taken);
      stream->out.on_sent(bytes, fin && bytes == offered);
      if (!stream->out.has_something()) streams_.leave(*stream);
    }
    switch (result) {
      case NGTCP2_ERR_WRITE_MORE: continue;  // room left in the packet
      case NGTCP2_ERR_STREAM_DATA_BLOCKED:
        stream->blocked = true;
        streams_.leave(*stream);
        continue;
      case NGTCP2_ERR_STREAM_SHUT_WR:
      case NGTCP2_ERR_STREAM_NOT_FOUND:
        // The peer has stopped this direction; the fact of it was told.
        forget_queue(*stream);
        continue;
      default:
        if (result > 0 && streams_.front() == stream) streams_.rotate();
        return result;
    }
  }
}

// True: the packet is finished, or nothing can be sent now; `result` says which.
bool Connection::pack_datagrams(ngtcp2_path* path, ngtcp2_pkt_info* info, std::uint8_t* out,
                                std::size_t size, ngtcp2_tstamp now, ngtcp2_ssize& result) {
  while (!datagrams_.empty()) {
    Bytes& datagram = datagrams_.front();
    if (datagram.size() > datagram_max()) {
      // The path shrank since it was queued.
      ++shared_.counters.app_datagrams_oversize;
      datagrams_.pop_front();
      continue;
    }
    const ngtcp2_vec chunk{datagram.data(), datagram.size()};
    int accepted = 0;
    result = ngtcp2_conn_writev_datagram(conn_, path, info, out, size, &accepted,
                                         NGTCP2_WRITE_DATAGRAM_FLAG_MORE, 0, &chunk, 1, now);
    if (accepted != 0) {
      ++shared_.counters.app_datagrams_out;
      datagrams_.pop_front();
    }
    if (result != NGTCP2_ERR_WRITE_MORE) return true;
  }
  return false;
}

Connection::Burst Connection::write_farewell(std::span<std::uint8_t> out) {
  ENGINE_ASSERT(ending_.has_value());
  const Ending& ending = *ending_;
  using Farewell = Ending::Farewell;
  if (ending.farewell == Farewell::none || ending.farewell == Farewell::drain) return {};
  constexpr std::size_t kReasonMax = 256;  // leaves the close within one packet
  const auto* reason = reinterpret_cast<const std::uint8_t*>(ending.wire_reason.data());
  const std::size_t reason_size = std::min(ending.wire_reason.size(), kReasonMax);
  ngtcp2_ccerr error;
  if (ending.farewell == Farewell::transport) {
    ngtcp2_ccerr_set_transport_error(&error, ending.wire_error, reason, reason_size);
  } else {
    ngtcp2_ccerr_set_application_error(&error, ending.wire_error, reason, reason_size);
  }
  ngtcp2_path_storage path;
  ngtcp2_path_storage_zero(&path);
  ngtcp2_pkt_info info{};
  const ngtcp2_ssize written = ngtcp2_conn_write_connection_close(
      conn_, &path.path, &info, out.data(), out.size(), &error, stamp());
  // Too early to say anything (no packet of the peer yet), or no memory: then silence must do.
  if (written <= 0) return {};
  return {.size = static_cast<std::size_t>(written),
          .segment_size = static_cast<std::size_t>(written),
          .local = to_address(path.path.local),
          .remote = to_address(path.path.remote),
          .ecn = info.ecn};
}

}  // namespace rpcnet::quic
