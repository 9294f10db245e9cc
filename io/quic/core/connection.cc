#include "io/quic/core/connection.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/assert.h"
#include "io/quic/core/connection_callbacks.h"
#include "io/quic/core/udp_path.h"

namespace rpcnet::quic {

namespace {

constexpr std::uint8_t kAlertAccessDenied = 49;   // RFC 8446 6.2
constexpr std::uint8_t kAlertNoProtocol = 120;    // RFC 7301 3.2
constexpr std::uint64_t kCryptoErrorMask = 0xff;  // RFC 9001 4.8: 0x0100 + alert
constexpr std::size_t kReasonMax = 256;

ngtcp2_duration raw(Duration duration) { return static_cast<ngtcp2_duration>(duration.count()); }

bool is_loopback(const Address& address) {
  if (address.is_v4()) return address.ip[12] == 127;
  Address loopback;
  loopback.ip[15] = 1;
  return address.ip == loopback.ip;
}

bool is_crypto_error(std::uint64_t error) {
  return (error & ~kCryptoErrorMask) == NGTCP2_CRYPTO_ERROR;
}

// What a peer wrote may hold anything; it goes to logs and terminals.
std::string printable(const std::uint8_t* text, std::size_t size) {
  std::string result;
  for (std::size_t i = 0; i < std::min(size, kReasonMax); ++i) {
    const bool plain = text[i] >= 0x20 && text[i] < 0x7f;
    result += plain ? static_cast<char>(text[i]) : '?';
  }
  return result;
}

std::string with_reason(std::string text, const std::string& reason) {
  if (!reason.empty()) text += ": " + reason;
  return text;
}

}  // namespace

// ------------------------------------------------------------------------------------ begin, end

Connection::Connection(Shared& shared, std::shared_ptr<const TlsContext> tls, LinkId link,
                       bool accepted, Duration silence_max, Duration keep_alive)
    : shared_(shared),
      link_(link),
      accepted_(accepted),
      tls_(std::move(tls), reference_),
      next_local_stream_(accepted ? 1 : 0),
      keep_alive_(keep_alive),
      silence_(silence_max),
      heard_(shared.now) {
  reference_.user_data = this;
  reference_.get_conn = [](ngtcp2_crypto_conn_ref* reference) {
    return static_cast<Connection*>(reference->user_data)->conn_;
  };
  ++shared_.counters.links;
  if (accepted_) ++shared_.counters.half_open;
}

Connection::~Connection() {
  ngtcp2_conn_del(conn_);
  for (const auto& token : reset_tokens_) shared_.reset_tokens.remove(token.data);
  --shared_.counters.links;
  if (half_open()) --shared_.counters.half_open;
  shared_.counters.streams -= streams_.size();
  shared_.counters.send_buffer_bytes -= unacknowledged_;
  shared_.counters.uncredited_bytes -= uncredited_;
}

std::unique_ptr<Connection> Connection::dial(Shared& shared, std::shared_ptr<const TlsContext> tls,
                                             const Connect& order) {
  std::unique_ptr<Connection> made(new Connection(shared, std::move(tls), order.link, false,
                                                  order.silence_max, Duration::zero()));
  return made->begin(order) ? std::move(made) : nullptr;
}

std::unique_ptr<Connection> Connection::accept(Shared& shared,
                                               std::shared_ptr<const TlsContext> tls,
                                               const Incoming& incoming) {
  const EndpointConfig& config = shared.config;
  std::unique_ptr<Connection> made(new Connection(shared, std::move(tls), incoming.link, true,
                                                  config.accept_silence_max,
                                                  config.accept_keep_alive));
  return made->begin(incoming) ? std::move(made) : nullptr;
}

bool Connection::begin(const Connect& order) {
  expected_ = order.expected;
  if (!tls_.begin_dialling(order.protocol)) return false;
  const ConnectionId ours = shared_.ids.make();
  const ngtcp2_cid scid = ours.raw();
  const ngtcp2_cid dcid = shared_.ids.make_for_peer(order.protocol).raw();
  const UdpPath path(shared_.config.local, order.remote);
  const ngtcp2_callbacks callbacks = connection_callbacks();
  const ngtcp2_settings chosen = settings(order.remote, order.handshake_timeout);
  const ngtcp2_transport_params params = transport_params();
  if (ngtcp2_conn_client_new(&conn_, &dcid, &scid, path.get(), NGTCP2_PROTO_VER_V1, &callbacks,
                             &chosen, &params, nullptr, this) != 0) {
    return false;
  }
  ngtcp2_conn_set_tls_native_handle(conn_, tls_.native());
  shared_.ids.enter(ours, link_);
  ids_.push_back(ours);
  return true;
}

bool Connection::begin(const Incoming& incoming) {
  if (!tls_.begin_accepting(shared_.config.rpc_clients)) return false;
  const ConnectionId ours = shared_.ids.make();
  const ngtcp2_cid scid = ours.raw();
  const UdpPath path(incoming.local, incoming.remote);
  const ngtcp2_callbacks callbacks = connection_callbacks();
  ngtcp2_settings chosen = settings(incoming.remote, shared_.config.accept_handshake_timeout);
  ngtcp2_transport_params params = transport_params();
  params.original_dcid_present = 1;
  params.original_dcid = incoming.addressed_to;
  if (incoming.first_id) {
    // RFC 9000 7.3: both ids of a Retry are repeated in the transport parameters.
    params.original_dcid = *incoming.first_id;
    params.retry_scid_present = 1;
    params.retry_scid = incoming.addressed_to;
    chosen.token = incoming.token.data();
    chosen.tokenlen = incoming.token.size();
    chosen.token_type = NGTCP2_TOKEN_TYPE_RETRY;
  }
  params.stateless_reset_token_present = 1;
  const auto token = crypto::reset_token(shared_.config.reset_key, ours);
  std::copy(std::begin(token.data), std::end(token.data), params.stateless_reset_token);
  if (ngtcp2_conn_server_new(&conn_, &incoming.dialler_id, &scid, path.get(), incoming.version,
                             &callbacks, &chosen, &params, nullptr, this) != 0) {
    return false;
  }
  ngtcp2_conn_set_tls_native_handle(conn_, tls_.native());
  // The dialler's own choice stays routed for the link's life: a late copy of its first packet must
  // find this link instead of beginning another.
  for (const ConnectionId& id : {ours, ConnectionId::of(incoming.addressed_to)}) {
    shared_.ids.enter(id, link_);
    ids_.push_back(id);
  }
  return true;
}

ngtcp2_settings Connection::settings(const Address& remote, Duration handshake_timeout) const {
  const EndpointConfig& config = shared_.config;
  ngtcp2_settings chosen;
  ngtcp2_settings_default(&chosen);
  chosen.initial_ts = stamp();
  chosen.initial_rtt = raw(config.initial_rtt);
  chosen.ack_thresh = config.ack_threshold;
  chosen.rand_ctx.native_handle = &shared_.entropy;
  if (handshake_timeout > Duration::zero()) chosen.handshake_timeout = raw(handshake_timeout);
  // ngtcp2 ends a connection in which too many frames bring nothing new. A path that reorders, or
  // many calls cancelled while their answers fly, bring more of them than any attack needs, and
  // each costs us less than a frame that is of use.
  chosen.glitch_ratelim_burst = std::numeric_limits<std::uint64_t>::max();
  chosen.glitch_ratelim_rate = std::numeric_limits<std::uint64_t>::max();
  const auto& probes = is_loopback(remote) ? config.loopback_mtu_probes : config.mtu_probes;
  chosen.max_tx_udp_payload_size = NGTCP2_MAX_UDP_PAYLOAD_SIZE;
  if (probes.empty()) {
    chosen.no_pmtud = 1;
  } else {
    chosen.pmtud_probes = probes.data();  // copied by ngtcp2_conn_*_new
    chosen.pmtud_probeslen = probes.size();
    chosen.max_tx_udp_payload_size = *std::max_element(probes.begin(), probes.end());
  }
  return chosen;
}

ngtcp2_transport_params Connection::transport_params() const {
  const EndpointConfig& config = shared_.config;
  ngtcp2_transport_params params;
  ngtcp2_transport_params_default(&params);
  params.initial_max_stream_data_bidi_local = config.stream_window_bytes;
  params.initial_max_stream_data_bidi_remote = config.stream_window_bytes;
  params.initial_max_data = config.link_window_bytes;
  params.initial_max_streams_bidi = config.peer_streams_max;
  params.max_idle_timeout = raw(config.idle_timeout);
  params.max_ack_delay = raw(config.ack_delay_max);
  params.active_connection_id_limit = 4;  // the one in use, and spares for a path that changes
  params.max_datagram_frame_size = 65535;
  return params;
}

ngtcp2_tstamp Connection::stamp() const {
  return static_cast<ngtcp2_tstamp>(shared_.now.time_since_epoch().count());
}

void Connection::end(Ending ending) {
  if (!ending_) ending_ = std::move(ending);
}

void Connection::close(CloseCode code, std::string reason) {
  end({.end = LinkEnd::closed_by_peer,
       .farewell = Ending::Farewell::application,
       .wire_error = static_cast<std::uint64_t>(code),
       .wire_reason = std::move(reason),
       .silent_to_engine = true});
}

// ------------------------------------------------------------------------------------- reading

void Connection::read(const Address& local, const Address& remote, unsigned ecn, BytesView packet) {
  // A dialled link has one local address for life, whatever the kernel says it was reached at.
  const UdpPath path(accepted_ ? local : shared_.config.local, remote);
  const ngtcp2_pkt_info info{static_cast<std::uint8_t>(ecn & 3)};
  const int error =
      ngtcp2_conn_read_pkt(conn_, path.get(), &info, packet.data(), packet.size(), stamp());
  if (ending_) return;
  if (error != 0) {
    on_read_error(error);
    return;
  }
  note_hearing();
  if (up_ && tls_.native() != nullptr) {
    ngtcp2_conn_set_tls_native_handle(conn_, nullptr);
    tls_.finish();
  }
}

void Connection::on_read_error(int error) {
  switch (error) {
    case NGTCP2_ERR_DRAINING:
      if (reset_by_peer_) {
        end({.end = LinkEnd::reset,
             .detail = "peer does not know this connection: it restarted",
             .farewell = Ending::Farewell::drain});
      } else {
        end_by_peer();
      }
      return;
    case NGTCP2_ERR_DROP_CONN:
    case NGTCP2_ERR_RETRY:
      // What looked like a beginning was none, such as a late answer to a dial of ours that was
      // given up. The peer repeats it if it meant it.
      ++shared_.counters.dropped_garbage;
      end({.end = LinkEnd::transport_error,
           .detail = "unusable first packet",
           .silent_to_engine = true});
      return;
    case NGTCP2_ERR_CRYPTO: {
      const std::uint8_t alert = ngtcp2_conn_get_tls_alert2(conn_);
      Ending ending{.end = LinkEnd::transport_error,
                    .detail = "TLS: " + describe_alert(alert),
                    .refusal = kind_of_alert(alert),
                    .farewell = Ending::Farewell::transport,
                    .wire_error = NGTCP2_CRYPTO_ERROR | alert};
      if (const auto& fault = tls_.fault()) {
        ending.end = LinkEnd::refused_by_us;
        ending.refusal = fault->kind;
        ending.detail = "peer's " + fault->detail;
        ending.wire_reason = fault->detail;
      }
      end(std::move(ending));
      return;
    }
    default: fail(error, "reading"); return;
  }
}

void Connection::fail(int error, const char* during) {
  if (ending_) return;
  end({.end = LinkEnd::transport_error,
       .detail = std::string(during) + ": " + ngtcp2_strerror(error),
       .farewell = Ending::Farewell::transport,
       .wire_error = ngtcp2_err_infer_quic_transport_error_code(error),
       .wire_reason = ngtcp2_strerror(error)});
}

void Connection::end_by_peer() {
  const ngtcp2_ccerr* said = ngtcp2_conn_get_ccerr2(conn_);
  const std::string reason = printable(said->reason, said->reasonlen);
  Ending ending{.farewell = Ending::Farewell::drain};
  if (said->type == NGTCP2_CCERR_TYPE_APPLICATION) {
    // A process that ends while we dial it refuses nothing.
    const bool over = up_ || said->error_code == static_cast<std::uint64_t>(CloseCode::shutdown);
    ending.end = over ? LinkEnd::closed_by_peer : LinkEnd::refused_by_peer;
    ending.code = said->error_code;
    ending.detail = with_reason(up_ ? "closed by peer" : "refused by peer",
                                reason.empty() ? to_text(CloseCode{said->error_code}) : reason);
  } else if (is_crypto_error(said->error_code)) {
    const auto alert = static_cast<std::uint8_t>(said->error_code & kCryptoErrorMask);
    ending.end = up_ ? LinkEnd::transport_error : LinkEnd::refused_by_peer;
    ending.refusal = kind_of_alert(alert);
    ending.detail = with_reason("refused by peer: " + describe_alert(alert), reason);
  } else if (said->error_code == NGTCP2_CONNECTION_REFUSED) {
    ending.end = LinkEnd::refused_by_peer;
    ending.code = static_cast<std::uint64_t>(CloseCode::overloaded);
    ending.detail = with_reason("refused by peer", reason);
  } else if (said->error_code == NGTCP2_NO_ERROR || said->error_code == NGTCP2_APPLICATION_ERROR) {
    ending.end = LinkEnd::closed_by_peer;
    ending.detail = with_reason(up_ ? "closed by peer" : "peer gave the handshake up", reason);
  } else {
    ending.end = LinkEnd::transport_error;
    ending.detail =
        with_reason("peer reports transport error " + std::to_string(said->error_code), reason);
  }
  end(std::move(ending));
}

// Counts only packets that decrypted: anybody can send the rest.
void Connection::note_hearing() {
  ngtcp2_conn_info info;
  ngtcp2_conn_get_conn_info2(conn_, &info);
  if (info.pkt_recv == packets_heard_) return;
  packets_heard_ = info.pkt_recv;
  heard_ = shared_.now;
  silence_.heard(shared_.now);
}

// ------------------------------------------------------------------------------------ handshake

void Connection::on_handshake_completed() {
  const auto agreed = tls_.protocol();
  if (!agreed) {
    end({.end = LinkEnd::refused_by_us,
         .detail = "peer named no protocol (ALPN)",
         .refusal = RefusalKind::no_protocol,
         .farewell = Ending::Farewell::transport,
         .wire_error = NGTCP2_CRYPTO_ERROR | kAlertNoProtocol});
    return;
  }
  peer_ = tls_.presented();
  const EndpointConfig& config = shared_.config;
  auto refusal = accepted_ ? refuse_dialler(peer_, *agreed, config.rpc_clients, config.cluster)
                           : refuse_answerer(peer_, expected_, config.cluster);
  if (refusal) {
    Ending ending{.end = LinkEnd::refused_by_us,
                  .code = static_cast<std::uint64_t>(refusal->code),
                  .detail = refusal->detail,
                  .refusal = refusal->kind,
                  .wire_reason = refusal->detail};
    if (accepted_) {
      ending.farewell = Ending::Farewell::application;
      ending.wire_error = ending.code;
    } else {
      // The acceptor cannot read an application close before it has our Finished (RFC 9000 10.2.3),
      // which it will not get. The TLS alert for exactly this case carries our words to its log.
      ending.farewell = Ending::Farewell::transport;
      ending.wire_error = NGTCP2_CRYPTO_ERROR | kAlertAccessDenied;
    }
    end(std::move(ending));
    return;
  }
  admitted_ = true;
  ++shared_.counters.handshakes_done;
  // The acceptor has decided. The dialler waits for the acceptor's decision: its own handshake is
  // complete half a round trip before the other side has even seen its certificate.
  if (accepted_) tell_up();
}

void Connection::tell_up() {
  if (up_) return;
  up_ = true;
  if (accepted_) --shared_.counters.half_open;
  const auto* params = ngtcp2_conn_get_remote_transport_params2(conn_);
  streams_allowed_told_ = std::max(streams_allowed_told_, params->initial_max_streams_bidi);
  datagram_max_told_ = datagram_max();
  set_keep_alive();
  shared_.tell(LinkUp{.link = link_,
                      .protocol = *tls_.protocol(),
                      .remote = remote(),
                      .identity = peer_.identity,
                      .datagram_max = datagram_max_told_,
                      .streams_allowed = streams_allowed_told_});
}

// Data of the peer can overtake its HANDSHAKE_DONE. It sends none before it has let us in, so the
// data is as good a sign.
bool Connection::ensure_up() {
  if (ending_ || !admitted_) return false;
  tell_up();
  return true;
}

// ------------------------------------------------------------------------------------- streams

Stream& Connection::enter_stream(StreamId id, bool opened_by_peer) {
  Stream& stream = streams_.add(id, opened_by_peer);
  ++shared_.counters.streams;
  if (silence_.enabled() && !silence_.due()) {
    silence_.start(shared_.now);
    set_keep_alive();
  }
  return stream;
}

// Null: the stream is already gone.
Stream* Connection::open_stream(StreamId id) {
  if (id.opened_by_dialler() == accepted_ || id.value < next_local_stream_) return nullptr;
  ENGINE_ASSERT(id.value == next_local_stream_);
  Stream& stream = enter_stream(id, false);
  std::int64_t number = 0;
  const int error = ngtcp2_conn_open_bidi_stream(conn_, &number, &stream);
  // STREAM_ID_BLOCKED would mean that the engine went beyond streams_allowed.
  ENGINE_ASSERT(error == 0);
  ENGINE_ASSERT(static_cast<std::uint64_t>(number) == id.value);
  next_local_stream_ += 4;
  return &stream;
}

void Connection::write_stream(StreamId id, Bytes bytes, bool fin) {
  if (ending_ || !up_) return;
  Stream* stream = streams_.find(id);
  if (stream == nullptr) stream = open_stream(id);
  if (stream == nullptr || !stream->writing) return;
  if (unacknowledged_ + bytes.size() > shared_.config.link_send_buffer_max) {
    end({.end = LinkEnd::local_limit,
         .detail = "send buffer full: the peer reads too slowly",
         .farewell = Ending::Farewell::application,
         .wire_error = static_cast<std::uint64_t>(CloseCode::overloaded),
         .wire_reason = "send buffer full"});
    return;
  }
  unacknowledged_ += bytes.size();
  shared_.counters.send_buffer_bytes += bytes.size();
  stream->out.append(std::move(bytes));
  if (fin) stream->out.finish();
  streams_.wake(*stream);
}

void Connection::reset_stream(StreamId id, StreamCode code) {
  Stream* stream = streams_.find(id);
  if (ending_ || stream == nullptr || !stream->writing) return;
  forget_queue(*stream);
  const int error = ngtcp2_conn_shutdown_stream_write(conn_, 0, static_cast<std::int64_t>(id.value),
                                                      static_cast<std::uint64_t>(code));
  if (error != 0) fail(error, "resetting a stream");
}

void Connection::stop_stream(StreamId id, StreamCode code) {
  Stream* stream = streams_.find(id);
  if (ending_ || stream == nullptr || !stream->reading) return;
  stream->reading = false;
  credit_unconsumed(*stream);
  const int error = ngtcp2_conn_shutdown_stream_read(conn_, 0, static_cast<std::int64_t>(id.value),
                                                     static_cast<std::uint64_t>(code));
  if (error != 0) fail(error, "stopping a stream");
}

void Connection::consume_stream(StreamId id, std::uint64_t bytes) {
  Stream* stream = streams_.find(id);
  if (ending_ || stream == nullptr || !stream->reading) return;  // credited when it ended
  ENGINE_ASSERT(bytes <= stream->unconsumed);
  stream->unconsumed -= bytes;
  credit_link(bytes);
  const int error =
      ngtcp2_conn_extend_max_stream_offset(conn_, static_cast<std::int64_t>(id.value), bytes);
  if (error != 0) fail(error, "crediting a stream");
}

void Connection::watch_drain(StreamId id, std::uint64_t low_mark) {
  Stream* stream = streams_.find(id);
  if (ending_ || stream == nullptr || !stream->writing) return;
  stream->drain_mark = low_mark;
  check_drained(*stream);
}

void Connection::check_drained(Stream& stream) {
  if (!stream.drain_mark || stream.out.unacknowledged() > *stream.drain_mark) return;
  stream.drain_mark.reset();
  shared_.tell(StreamDrained{link_, stream.id});
}

void Connection::forget_queue(Stream& stream) {
  streams_.leave(stream);
  stream.writing = false;
  stream.drain_mark.reset();
  freed(stream, stream.out.clear());
}

void Connection::freed(Stream& stream, std::uint64_t bytes) {
  unacknowledged_ -= bytes;
  shared_.counters.send_buffer_bytes -= bytes;
  if (bytes > 0) check_drained(stream);
}

// What nobody will consume any more must not count against the link's window for ever.
void Connection::credit_unconsumed(Stream& stream) {
  credit_link(stream.unconsumed);
  stream.unconsumed = 0;
}

void Connection::credit_link(std::uint64_t bytes) {
  uncredited_ -= bytes;
  shared_.counters.uncredited_bytes -= bytes;
  ngtcp2_conn_extend_max_offset(conn_, bytes);
}

void Connection::on_stream_data(Stream& stream, BytesView bytes, bool fin) {
  uncredited_ += bytes.size();
  shared_.counters.uncredited_bytes += bytes.size();
  if (!stream.reading) {
    credit_link(bytes.size());
    return;
  }
  stream.unconsumed += bytes.size();
  shared_.tell(StreamData{link_, stream.id, bytes, fin});
}

void Connection::on_stream_reset(Stream& stream, std::uint64_t code) {
  if (!stream.reading) return;
  stream.reading = false;
  credit_unconsumed(stream);
  shared_.tell(StreamReset{link_, stream.id, code});
}

void Connection::on_stream_stopped(Stream& stream, std::uint64_t code) {
  if (!stream.writing) return;
  forget_queue(stream);
  shared_.tell(StreamStopped{link_, stream.id, code});
}

void Connection::on_stream_closed(Stream& stream) {
  credit_unconsumed(stream);
  forget_queue(stream);
  --shared_.counters.streams;
  if (stream.opened_by_peer) {
    // MAX_STREAMS has no threshold in ngtcp2: each extension becomes a frame in the next packet.
    ++stream_credit_;
    if (stream_credit_ >= std::max<std::uint64_t>(1, shared_.config.peer_streams_max / 4)) {
      ngtcp2_conn_extend_max_streams_bidi(conn_, static_cast<std::size_t>(stream_credit_));
      stream_credit_ = 0;
    }
  }
  streams_.remove(stream);
}

void Connection::on_acknowledged(Stream& stream, std::uint64_t offset) {
  freed(stream, stream.out.on_acknowledged(offset));
}

void Connection::on_streams_allowed(std::uint64_t total) {
  if (total <= streams_allowed_told_) return;
  streams_allowed_told_ = total;
  if (up_) shared_.tell(StreamsAllowed{link_, total});
}

// ------------------------------------------------------------------------------------ datagrams

void Connection::send_datagram(Bytes bytes) {
  if (ending_ || !up_) return;
  if (bytes.size() > datagram_max()) {
    ++shared_.counters.app_datagrams_oversize;
    return;
  }
  if (datagrams_.size() >= shared_.config.datagrams_max) {
    ++shared_.counters.app_datagrams_dropped;
    if (datagrams_.empty()) return;
    datagrams_.pop_front();
  }
  datagrams_.push_back(std::move(bytes));
}

// What fits into one packet of the path: the payload less the short header (RFC 9000 17.3.1: first
// byte, connection id, up to four bytes of packet number), the AEAD tag, and the frame's type and
// length (RFC 9221 4).
std::uint32_t Connection::datagram_max() const {
  const auto* params = ngtcp2_conn_get_remote_transport_params2(conn_);
  if (params == nullptr || params->max_datagram_frame_size == 0) return 0;
  const std::uint64_t packet = ngtcp2_conn_get_path_max_tx_udp_payload_size2(conn_);
  const std::uint64_t overhead = 1 + ngtcp2_conn_get_dcid2(conn_)->datalen + 4 + 16;
  if (packet <= overhead) return 0;
  const std::uint64_t frame = std::min(packet - overhead, params->max_datagram_frame_size);
  const std::uint64_t frame_overhead = 1 + (frame <= 16384 ? 2U : 4U);
  return frame <= frame_overhead ? 0 : static_cast<std::uint32_t>(frame - frame_overhead);
}

void Connection::observe_path() {
  if (!up_ || ending_) return;
  const std::uint32_t now_fits = datagram_max();
  if (now_fits == datagram_max_told_) return;
  datagram_max_told_ = now_fits;
  shared_.tell(DatagramLimit{link_, now_fits});
}

// --------------------------------------------------------------------------------------- timers

std::optional<Instant> Connection::deadline() const {
  if (ending_) return std::nullopt;
  std::optional<Instant> earliest;
  const auto consider = [&earliest](std::optional<Instant> candidate) {
    if (candidate && (!earliest || *candidate < *earliest)) earliest = candidate;
  };
  const ngtcp2_tstamp expiry = ngtcp2_conn_get_expiry2(conn_);
  if (expiry != UINT64_MAX) consider(Instant{Duration{static_cast<std::int64_t>(expiry)}});
  consider(silence_.due());
  consider(doubt_ends_);
  return earliest;
}

void Connection::handle_timeout() {
  if (ending_) return;
  if (ngtcp2_conn_get_expiry2(conn_) <= stamp()) {
    const int error = ngtcp2_conn_handle_expiry(conn_, stamp());
    switch (error) {
      case 0: break;
      case NGTCP2_ERR_IDLE_CLOSE:
        // Before the handshake is complete the idle timer means the same as the handshake's.
        if (up_) {
          // An acceptor that began to speak at this moment would wait for another idle timeout.
          end({.end = LinkEnd::idle,
               .detail = "nothing heard for the idle timeout",
               .farewell = accepted_ ? Ending::Farewell::none : Ending::Farewell::if_asked,
               .wire_error = static_cast<std::uint64_t>(CloseCode::none),
               .wire_reason = "idle"});
        } else {
          end({.end = LinkEnd::handshake_timeout,
               .detail = "no answer",
               .refusal = RefusalKind::handshake_timeout});
        }
        return;
      case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
        end({.end = LinkEnd::handshake_timeout,
             .detail = packets_heard_ > 0 ? "handshake not complete in time" : "no answer",
             .refusal = RefusalKind::handshake_timeout,
             .farewell = packets_heard_ > 0 ? Ending::Farewell::transport : Ending::Farewell::none,
             .wire_error = NGTCP2_NO_ERROR,
             .wire_reason = "handshake timeout"});
        return;
      default: fail(error, "timer"); return;
    }
  }
  judge_silence();
  judge_doubt();
}

void Connection::judge_silence() {
  if (ending_ || !silence_.due() || *silence_.due() > shared_.now) return;
  if (!streams_.any_live()) {
    silence_.stop();
    set_keep_alive();
    return;
  }
  switch (silence_.tick(shared_.now)) {
    case SilenceWatch::Verdict::wait: return;
    case SilenceWatch::Verdict::ping: request_ping(); return;
    case SilenceWatch::Verdict::silent:
      end({.end = LinkEnd::silent,
           .detail = "nothing heard although we spoke",
           .farewell = Ending::Farewell::application,
           .wire_error = static_cast<std::uint64_t>(CloseCode::none),
           .wire_reason = "no answer"});
      return;
  }
}

void Connection::doubt() {
  if (ending_) return;
  if (!up_) {
    if (!accepted_) {
      end({.end = LinkEnd::unreachable, .detail = "nobody listens there (ICMP unreachable)"});
    }
    return;
  }
  if (doubt_ends_) return;
  // Not before the answer can be back.
  doubt_since_ = shared_.now;
  doubt_ends_ = shared_.now + std::max(shared_.config.unreachable_confirm, 2 * probe_timeout());
  request_ping();
}

void Connection::judge_doubt() {
  if (ending_ || !doubt_ends_ || *doubt_ends_ > shared_.now) return;
  const bool stalled = shared_.now - *doubt_ends_ > shared_.config.unreachable_confirm;
  const bool heard = heard_ > *doubt_since_;
  doubt_since_.reset();
  doubt_ends_.reset();
  if (heard) return;
  if (stalled) {
    doubt();
    return;
  }
  end({.end = LinkEnd::unreachable,
       .detail = "ICMP unreachable, and no answer to a PING",
       .farewell = Ending::Farewell::application,
       .wire_error = static_cast<std::uint64_t>(CloseCode::none),
       .wire_reason = "no answer"});
}

// ngtcp2 has no call to send a PING; a keep-alive that is already over has the same effect. The
// next write sends it and puts the keep-alive back.
void Connection::request_ping() {
  ++shared_.counters.pings_of_doubt;
  ping_requested_ = shared_.now;
  ngtcp2_conn_set_keep_alive_timeout(conn_, 1);
}

void Connection::set_keep_alive() {
  Duration every = keep_alive_;
  if (silence_.due()) {
    every = every > Duration::zero() ? std::min(every, silence_.quarter()) : silence_.quarter();
  }
  ngtcp2_conn_set_keep_alive_timeout(conn_, raw(every));  // 0: none
}

// -------------------------------------------------------------------------------------- queries

Address Connection::remote() const { return to_address(ngtcp2_conn_get_path2(conn_)->remote); }

Duration Connection::probe_timeout() const {
  return Duration{static_cast<std::int64_t>(ngtcp2_conn_get_pto2(conn_))};
}

PathStats Connection::path() const {
  ngtcp2_conn_info info;
  ngtcp2_conn_get_conn_info2(conn_, &info);
  const auto duration = [](ngtcp2_duration value) {
    return value == UINT64_MAX ? Duration::zero() : Duration{static_cast<std::int64_t>(value)};
  };
  return {.rtt_smoothed = duration(info.smoothed_rtt),
          .rtt_variation = duration(info.rttvar),
          .rtt_latest = duration(info.latest_rtt),
          .rtt_min = duration(info.min_rtt),
          .congestion_window_bytes = info.cwnd,
          .bytes_in_flight = info.bytes_in_flight,
          .udp_payload_max =
              static_cast<std::uint32_t>(ngtcp2_conn_get_path_max_tx_udp_payload_size2(conn_)),
          .packets_lost = info.pkt_lost,
          .bytes_in = info.bytes_recv,
          .bytes_out = info.bytes_sent};
}

LinkView Connection::view() const {
  return {.link = link_,
          .accepted = accepted_,
          .up = up_,
          .protocol = protocol(),
          .remote = remote(),
          .identity = peer_.identity,
          .streams = streams_.size(),
          .unacknowledged_bytes = unacknowledged_,
          .uncredited_bytes = uncredited_,
          .datagrams_waiting = datagrams_.size(),
          .path = path()};
}

}  // namespace rpcnet::quic
