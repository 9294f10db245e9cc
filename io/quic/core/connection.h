// One link: RAII over ngtcp2_conn, its TLS session and its streams.
//
// Takes packets, orders and timeouts; tells facts. It does not know the socket, the other links, or
// how packets found it. When it has ended, ending() says how, and the endpoint writes the farewell
// and drops it: ngtcp2 must not be left from inside one of its own callbacks.
#pragma once

#include <ngtcp2/ngtcp2.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/transport.h"
#include "io/quic/core/shared.h"
#include "io/quic/core/silence_watch.h"
#include "io/quic/core/streams.h"
#include "io/quic/core/tls_session.h"
#include "io/quic/link_view.h"

namespace rpcnet::quic {

// The beginning of an incoming link, as its first packet says.
struct Incoming {
  LinkId link;
  Address local;
  Address remote;
  std::uint32_t version = 0;
  ngtcp2_cid dialler_id{};
  ngtcp2_cid addressed_to{};           // the destination id of this packet
  std::optional<ngtcp2_cid> first_id;  // after a Retry: the one before it
  BytesView token;
};

struct Ending {
  enum class Farewell : std::uint8_t {
    none,         // nobody to tell, or nothing to tell it with
    transport,    // CONNECTION_CLOSE 0x1c with `wire_error`
    application,  // CONNECTION_CLOSE 0x1d with `wire_error`
    if_asked,     // the same, but only in answer to a peer who still speaks
    drain,        // the peer has closed: be quiet and wait (RFC 9000 10.2.2)
  };

  LinkEnd end{};
  std::uint64_t code = 0;
  std::string detail = {};
  RefusalKind refusal = RefusalKind::other;  // what to call it if the link was accepted, never up
  Farewell farewell = Farewell::none;
  std::uint64_t wire_error = 0;
  std::string wire_reason = {};
  bool silent_to_engine = false;  // the engine's own CloseLink, or no link ever
};

class Connection {
 public:
  // Null: TLS or QUIC could not make the state, which is out of memory.
  static std::unique_ptr<Connection> dial(Shared& shared, std::shared_ptr<const TlsContext> tls,
                                          const Connect& order);
  static std::unique_ptr<Connection> accept(Shared& shared, std::shared_ptr<const TlsContext> tls,
                                            const Incoming& incoming);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // ------------------------------------------------------------------------ outside in
  void read(const Address& local, const Address& remote, unsigned ecn, BytesView packet);
  void handle_timeout();
  void doubt();  // the network said that nobody listens there

  void send_datagram(Bytes bytes);
  void write_stream(StreamId id, Bytes bytes, bool fin);
  void reset_stream(StreamId id, StreamCode code);
  void stop_stream(StreamId id, StreamCode code);
  void consume_stream(StreamId id, std::uint64_t bytes);
  void watch_drain(StreamId id, std::uint64_t low_mark);
  void close(CloseCode code, std::string reason);

  // ------------------------------------------------------------------------ inside out
  struct Burst {
    std::size_t size = 0;  // 0: nothing to send now
    std::size_t segment_size = 0;
    Address local;
    Address remote;
    unsigned ecn = 0;
    bool more = false;  // there may be more to write, now
  };
  // Fills `out` with as many packets of one size as there are. Call again while there is more; not
  // before deadline() else: the link is paced.
  Burst write(std::span<std::uint8_t> out);

  // The CONNECTION_CLOSE of an ended link; size 0 if there is nothing to say.
  Burst write_farewell(std::span<std::uint8_t> out);

  // Tells what changed on the path since the last call.
  void observe_path();

  std::optional<Instant> deadline() const;
  const std::optional<Ending>& ending() const { return ending_; }
  void end(Ending ending);

  LinkId link() const { return link_; }
  bool up() const { return up_; }
  bool half_open() const { return accepted_ && !up_; }
  std::optional<Protocol> protocol() const { return tls_.protocol(); }
  Address remote() const;
  PathStats path() const;
  std::vector<StreamId> unacknowledged_answers() const { return streams_.unacknowledged_answers(); }
  bool is_unacknowledged(StreamId id) const { return streams_.is_unacknowledged(id); }
  LinkView view() const;
  // Of the link's window, bytes that nobody will ever give back: none, or this class has a fault.
  std::uint64_t stranded_credit() const { return uncredited_ - streams_.unconsumed(); }
  Duration probe_timeout() const;
  const std::vector<ConnectionId>& ids() const { return ids_; }

 private:
  friend struct ConnectionCallbacks;  // what ngtcp2 calls; see connection_callbacks.cc

  Connection(Shared& shared, std::shared_ptr<const TlsContext> tls, LinkId link, bool accepted,
             Duration silence_max, Duration keep_alive);
  bool begin(const Connect& order);
  bool begin(const Incoming& incoming);
  ngtcp2_settings settings(const Address& remote, Duration handshake_timeout) const;
  ngtcp2_transport_params transport_params() const;
  ngtcp2_tstamp stamp() const;

  // Events of ngtcp2, already in our types.
  void on_handshake_completed();
  void on_stream_data(Stream& stream, BytesView bytes, bool fin);
  void on_stream_reset(Stream& stream, std::uint64_t code);
  void on_stream_stopped(Stream& stream, std::uint64_t code);
  void on_stream_closed(Stream& stream);
  void on_acknowledged(Stream& stream, std::uint64_t offset);
  void on_streams_allowed(std::uint64_t total);
  void tell_up();
  bool ensure_up();

  void on_read_error(int error);
  void fail(int error, const char* during);
  void end_by_peer();

  ngtcp2_ssize write_packet(ngtcp2_path* path, ngtcp2_pkt_info* info, std::uint8_t* out,
                            std::size_t size, ngtcp2_tstamp now);
  bool pack_datagrams(ngtcp2_path* path, ngtcp2_pkt_info* info, std::uint8_t* out, std::size_t size,
                      ngtcp2_tstamp now, ngtcp2_ssize& result);

  Stream* open_stream(StreamId id);
  Stream& enter_stream(StreamId id, bool opened_by_peer);
  void forget_queue(Stream& stream);
  void freed(Stream& stream, std::uint64_t bytes);
  void check_drained(Stream& stream);
  void credit_unconsumed(Stream& stream);
  void credit_link(std::uint64_t bytes);
  void request_ping();
  void set_keep_alive();
  void note_hearing();
  void judge_silence();
  void judge_doubt();
  std::uint32_t datagram_max() const;

  Shared& shared_;
  const LinkId link_;
  const bool accepted_;
  std::optional<NodeId> expected_;

  ngtcp2_crypto_conn_ref reference_{};
  TlsSession tls_;
  crypto::HandshakeReader handshake_;
  ngtcp2_conn* conn_ = nullptr;
  std::vector<ConnectionId> ids_;
  std::vector<ngtcp2_stateless_reset_token> reset_tokens_;  // what the peer may reset us with

  bool up_ = false;        // LinkUp was told
  bool admitted_ = false;  // the peer's identity passed
  Presented peer_;
  bool reset_by_peer_ = false;
  std::optional<Ending> ending_;

  Streams streams_;
  std::uint64_t next_local_stream_ = 0;
  std::uint64_t streams_allowed_told_ = 0;
  std::uint64_t stream_credit_ = 0;  // closed streams of the peer, not given back yet
  std::uint64_t unacknowledged_ = 0;
  std::uint64_t uncredited_ = 0;  // of the link's window

  std::deque<Bytes> datagrams_;
  std::uint32_t datagram_max_told_ = 0;

  Duration keep_alive_;  // zero: none
  SilenceWatch silence_;
  std::uint64_t packets_heard_ = 0;
  Instant heard_{};
  std::optional<Instant> ping_requested_;
  std::optional<Instant> doubt_since_;
  std::optional<Instant> doubt_ends_;
  bool paced_ = false;
  bool pacing_decided_ = false;
};

}  // namespace rpcnet::quic
