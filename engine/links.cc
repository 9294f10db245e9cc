// Dialling, reuse and backoff.
#include "engine/links.h"

#include <algorithm>
#include <utility>

#include "engine/assert.h"

namespace rpcnet {
namespace {

// Backoffs are kept for addresses that fail. A peer list that changes for years must not grow it.
constexpr std::size_t kBackoffsMax = 4096;

// FNV-1a: short keys, and KeyIndex mixes.
class Fold {
 public:
  template <typename Octets>
  Fold& add(const Octets& octets) {
    for (const auto octet : octets) step(static_cast<std::uint8_t>(octet));
    return *this;
  }
  Fold& step(std::uint8_t octet) {
    hash_ = (hash_ ^ octet) * 0x100000001b3;
    return *this;
  }
  LinkGroup group() const { return {hash_}; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

LinkGroup group_of(const Address& address) {
  const auto port = static_cast<unsigned>(address.port);
  return Fold()
      .add(address.ip)
      .step(static_cast<std::uint8_t>(port >> 8))
      .step(static_cast<std::uint8_t>(port & 0xff))
      .group();
}

LinkGroup group_of(const NodeId& node) { return Fold().add(node.text()).group(); }

}  // namespace

Links::Links(Protocol protocol, const LinksConfig& config, Rng rng, std::uint64_t first,
             std::uint64_t step)
    : protocol_(protocol), config_(config), rng_(rng), next_(first), step_(step) {
  ENGINE_ASSERT(first % 2 == 0 && step % 2 == 0 && step > 0);
}

Link* Links::reach(Instant now, const Peer& peer, Outbox& out) {
  Link* dialling = nullptr;
  Link* full = nullptr;
  std::size_t known = 0;
  const auto consider = [&](Link& link) -> Link* {
    ++known;
    if (link.up && (link.may_open_stream() || config_.per_peer_max <= 1)) return &link;
    Link*& first = link.up ? full : dialling;
    if (first == nullptr) first = &link;
    return nullptr;
  };
  if (peer.expected) {
    // The latest first: a peer that dials again has given its earlier link up, and that word of it
    // may have been lost.
    const std::uint32_t first = by_node_.first.find(group_of(*peer.expected));
    std::uint32_t at = first == kNone ? kNone : places_[first]->by_node.previous;
    for (; at != kNone; at = at == first ? kNone : places_[at]->by_node.previous) {
      Link& link = places_[at]->link;
      if (link.node != peer.expected) continue;
      // The node may have moved: a link to its old address would only tell us so much later.
      if (link.id.dialled() && link.remote != peer.address) continue;
      if (Link* up = consider(link)) return up;
    }
  }
  for (std::uint32_t at = by_address_.first.find(group_of(peer.address)); at != kNone;
       at = places_[at]->by_address.next) {
    Link& link = places_[at]->link;
    if (link.remote != peer.address || link.expected != peer.expected) continue;
    if (Link* up = consider(link)) return up;
  }
  if (full != nullptr) {
    if (dialling == nullptr && known < config_.per_peer_max) dial(now, peer, out);
    return full;
  }
  return dialling != nullptr ? dialling : dial(now, peer, out);
}

Link* Links::dial(Instant now, const Peer& peer, Outbox& out) {
  const auto backoff = backoffs_.find(peer.address);
  if (backoff != backoffs_.end() && now < backoff->second.until) return nullptr;
  if (size() >= config_.links_max) return nullptr;

  const LinkId id{next_};
  next_ += step_;
  Link& link = add(id);
  link.remote = peer.address;
  link.expected = peer.expected;
  chain(by_address_, group_of(peer.address), by_id_.find(id));
  out.push(Connect{.link = id,
                   .protocol = protocol_,
                   .remote = peer.address,
                   .expected = peer.expected,
                   .handshake_timeout = config_.handshake_timeout,
                   .silence_max = config_.silence_max});
  return &link;
}

std::vector<LinkId> Links::dialled_for(const Peer& peer) const {
  std::vector<LinkId> found;
  for (std::uint32_t at = by_address_.first.find(group_of(peer.address)); at != kNone;
       at = places_[at]->by_address.next) {
    const Link& link = places_[at]->link;
    if (link.remote == peer.address && link.expected == peer.expected) found.push_back(link.id);
  }
  return found;
}

Instant Links::retry_at(Instant now, const Address& address) const {
  const auto backoff = backoffs_.find(address);
  if (backoff != backoffs_.end() && backoff->second.until > now) return backoff->second.until;
  // links_max is reached, which is not over at once.
  return now + std::max<Duration>(config_.backoff_max, std::chrono::microseconds(1));
}

Link* Links::find(LinkId id) {
  const std::uint32_t at = by_id_.find(id);
  return at == kNone ? nullptr : &places_[at]->link;
}

const Link* Links::find(LinkId id) const {
  const std::uint32_t at = by_id_.find(id);
  return at == kNone ? nullptr : &places_[at]->link;
}

Link* Links::on_up(Instant, const LinkUp& fact, Outbox& out) {
  Link* link = find(fact.link);
  if (link == nullptr) {
    if (fact.link.dialled()) return nullptr;  // closed by us while its handshake was finishing
    if (size() >= config_.links_max) {
      out.push(CloseLink{fact.link, CloseCode::overloaded, "links_max is reached"});
      return nullptr;
    }
    link = &add(fact.link);
    link->remote = fact.remote;
  } else {
    backoffs_.erase(link->remote);
  }
  link->up = true;
  link->identity = fact.identity;
  link->datagram_max = fact.datagram_max;
  link->streams_allowed = fact.streams_allowed;
  for (Bytes& bytes : std::exchange(link->waiting, {})) {
    send_datagram(*link, std::move(bytes), out);
  }
  return link;
}

void Links::on_down(Instant now, const LinkDown& fact) {
  const std::uint32_t at = by_id_.find(fact.link);
  if (at == kNone) return;
  // A link that worked says nothing against dialling again at once; a failed dial does.
  if (!places_[at]->link.up) remember_failure(now, places_[at]->link.remote);
  forget(at);
}

void Links::on_datagram_limit(const DatagramLimit& fact) {
  if (Link* link = find(fact.link)) link->datagram_max = fact.datagram_max;
}

void Links::on_streams_allowed(const StreamsAllowed& fact) {
  Link* link = find(fact.link);
  if (link != nullptr) link->streams_allowed = std::max(link->streams_allowed, fact.total);
}

void Links::bind(Link& link, const NodeId& node) {
  if (link.node == node) return;
  const std::uint32_t at = by_id_.find(link.id);
  if (link.node) unchain(by_node_, group_of(*link.node), at);
  link.node = node;
  chain(by_node_, group_of(node), at);
}

bool Links::send_datagram(Link& link, Bytes bytes, Outbox& out) {
  if (!link.up) {
    if (link.waiting.size() >= config_.datagrams_waiting_max) {
      link.waiting.erase(link.waiting.begin());
      ++datagrams_dropped_;
    }
    link.waiting.push_back(std::move(bytes));
    return true;
  }
  if (bytes.size() > link.datagram_max) {
    ++datagrams_dropped_;
    return false;
  }
  out.push(SendDatagram{link.id, std::move(bytes)});
  return true;
}

StreamId Links::open_stream(Link& link) {
  ENGINE_ASSERT(link.may_open_stream());
  // RFC 9000 2.1: bidirectional streams, 4n from the client, 4n + 1 from the server.
  const std::uint64_t number = link.streams_opened++;
  return StreamId{number * 4 + (link.id.dialled() ? 0 : 1)};
}

void Links::close(LinkId id, CloseCode code, std::string reason, Outbox& out) {
  const std::uint32_t at = by_id_.find(id);
  if (at == kNone) return;
  out.push(CloseLink{id, code, std::move(reason)});
  forget(at);
}

Link& Links::add(LinkId id) {
  std::uint32_t at = static_cast<std::uint32_t>(places_.size());
  if (free_.empty()) {
    places_.push_back(std::make_unique<Place>());
  } else {
    at = free_.back();
    free_.pop_back();
    places_[at]->link = {};
  }
  by_id_.set(id, at);
  places_[at]->link.id = id;
  return places_[at]->link;
}

void Links::chain(Chains& chains, LinkGroup group, std::uint32_t at) {
  const auto neighbours = [&](std::uint32_t place) -> Neighbours& {
    return (*places_[place]).*chains.neighbours;
  };
  const std::uint32_t first = chains.first.find(group);
  if (first == kNone) {
    neighbours(at) = {.next = kNone, .previous = at};
    chains.first.set(group, at);
    return;
  }
  const std::uint32_t last = std::exchange(neighbours(first).previous, at);
  neighbours(last).next = at;
  neighbours(at) = {.next = kNone, .previous = last};
}

void Links::unchain(Chains& chains, LinkGroup group, std::uint32_t at) {
  const auto neighbours = [&](std::uint32_t place) -> Neighbours& {
    return (*places_[place]).*chains.neighbours;
  };
  const auto [next, previous] = neighbours(at);
  const std::uint32_t first = chains.first.find(group);
  if (at != first) {
    neighbours(previous).next = next;
    neighbours(next != kNone ? next : first).previous = previous;
  } else if (next != kNone) {
    chains.first.set(group, next);
    neighbours(next).previous = previous;
  } else {
    chains.first.erase(group);
  }
}

void Links::forget(std::uint32_t at) {
  Link& link = places_[at]->link;
  if (link.id.dialled()) unchain(by_address_, group_of(link.remote), at);
  if (link.node) unchain(by_node_, group_of(*link.node), at);
  by_id_.erase(link.id);
  link.waiting = {};
  free_.push_back(at);
}

void Links::remember_failure(Instant now, const Address& address) {
  if (backoffs_.size() >= kBackoffsMax && !backoffs_.contains(address)) {
    std::erase_if(backoffs_, [now](const auto& entry) { return entry.second.until <= now; });
    if (backoffs_.size() >= kBackoffsMax) backoffs_.erase(backoffs_.begin());
  }
  Backoff& backoff = backoffs_[address];
  backoff.delay = std::clamp(backoff.delay * 2, config_.backoff_min, config_.backoff_max);
  // Full jitter on the upper half: peers that lost the same server must not return in step.
  const auto half = static_cast<std::uint64_t>((backoff.delay / 2).count());
  const Duration jitter(static_cast<Duration::rep>(rng_.below(half + 1)));
  backoff.until = now + backoff.delay / 2 + jitter;
}

}  // namespace rpcnet
