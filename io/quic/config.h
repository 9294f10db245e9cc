// Every tunable of a quic::Endpoint: unit, default, why that default, and what happens at the edge.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/address.h"
#include "engine/instant.h"

namespace rpcnet::quic {

// 32 secret bytes. Never logged.
using SecretKey = std::array<std::uint8_t, 32>;

// What an accepting endpoint wants of a peer that speaks rpcnet/1. Gossip always needs a
// certificate of our cluster, whatever this says.
enum class ClientCertificate : std::uint8_t {
  none,      // not asked for; LinkUp has no identity
  optional,  // asked for; if presented it must pass, else the link is refused
  required,  // without one of our cluster the link is refused
};

struct EndpointConfig {
  // Our cluster's name. A peer whose certificate names another one is refused.
  std::string cluster;

  // The socket's bound address. Dialled links send from it; unspecified lets the kernel choose.
  Address local;

  // Which thread's endpoint this is, of how many; it becomes byte 0 of every connection id we
  // issue, so that a process with one socket per core can hand a misrouted datagram to its owner
  // (io/quic/steering.h).
  std::uint8_t owner = 0;
  std::uint8_t owners = 1;

  // Is an incoming handshake answered at all? A pure client says false.
  bool accept = true;

  ClientCertificate rpc_clients = ClientCertificate::optional;

  // Stateless reset tokens and Retry tokens are derived from these. The same key after a restart
  // (see TlsContext::derive_key) lets the new process reset connections of the old one, so that a
  // peer learns of the restart in one round trip instead of an idle timeout (RFC 9000 10.3.2).
  SecretKey reset_key{};
  SecretKey token_key{};

  // -------------------------------------------------------------------------------- time

  // Nothing heard for so long ends a link as LinkEnd::idle (RFC 9000 10.1; the smaller of both
  // ends' values counts). 30 s outlives a pause for garbage or a Wi-Fi roam and still frees memory.
  Duration idle_timeout = std::chrono::seconds{30};

  // How long an incoming handshake may take before it is forgotten. Dialled links carry their own.
  Duration accept_handshake_timeout = std::chrono::seconds{10};

  // `silence_max` of accepted links, as documented at Connect. Zero: only the idle timeout judges.
  Duration accept_silence_max{};

  // PING after so long without traffic on accepted links, to keep a NAT's mapping. Zero: never.
  Duration accept_keep_alive{};

  // Round-trip time assumed before the first sample. RFC 9002 6.2.2 says 333 ms, sized for the open
  // internet; the first probe timeout is three times this. 100 ms retries a lost first flight of a
  // LAN or loopback handshake after 0.3 s and costs one spurious packet on a slower path.
  Duration initial_rtt = std::chrono::milliseconds{100};

  // How long an acknowledgement may be held back. 5 ms instead of QUIC's 25: streams free their
  // buffers and their id on acknowledgement, and a LAN's round trip is far below.
  Duration ack_delay_max = std::chrono::milliseconds{5};

  // Ack-eliciting packets that force an acknowledgement (RFC 9000 13.2.2 asks for 2; large senders
  // use 10, see reference rpc.md 2.6). 8 keeps loss detection quick and cuts one-way ACK traffic.
  std::size_t ack_threshold = 8;

  // Pace links whose round trip is at least this when they come up. Below, a burst ends sooner than
  // any timer is exact, and pacing would only wake the process up.
  Duration pacing_rtt_min = std::chrono::milliseconds{1};

  // An ICMP "unreachable" for an established link is believed when a PING stays unanswered so long.
  Duration unreachable_confirm = std::chrono::milliseconds{100};

  // -------------------------------------------------------------------------------- windows

  // How much a peer may send ahead of ConsumeStream, per stream and per link, bytes. 1 MiB is a
  // bandwidth-delay product of 1 Gbit/s x 8 ms; 64 MiB lets 64 such streams run.
  std::uint64_t stream_window_bytes = std::uint64_t{1} << 20;
  std::uint64_t link_window_bytes = std::uint64_t{64} << 20;

  // Streams that a peer may have open at once on a link, counting those whose last bytes are not
  // acknowledged yet. New credit is given in quarters of this.
  std::uint64_t peer_streams_max = 4096;

  // -------------------------------------------------------------------------------- sizes

  // Packets begin at 1200 bytes of UDP payload, which always works (RFC 9000 14). Larger sizes are
  // then probed for (RFC 8899): these, in this order, each above 1200. 1452 fits Ethernet under
  // IPv6, 1406 a path with a tunnel. Empty: stay at 1200.
  std::vector<std::uint16_t> mtu_probes = {1452, 1406};

  // The same when the remote is a loopback address, whose MTU is 64 KiB: fewer, bigger packets
  // halve the work of bulk transfers, and nearly all of that is won by 16 KB (measured; 4 of these
  // fill one UDP_SEGMENT burst). Needs receive buffers as large.
  std::vector<std::uint16_t> loopback_mtu_probes = {16000};

  // -------------------------------------------------------------------------------- limits

  // Links, half-open ones included. A further incoming one is refused (CONNECTION_REFUSED), a
  // further dial ends with LinkEnd::local_limit.
  std::size_t links_max = 65536;

  // Accepted handshakes in progress. Above retry_above each new one must prove its address first
  // (Retry, RFC 9000 8.1.2: one more round trip, no state here); at half_open_max new ones are
  // dropped and counted, so that a flood costs bounded memory and signatures.
  std::size_t half_open_max = 4096;
  std::size_t retry_above = 256;

  // Unsent datagrams per link. When full the oldest is dropped: gossip prefers news.
  std::size_t datagrams_max = 256;

  // Bytes of one link that were written and not acknowledged. A sender that heeds WatchDrain stays
  // far below; beyond it the link ends with LinkEnd::local_limit instead of exhausting memory.
  std::uint64_t link_send_buffer_max = std::uint64_t{1} << 30;

  // Answers to packets that belong to no link (stateless reset, version negotiation, refusal), a
  // second and in one burst. More are dropped: they must not serve as an amplifier.
  std::uint32_t stateless_per_second = 200;
  std::uint32_t stateless_burst = 400;
};

}  // namespace rpcnet::quic
