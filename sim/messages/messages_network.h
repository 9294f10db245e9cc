// The `messages` fidelity: QUIC as an engine sees it, without packets' insides.
//
// What is modelled: a handshake of two round trips with TLS 1.3's order of checks (the acceptor is
// up after one and a half, when it has seen the dialler's certificate), loss as retransmission of
// all that is reliable, streams whose bytes are cut and reordered on the way and delivered in
// order, consumer-driven credit per stream and link, MAX_STREAMS in batches, FIN, RESET,
// STOP_SENDING, datagrams that get lost, idle timeout, silence, stateless reset and ICMP.
// Timers run by the world's clock; of a host's own clock only jumps past an idle timeout are seen.
// What is not: congestion control (only a `bandwidth` fault slows a sender), packet coalescing, and
// duplicates, which QUIC's packet numbers absorb before an engine could see them.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/key_index.h"
#include "sim/messages/connection.h"
#include "sim/network.h"

namespace rpcnet::sim::messages {

// The transport's own settings; the defaults are those of io/quic/config.h where it has them.
struct MessagesConfig {
  Duration idle_timeout = std::chrono::seconds(30);
  // First retransmission of a handshake packet: three times the assumed round trip of 100 ms.
  Duration handshake_retry = std::chrono::milliseconds(300);
  Duration unreachable_confirm = std::chrono::milliseconds(100);
  // How long a closed end answers with its close code (three probe timeouts, RFC 9000 10.2).
  Duration closing = std::chrono::milliseconds(500);
  std::uint64_t stream_window_bytes = std::uint64_t{1} << 20;
  std::uint64_t link_window_bytes = std::uint64_t{64} << 20;
  std::uint64_t peer_streams_max = 4096;
  // What fits a packet of 1200 bytes, and after path MTU discovery.
  std::uint32_t datagram_first = 1160;
  std::uint32_t datagram_later = 1412;
  // Largest piece in which stream bytes travel.
  std::uint64_t piece_max = 16000;
  bool rpc_without_certificate = true;  // ClientCertificate::optional
  // Links without a handshake: the dialler's is up at once, the acceptor's with the first packet.
  // So memberlist sees its network, UDP and TCP, which are its own affair to set up. Streams still
  // need both ends.
  bool plain = false;
};

class MessagesNetwork final : public Network {
 public:
  // What is around a DATAGRAM frame's payload: headers, tag.
  static constexpr std::uint64_t kPacketOverhead = 40;

  MessagesNetwork(NetworkEnvironment& world, Paths& paths, Keyed keyed, std::size_t hosts,
                  MessagesConfig config);

  void start(HostIndex host, const Credentials& credentials) override;
  void stop(HostIndex host) override;
  void perform(HostIndex host, Order&& order) override;
  void handle(Happening&& happening) override;
  void expect(const Happening& happening) const override;
  void clock_changed(HostIndex host) override;
  std::size_t open_links(HostIndex host) const override;
  std::size_t open_streams(HostIndex host) const override;
  std::uint64_t unacknowledged(HostIndex host) const override;
  const NetworkCounters& counters() const override { return counters_; }

 private:
  enum class Kind : std::uint8_t {
    hello,         // the dialler's first flight
    welcome,       // the acceptor's answer, with its certificate
    refusal,       // instead of a welcome; c: why
    confirmation,  // the dialler's certificate
    done,          // the acceptor liked it
    hello_retry,
    welcome_retry,
    confirmation_retry,
    done_retry,
    handshake_expired,
    datagram,
    frame,  // b: stream; c: offset or value; d: FrameType, fin and tries
    frame_retry,
    acknowledgement,  // b: stream; c: bytes; d: 1 with FIN or RESET
    acknowledgement_retry,
    close,  // c: CloseCode
    reset,  // stateless
    icmp,
    icmp_confirmed,  // c: when the ICMP came
    ping,
    pong,
    ping_due,
    idle_check,
    idle_jumped,  // the clock jumped past the idle timeout; c: when something was last heard
    drained,
    datagram_limit,
    failed,    // a dial that could not begin
    plain_up,  // MessagesConfig::plain: the dialler's link
    line_due,  // b: which of lines_
  };
  enum class FrameType : std::uint8_t { data, reset, stop, stream_credit, link_credit, streams };
  enum class Arrival : std::uint8_t { taken, lost, refused };

  struct HostLinks {
    Credentials credentials;
    const PeerIdentity* certificate = nullptr;  // of the credentials, in certificates_
    KeyIndex<LinkId> links;                     // to connections
    std::size_t streams = 0;                    // on all of them
    std::uint64_t next_accepted = 1;
    Duration clock_lead{};  // of the host's clock over the world's, when last looked at
  };
  // One end of one connection: how everything below is addressed.
  struct Ref {
    std::uint32_t connection = 0;
    std::uint8_t side = 0;
  };

  // Timers of one kind that all run equally long, so that they fall due in the order in which they
  // were set (lines.cc).
  struct Line {
    struct Wait {
      Moment at;
      Ref ref;
      std::uint32_t generation = 0;
    };
    Kind kind{};
    std::deque<Wait> waits;
  };
  enum LineName : std::size_t { kHelloLine, kAcceptLine, kIdleLine };

  // -- connections (connections.cc)
  std::uint32_t allocate();
  void release_if_unused(std::uint32_t index);
  Connection* find(const Happening& happening);
  Connection& at(Ref ref) { return connections_[ref.connection]; }
  End& end(Ref ref) { return connections_[ref.connection].ends[ref.side]; }
  const End& end(Ref ref) const { return connections_[ref.connection].ends[ref.side]; }
  static Ref other(Ref ref) { return {ref.connection, static_cast<std::uint8_t>(1 - ref.side)}; }
  std::optional<Ref> lookup(HostIndex host, LinkId link);
  std::vector<Ref> ends_of(HostIndex host) const;  // that are open or being opened, by LinkId
  bool alive(Ref ref) const;                       // its process still runs
  void finish(Ref ref, EndState state);
  void finish_and_tell(Ref ref, LinkEnd how, std::uint64_t code, std::string detail);
  Arrival arrive(Ref ref);
  void heard(Ref ref, Moment when);

  // -- packets (packets.cc)
  std::uint64_t draw_entity(Ref ref);
  Fate cross(Ref from, std::uint64_t size);
  std::uint64_t largest_packet(const End& end) const;
  Duration retry_after(Ref ref, std::uint64_t tries);
  Happening make(Kind kind, Ref target, bool timer);
  void set_timer(Ref ref, Duration after, Happening&& happening);
  // Sends once; false: lost.
  bool send(Ref from, std::uint64_t size, Happening&& happening);
  void on_silence_of_peer(Ref ref, const Happening& happening);
  bool send_close(Ref ref, std::string_view reason);  // with its close_code; false: lost
  void on_close(Ref ref, const Happening& happening);
  void on_reset(Ref ref);
  void on_icmp(Ref ref, const Happening& happening);
  void on_path_probe(Ref ref, std::uint64_t tries);
  void on_ping_due(Ref ref);
  void on_idle_check(Ref ref);
  Moment last_activity(const End& end) const;
  Duration clock_lead(HostIndex host) const;
  void start_pinging(Ref ref);

  // -- lines (lines.cc)
  void wait(LineName name, Ref ref, Duration after);
  bool is_over(const Line& line, const Line::Wait& wait) const;
  void schedule_line(LineName name);
  void on_line_due(LineName name);

  // -- handshake (handshake.cc)
  void connect(HostIndex host, Connect&& order);
  void send_hello(std::uint32_t index);
  void on_hello(Ref ref);
  void send_welcome(std::uint32_t index, std::uint64_t tries);
  void on_welcome(Ref ref);
  void confirm(std::uint32_t index, std::uint64_t tries);
  void confirm_later(std::uint32_t index, std::uint64_t tries);
  void send_done(std::uint32_t index, std::uint64_t tries);
  bool on_confirmed(Ref ref);  // false: refused
  void on_plain_up(Ref ref);
  void come_up(Ref ref, const PeerIdentity* identity);  // of the peer; nullptr: none

  // -- links and datagrams (links.cc)
  void close_link(HostIndex host, const CloseLink& order);
  void send_datagram(HostIndex host, SendDatagram&& order);
  void on_datagram(Ref ref, Happening&& happening);

  // -- streams (streams.cc, stream_ends.cc)
  Flow& flow_of(End& one) const;
  Stream* find_stream(Ref ref, std::uint64_t id);
  Stream* open_stream(Ref ref, std::uint64_t id);
  void write_stream(HostIndex host, WriteStream&& order);
  void reset_stream(HostIndex host, const ResetStream& order);
  void stop_stream(HostIndex host, const StopStream& order);
  void consume_stream(HostIndex host, const ConsumeStream& order);
  void watch_drain(HostIndex host, const WatchDrain& order);
  void flush_stream(Ref ref, std::uint64_t id);
  void flush_all(Ref ref);
  void send_reset(Ref ref, std::uint64_t id, std::uint64_t code);
  void send_frame(Ref ref, FrameType type, std::uint64_t stream, std::uint64_t value, bool fin,
                  Bytes bytes);
  void launch_frame(Ref ref, Happening&& happening);
  void on_frame(Ref ref, Happening&& happening);
  void on_data(Ref ref, Happening&& happening, bool fin);
  void deliver_in_order(Ref ref, std::uint64_t id);
  void on_stream_reset(Ref ref, std::uint64_t id, std::uint64_t code);
  void on_stream_stop(Ref ref, std::uint64_t id, std::uint64_t code);
  void acknowledge(Ref ref, std::uint64_t stream, std::uint64_t bytes, bool final,
                   std::uint64_t tries);
  void on_acknowledgement(Ref ref, const Happening& happening);
  void check_drain(Ref ref, std::uint64_t id, Stream& stream);
  void finish_stream(Ref ref, std::uint64_t id);
  void credit_stream(Ref ref, std::uint64_t id, Stream& stream);
  void credit_link(Ref ref, std::uint64_t bytes);

  NetworkEnvironment& world_;
  Paths& paths_;
  Keyed keyed_;
  MessagesConfig config_;
  std::deque<Connection> connections_;  // references stay good while it grows
  std::vector<std::uint32_t> free_;
  std::vector<HostLinks> hosts_;
  std::deque<PeerIdentity>
      certificates_;  // of all processes that ever ran: connections refer to it
  Line lines_[3]{{Kind::hello_retry, {}},
                 {Kind::handshake_expired, {}},
                 {Kind::idle_check, {}}};  // by LineName
  NetworkCounters counters_;
};

}  // namespace rpcnet::sim::messages
