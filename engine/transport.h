// The vocabulary between the engine and any transport below it.
//
// Facts go up: what happened to links (transport connections) and their streams and datagrams.
// Orders go down: what the engine wants done. io/quic speaks it over real QUIC, sim/ over a
// modelled network; nothing above can tell them apart.
//
// Rules that a transport keeps:
// - Facts of one link come in order: LinkUp, then the rest, then LinkDown, after which the link's
//   number is never heard again. A dial that fails gives LinkDown without LinkUp.
// - After the engine's own CloseLink there is no further fact of that link, LinkDown included.
// - A stream begins with its first StreamData. Its bytes come in order, without gap or repeat.
//   `fin` is told once. StreamReset ends the peer's sending direction instead of `fin`.
// - LinkDown ends all streams of the link; they get no facts of their own.
// - An order for a link or a stream that is already gone is ignored: facts and orders cross.
// - What is not read is not credited: the peer may send only what ConsumeStream gave back
//   (consumer-driven flow control), so an engine that does not consume stops the sender.
//   A stream that is over (stopped, reset, or ended both ways) needs no more of that: what was not
//   consumed of it goes back to the link's window by itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "engine/address.h"
#include "engine/bytes.h"
#include "engine/codes.h"
#include "engine/ids.h"
#include "engine/instant.h"

namespace rpcnet {

// Which of our two protocols a link carries; negotiated by ALPN, so neither can reach the other.
enum class Protocol : std::uint8_t {
  rpc,     // "rpcnet/1"
  gossip,  // "rpcnet-gossip/1": members only
};

// What the peer's verified certificate says: the URI SAN rpcnet://CLUSTER/NODE.
struct PeerIdentity {
  std::string cluster;
  std::string node;  // a node's name, or a pattern that ends in '*' (development certificates)

  // May the bearer of this certificate speak as `id`?
  bool covers(const NodeId& id) const;

  friend bool operator==(const PeerIdentity&, const PeerIdentity&) = default;
};

// ---------------------------------------------------------------------------------------- facts

struct LinkUp {
  LinkId link;
  Protocol protocol{};
  Address remote;
  std::optional<PeerIdentity> identity;  // absent: an RPC client without a certificate
  std::uint32_t datagram_max = 0;        // largest DATAGRAM payload that fits now, bytes
  std::uint64_t streams_allowed = 0;     // how many streams this side may open in all, so far
};

enum class LinkEnd : std::uint8_t {
  closed_by_peer,     // the peer closed it with the CloseCode in `code`
  refused_by_peer,    // the peer ended the handshake: our certificate, name or ALPN
  refused_by_us,      // the peer's certificate or identity did not pass
  idle,               // nothing was said for the idle timeout
  silent,             // we spoke and nothing came back for silence_max
  reset,              // the peer does not know this connection (stateless reset): it restarted
  unreachable,        // the network said so (ICMP): nobody listens there
  handshake_timeout,  // no answer
  transport_error,    // QUIC or TLS found a fault; `detail` says which
  local_limit,        // this process has no room for another link
};

struct LinkDown {
  LinkId link;
  LinkEnd end{};
  std::uint64_t code = 0;  // CloseCode where the peer gave one
  std::string detail;      // for people: what happened and, where known, what to do

  // One of the two did not accept the other's certificate, authority or cluster: dialling again
  // ends the same way until somebody changes that.
  bool is_refusal() const;
};

struct DatagramReceived {
  LinkId link;
  BytesView bytes;  // valid during the call
};

// The path's packet size changed, and with it what a datagram may hold.
struct DatagramLimit {
  LinkId link;
  std::uint32_t datagram_max = 0;
};

struct StreamData {
  LinkId link;
  StreamId stream;
  BytesView bytes;   // valid during the call; may be empty with fin
  bool fin = false;  // the peer has half-closed: nothing follows
};

// The peer abandoned its sending direction (RESET_STREAM).
struct StreamReset {
  LinkId link;
  StreamId stream;
  std::uint64_t code = 0;  // a StreamCode, or a stranger's number
};

// The peer no longer reads (STOP_SENDING). The transport resets our direction by itself.
struct StreamStopped {
  LinkId link;
  StreamId stream;
  std::uint64_t code = 0;
};

// Answer to WatchDrain: what was written and not yet acknowledged fell to the low mark.
struct StreamDrained {
  LinkId link;
  StreamId stream;
};

// The peer lets this side open more streams (MAX_STREAMS).
struct StreamsAllowed {
  LinkId link;
  std::uint64_t total = 0;  // in all since the link began
};

using Fact = std::variant<LinkUp, LinkDown, DatagramReceived, DatagramLimit, StreamData,
                          StreamReset, StreamStopped, StreamDrained, StreamsAllowed>;

// --------------------------------------------------------------------------------------- orders

// Dials. The answer is LinkUp or LinkDown.
struct Connect {
  LinkId link;  // even, new
  Protocol protocol{};
  Address remote;
  std::optional<NodeId> expected;  // the node that must answer; absent: any of our cluster
  Duration handshake_timeout{};
  // While streams are open on the link, something that asks for an acknowledgement is in flight
  // at least every quarter of this, and when nothing at all came back for this long the link ends
  // as LinkEnd::silent. Zero: only QUIC's idle timeout judges.
  Duration silence_max{};
};

// Ends a link at once: its streams end, queued data is dropped, the peer is told.
struct CloseLink {
  LinkId link;
  CloseCode code{};
  std::string reason;  // short, for the peer's log
};

struct SendDatagram {
  LinkId link;
  Bytes bytes;  // at most datagram_max; a larger one is dropped and counted
};

// Writes to a stream, opening it if it is new. New streams of a link are written first in the
// order of their numbers, and only below streams_allowed.
struct WriteStream {
  LinkId link;
  StreamId stream;
  Bytes bytes;
  bool fin = false;  // half-close after these bytes
};

// Abandons our sending direction; data not yet sent is dropped.
struct ResetStream {
  LinkId link;
  StreamId stream;
  StreamCode code{};
};

// Tells the peer that we no longer read; what still arrives is dropped and credited.
struct StopStream {
  LinkId link;
  StreamId stream;
  StreamCode code{};
};

// The consumer took this many bytes: the peer may send as many more.
struct ConsumeStream {
  LinkId link;
  StreamId stream;
  std::uint64_t bytes = 0;
};

// Asks for one StreamDrained as soon as at most `low_mark` bytes of the stream are unacknowledged
// (at once if that already holds). This is how a sender is slowed without a fact per packet.
struct WatchDrain {
  LinkId link;
  StreamId stream;
  std::uint64_t low_mark = 0;
};

using Order = std::variant<Connect, CloseLink, SendDatagram, WriteStream, ResetStream, StopStream,
                           ConsumeStream, WatchDrain>;

// Does this end suggest that the process behind the address is gone? A driver then tells the node
// so (Node::handle_unreachable), and membership looks.
bool hints_at_trouble(LinkEnd end);

const char* to_text(LinkEnd end);
const char* to_text(Protocol protocol);
const char* to_text(CloseCode code);

}  // namespace rpcnet
