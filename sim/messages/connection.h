// The state of one modelled connection: two ends, each with its streams.
//
// One object holds both ends, because one process simulates both; an end looks at nothing of the
// other that a packet has not brought it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "engine/transport.h"
#include "sim/moment.h"

namespace rpcnet::sim::messages {

// One end's sending direction of a stream.
struct Sending {
  std::deque<Bytes> queue;     // written and not yet sent
  std::size_t front_sent = 0;  // bytes of queue.front() that left
  std::uint64_t written = 0;
  std::uint64_t sent = 0;
  std::uint64_t limit = 0;  // the peer's credit
  std::uint64_t acknowledged = 0;
  bool fin = false;  // written
  bool fin_sent = false;
  bool ended = false;  // FIN or RESET acknowledged
  bool reset = false;
  std::optional<std::uint64_t> low_mark;  // WatchDrain

  std::uint64_t unacknowledged() const { return written - acknowledged; }
};

// One end's receiving direction of a stream.
struct Receiving {
  std::map<std::uint64_t, Bytes> early;  // out of order, by offset
  std::uint64_t next = 0;                // told so far
  std::uint64_t consumed = 0;
  std::uint64_t limit = 0;  // credit given
  std::optional<std::uint64_t> final_size;
  bool ended = false;    // FIN or RESET told, or known and of no interest
  bool stopped = false;  // StopStream: what comes is dropped
};

struct Stream {
  Sending out;
  Receiving in;
  bool begun = false;                        // the engine of this end knows of it
  std::optional<std::uint64_t> stop_untold;  // STOP_SENDING came before the stream began
};

enum class EndState : std::uint8_t {
  none,        // has not heard of the connection yet
  dialling,    // dialler: waits for the acceptor's certificate
  confirming,  // dialler: has sent its own, waits for the acceptor's verdict
  half_open,   // acceptor: waits for the dialler's certificate
  up,
  closed,  // by this side's CloseLink; answers with its code for a while
  gone,
};

// A dialler whose link is not up yet.
constexpr bool is_dialling(EndState state) {
  return state == EndState::dialling || state == EndState::confirming;
}

// The streams of one end and what bounds them. Most links never have any.
struct Flow {
  std::map<std::uint64_t, Stream> streams;
  std::uint64_t streams_opened = 0;  // by this side
  std::uint64_t streams_allowed = 0;
  std::uint64_t peer_streams_done = 0;
  std::uint64_t peer_done_below = 0;  // all the peer's streams before this index are over,
  std::set<std::uint64_t> peer_done;  // and these after it
  std::uint64_t peer_streams_granted = 0;
  std::uint64_t data_sent = 0;  // all streams, against the link's window
  std::uint64_t data_limit = 0;
  std::uint64_t data_credited = 0;  // consumed or dropped
  std::uint64_t data_limit_given = 0;
};

struct End {
  HostIndex host = 0;
  std::uint32_t life = 0;
  LinkId link;
  EndState state = EndState::none;
  bool waiting = false;  // for the answer to what `spoke`
  bool pinging = false;
  std::uint32_t datagram_max = 0;
  Moment heard{};    // when something last came; an acknowledgement under way counts from arrival
  Moment spoke{};    // first packet that asked for an answer since then
  Moment watched{};  // since when streams are open (silence)
  std::uint64_t packets = 0;  // sent: the counter of keyed draws
  // The address behind the peer's NAT to which this end sends (Paths::mapping), and the one that it
  // will know of at `peer_moved_at`.
  std::uint32_t peer_mapping = 0;
  std::uint32_t peer_next_mapping = 0;
  Moment peer_moved_at{};
  std::unique_ptr<Flow> flow;  // since its first stream
  CloseCode close_code{};
  Moment closed_at{};
};

// What the dialler needs until its link is up.
struct Dial {
  std::optional<NodeId> expected;
  Moment hello_at{};
  std::uint32_t hellos = 0;
};

// There may be a million of them, and each happening is about another one: what few need, or only
// for a moment, is elsewhere.
struct Connection {
  std::uint32_t generation = 0;
  bool in_use = false;
  Protocol protocol{};
  // The certificates that were sent, by side: with the confirmation, and with the welcome.
  const PeerIdentity* certificates[2] = {};
  std::unique_ptr<Dial> dial;  // while it is dialled
  Duration silence_max{};
  Duration round_trip{};     // measured by the handshake
  std::uint64_t entity = 0;  // of its draws
  End ends[2];               // 0: dialler, 1: acceptor
};

}  // namespace rpcnet::sim::messages
