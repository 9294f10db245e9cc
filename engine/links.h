// The links of one protocol: which exist, whom they reach, when to dial and when to wait.
//
// Both machines above, swim and rpc, own one Links each and reach peers through it. Links knows
// nothing of what travels on them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "engine/command.h"
#include "engine/config.h"
#include "engine/key_index.h"
#include "engine/output.h"
#include "engine/rng.h"
#include "engine/transport.h"

namespace rpcnet {

// What every message looks at comes first, in one cache line.
struct Link {
  LinkId id;
  bool up = false;  // false: the handshake is still under way
  std::uint32_t datagram_max = 0;
  std::optional<NodeId> node;  // who speaks on it, once it has said so (gossip)
  Address remote;
  std::optional<NodeId> expected;  // what the dial demanded
  std::optional<PeerIdentity> identity;
  std::uint64_t streams_opened = 0;
  std::uint64_t streams_allowed = 0;
  std::vector<Bytes> waiting;  // datagrams for when it is up

  bool may_open_stream() const { return up && streams_opened < streams_allowed; }
};

// Says that links may belong together: a hash of an address or of a node's name.
struct LinkGroup {
  std::uint64_t hash = 0;
  friend bool operator==(const LinkGroup&, const LinkGroup&) = default;
};

constexpr std::uint64_t hash_bits(LinkGroup group) { return group.hash; }

class Links {
 public:
  // Dialled links are numbered first, first + step, ...; both even, so that several machines in
  // one process draw from disjoint numbers.
  Links(Protocol protocol, const LinksConfig& config, Rng rng, std::uint64_t first,
        std::uint64_t step);

  // The link to use for `peer`: one that is up, the oldest with a stream to spare first, else one
  // being dialled, else a new dial (Connect goes to `out`). nullptr: the peer is being left alone
  // after failed dials, or links_max is reached. Only a link whose peer is known to be
  // peer.expected is used when that is given. When no link has a stream to spare another one is
  // dialled beside them, up to LinksConfig::per_peer_max.
  Link* reach(Instant now, const Peer& peer, Outbox& out);

  // The links that were dialled for this very peer, oldest first.
  std::vector<LinkId> dialled_for(const Peer& peer) const;

  // When reach() may have a better answer than nullptr for this address; later than `now`.
  Instant retry_at(Instant now, const Address& address) const;

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

  const LinksConfig& config() const { return config_; }
  std::size_t size() const { return by_id_.size(); }
  std::uint64_t datagrams_dropped() const { return datagrams_dropped_; }

 private:
  struct Backoff {
    Duration delay{};
    Instant until{};
  };

  // Links that have something in common, an address or a node, in the order in which they came.
  // A chain is found by a hash of what they have in common: it may hold others, to be passed over.
  // Before its first stands its last.
  struct Neighbours {
    std::uint32_t next = kNone;
    std::uint32_t previous = kNone;
  };
  struct Place {
    Link link;
    Neighbours by_address;  // dialled links
    Neighbours by_node;     // links whose peer has said who it is
  };
  struct Chains {
    Neighbours Place::* neighbours;
    KeyIndex<LinkGroup> first;
  };

  static constexpr std::uint32_t kNone = KeyIndex<LinkId>::kNone;

  Link& add(LinkId id);
  Link* dial(Instant now, const Peer& peer, Outbox& out);
  void chain(Chains& chains, LinkGroup group, std::uint32_t at);
  void unchain(Chains& chains, LinkGroup group, std::uint32_t at);
  void forget(std::uint32_t at);
  void remember_failure(Instant now, const Address& address);

  Protocol protocol_;
  LinksConfig config_;
  Rng rng_;
  std::uint64_t next_;
  std::uint64_t step_;
  KeyIndex<LinkId> by_id_;
  std::vector<std::unique_ptr<Place>> places_;  // a Link stays where it is
  std::vector<std::uint32_t> free_;
  Chains by_address_{&Place::by_address, {}};
  Chains by_node_{&Place::by_node, {}};
  std::map<Address, Backoff> backoffs_;
  std::uint64_t datagrams_dropped_ = 0;
};

}  // namespace rpcnet
