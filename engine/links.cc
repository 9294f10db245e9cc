// Dialling, reuse and backoff.
#include "engine/links.h"

#include <algorithm>
#include <utility>

#include "engine/assert.h"

namespace rpcnet {
namespace {

// Backoffs are kept for addresses that fail. A peer list that changes for years must not grow it.
constexpr std::size_t kBackoffsMax = 4096;

template <typename Key>
void erase_pair(std::multimap<Key, LinkId>& index, const Key& key, LinkId id) {
  const auto [begin, end] = index.equal_range(key);
  const auto found = std::find_if(begin, end, [id](const auto& pair) { return pair.second == id; });
  if (found != end) index.erase(found);
}

}  // namespace

Links::Links(Protocol protocol, const LinksConfig& config, Rng rng, std::uint64_t first,
             std::uint64_t step)
    : protocol_(protocol), config_(config), rng_(rng), next_(first), step_(step) {
  ENGINE_ASSERT(first % 2 == 0 && step % 2 == 0 && step > 0);
}

Link* Links::reach(Instant now, const Peer& peer, Outbox& out) {
  Link* dialling = nullptr;
  const auto consider = [&](LinkId id) -> Link* {
    Link& link = links_.at(id);
    if (link.up) return &link;
    if (dialling == nullptr) dialling = &link;
    return nullptr;
  };
  if (peer.expected) {
    const auto [begin, end] = by_node_.equal_range(*peer.expected);
    for (auto it = begin; it != end; ++it) {
      // The node may have moved: a link to its old address would only tell us so much later.
      Link& link = links_.at(it->second);
      if (link.id.dialled() && link.remote != peer.address) continue;
      if (Link* up = consider(it->second)) return up;
    }
  }
  const auto [begin, end] = by_address_.equal_range(peer.address);
  for (auto it = begin; it != end; ++it) {
    const Link& link = links_.at(it->second);
    if (link.expected != peer.expected) continue;
    if (Link* up = consider(it->second)) return up;
  }
  if (dialling != nullptr) return dialling;

  const auto backoff = backoffs_.find(peer.address);
  if (backoff != backoffs_.end() && now < backoff->second.until) return nullptr;
  if (links_.size() >= config_.links_max) return nullptr;

  const LinkId id{next_};
  next_ += step_;
  Link link;
  link.id = id;
  link.remote = peer.address;
  link.expected = peer.expected;
  by_address_.emplace(peer.address, id);
  out.push(Connect{.link = id,
                   .protocol = protocol_,
                   .remote = peer.address,
                   .expected = peer.expected,
                   .handshake_timeout = config_.handshake_timeout,
                   .silence_max = config_.silence_max});
  return &links_.emplace(id, std::move(link)).first->second;
}

Link* Links::find(LinkId id) {
  const auto found = links_.find(id);
  return found == links_.end() ? nullptr : &found->second;
}

const Link* Links::find(LinkId id) const {
  const auto found = links_.find(id);
  return found == links_.end() ? nullptr : &found->second;
}

Link* Links::on_up(Instant, const LinkUp& fact, Outbox& out) {
  Link* link = find(fact.link);
  if (link == nullptr) {
    if (fact.link.dialled()) return nullptr;  // closed by us while its handshake was finishing
    if (links_.size() >= config_.links_max) {
      out.push(CloseLink{fact.link, CloseCode::overloaded, "links_max is reached"});
      return nullptr;
    }
    Link accepted;
    accepted.id = fact.link;
    accepted.remote = fact.remote;
    link = &links_.emplace(fact.link, std::move(accepted)).first->second;
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
  const auto found = links_.find(fact.link);
  if (found == links_.end()) return;
  // A link that worked says nothing against dialling again at once; a failed dial does.
  if (!found->second.up) remember_failure(now, found->second.remote);
  forget(found);
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
  if (link.node) erase_pair(by_node_, *link.node, link.id);
  link.node = node;
  by_node_.emplace(node, link.id);
}

bool Links::send_datagram(Link& link, Bytes bytes, Outbox& out) {
  if (!link.up) {
    if (link.waiting.size() >= config_.datagrams_waiting_max) {
      link.waiting.pop_front();
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
  const auto found = links_.find(id);
  if (found == links_.end()) return;
  out.push(CloseLink{id, code, std::move(reason)});
  forget(found);
}

void Links::forget(std::map<LinkId, Link>::iterator position) {
  const Link& link = position->second;
  if (link.id.dialled()) erase_pair(by_address_, link.remote, link.id);
  if (link.node) erase_pair(by_node_, *link.node, link.id);
  links_.erase(position);
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
