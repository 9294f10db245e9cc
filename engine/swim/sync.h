// Comparison of whole views (anti-entropy), digest first.
//
// One stream of a gossip link, opened by whoever asks:
//
//   asker    SyncOpen with the fingerprint of its view, and its own state
//   other    SyncVerdict: the same view, and that is all; or not, and its own state
//   asker    SyncDigest ...  what it holds of whom, in NodeId order, in pieces
//   other    for each piece: Gossip with the states that the asker lacks, SyncWants for those that
//            it lacks itself; after the last piece SyncEnd
//   asker    Gossip with the wanted states, and ends the stream
//
// memberlist sends both whole views each time. Here equal views cost one round trip and some fifty
// bytes, whatever their size, and unequal ones a digest and the difference. The states themselves
// are ordinary updates and are applied as such before this sees the message.
//
// A stream that begins with SyncWants asks for these states alone, and is answered with them and
// SyncEnd (fetch.h).
//
// All this is limited in number and in bytes (SwimConfig::sync_bytes_per_s): who asks for more is
// turned away, and asks again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/swim/core.h"
#include "engine/swim/courier.h"

namespace rpcnet::swim {

using StreamKey = std::pair<LinkId, StreamId>;

// How a comparison that was begun here went.
struct SyncResult {
  Peer peer;
  bool completed = false;
  std::string detail;    // why not
  bool refused = false;  // LinkDown::is_refusal
};

class Sync {
 public:
  Sync(Core& core, Courier& courier) : core_(core), courier_(courier) {}

  // Compares with this peer as soon as it is reached. `urgent`: whatever else is running (seeds).
  // False: not begun, since the peer cannot be reached now or too many are running.
  bool begin(Instant now, const Peer& peer, bool urgent, Outbox& out);

  // Asks this member for the states of these.
  void fetch(Instant now, const Peer& peer, std::vector<NodeId> ids, Outbox& out);

  bool running(const Peer& peer) const;
  bool asks(const StreamKey& key) const { return by_stream_.contains(key); }

  // The link is up, or may open more streams.
  void on_link_ready(Instant now, Link& link, Outbox& out);
  void on_link_down(LinkId link, const std::string& detail, bool refused);

  // False: against the rules of the exchange.
  bool on_message(Instant now, const StreamKey& key, const Body& body, Outbox& out);

  // The peer ended or abandoned the stream.
  void on_end(const StreamKey& key, bool abandoned, Outbox& out);

  void on_timeout(std::uint64_t number, Outbox& out);

  // All that run get the time back that this process was stopped for.
  void extend(Instant now);

  void clear();
  std::vector<SyncResult> take_results() { return std::exchange(results_, {}); }

 private:
  struct Session {
    Peer peer;  // asker: who is asked
    LinkId link;
    std::optional<StreamId> stream;  // absent while the link is being reached
    bool asker = false;
    SyncWants wants;  // not empty: a fetch
    bool differs = false;
    bool done = false;               // other: SyncEnd was sent
    std::optional<NodeId> compared;  // other: the last id of the digest so far
  };

  using Position = std::map<std::uint64_t, Session>::iterator;

  bool take(Instant now, const StreamKey& key, const Body& body, Outbox& out);
  bool serve_wants(Instant now, const StreamKey& key, const SyncWants& wants, Outbox& out);
  bool refuse_if_busy(Instant now, const StreamKey& key, Outbox& out);
  void refuse(const StreamKey& key, Outbox& out);
  bool spent(Instant now) const;
  void spend(Instant now, std::uint64_t bytes);
  void open(Instant now, std::uint64_t number, Session& session, Link& link, Outbox& out);
  bool serve(Instant now, const StreamKey& key, const SyncOpen& open, Outbox& out);
  void send_digest(const Session& session, Outbox& out);
  bool compare(Session& session, const SyncDigest& digest, Outbox& out);
  void give(const Session& session, const SyncWants& wants, Outbox& out);
  void finish(Position position, bool completed, std::string detail, bool refused = false);
  Position find(const StreamKey& key);
  void touch(Instant now, std::uint64_t number);

  Core& core_;
  Courier& courier_;
  std::map<std::uint64_t, Session> sessions_;
  std::map<StreamKey, std::uint64_t> by_stream_;
  std::uint64_t next_ = 0;
  std::size_t asking_ = 0;              // comparisons
  std::size_t fetching_ = 0;            // fetches
  Instant paid_until_{Instant::min()};  // what was sent is paid for by then, at the allowed rate
  std::vector<SyncResult> results_;
};

}  // namespace rpcnet::swim
