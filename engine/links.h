// The links of one protocol: which exist, whom they reach, when to dial and when to wait.
//
// Both machines above, swim and rpc, own one Links each and reach peers through it. Links knows
// nothing of what travels on them.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "engine/command.h"
#include "engine/config.h"
#include "engine/output.h"
#include "engine/rng.h"
#include "engine/transport.h"

namespace rpcnet {

struct Link {
  LinkId id;
  bool up = false;                 // false: the handshake is still under way
  Address remote;
  std::optional<NodeId> expected;  // what the dial demanded
  std::optional<NodeId> node;      // who speaks on it, once it has said so (gossip)
  std::optional<PeerIdentity> identity;
  std::uint32_t datagram_max = 0;
  std::uint64_t streams_opened = 0;
  std::uint64_t streams_allowed = 0;
  std::deque<Bytes> waiting;  // datagrams for when it is up

  bool may_open_stream() const { return up && streams_opened < streams_allowed; }
};

class Links {
 public:
  // Dialled links are numbered first, first + step, ...; both even, so that several machines in
  // one process draw from disjoint numbers.
  Links(Protocol protocol, const LinksConfig& config, Rng rng, std::uint64_t first,
        std::uint64_t step);

  // The link to use for `peer`: one that is up, else one being dialled, else a new dial (Connect
  // goes to `out`). nullptr: the peer is being left alone after failed dials, or links_max is
  // reached. Only a link whose peer is known to be peer.expected is used when that is given.
  Link* reach(Instant now, const Peer& peer, Outbox& out);

  Link* find(LinkId id);
  const Link* find(LinkId id) const;

  // Facts. on_up returns the link, or nullptr when it was refused for links_max (and closed).
  Link* on_up(Instant now, const LinkUp& fact, Outbox& out);
  void on_down(Instant now, const LinkDown& fact);
  void on_datagram_limit(const DatagramLimit& fact);
  void on_streams_allowed(const StreamsAllowed& fact);

  // Says who speaks on the link, so that reach() finds accepted links too.
  void bind(Link& link, const NodeId& node);

  // Sends now, or when the link is up (bounded, oldest dropped). False: too large for the path.
  bool send_datagram(Link& link, Bytes bytes, Outbox& out);

  // The number of the next stream opened by this side. The link must be able to (may_open_stream).
  StreamId open_stream(Link& link);

  // Ends the link by our own decision; it is forgotten at once.
  void close(LinkId id, CloseCode code, std::string reason, Outbox& out);

  std::size_t size() const { return links_.size(); }
  std::uint64_t datagrams_dropped() const { return datagrams_dropped_; }

 private:
  struct Backoff {
    Duration delay{};
    Instant until{};
  };

  void forget(std::map<LinkId, Link>::iterator position);
  void remember_failure(Instant now, const Address& address);

  Protocol protocol_;
  LinksConfig config_;
  Rng rng_;
  std::uint64_t next_;
  std::uint64_t step_;
  std::map<LinkId, Link> links_;
  std::multimap<Address, LinkId> by_address_;  // dialled links
  std::multimap<NodeId, LinkId> by_node_;      // links whose peer has said who it is
  std::map<Address, Backoff> backoffs_;
  std::uint64_t datagrams_dropped_ = 0;
};

}  // namespace rpcnet
