// What was sent and did not arrive, and what excuses that.
#include "sim/oracles/delivery.h"

#include <algorithm>

#include "engine/hash.h"
#include "sim/fault_runner.h"

namespace rpcnet::sim {
namespace {

constexpr std::size_t kSpeakers = 8;
// A sender that was short of its congestion window, or of the path's size, has made up for it.
constexpr Duration kBefore = std::chrono::seconds(3);
constexpr Duration kPatience = std::chrono::seconds(1);
// Two probe intervals at the longest.
constexpr Duration kAnswered = std::chrono::seconds(4);

}  // namespace

DeliveryOracle::DeliveryOracle(const Ground& ground)
    : Oracle(ground), speakers_(std::min(plan().members(), kSpeakers)) {}

void DeliveryOracle::on_started(HostIndex host) {
  if (host < speakers_.size()) speakers_[host] = {};
}

// What was under way to it meets a stranger, and so does all that its links are still told: a
// process that comes in its place under another name cannot end them (RFC 9000 10.3.2).
void DeliveryOracle::on_stopping(HostIndex host) {
  for (Speaker& speaker : speakers_) {
    std::erase_if(speaker.sent, [host](const Sent& sent) { return sent.to == host; });
    for (auto& [link, peer] : speaker.peers) {
      if (peer.host == host) peer.ended = true;
    }
    speaker.heard.erase(host);
  }
  if (host < speakers_.size()) speakers_[host] = {};
}

void DeliveryOracle::on_fact(HostIndex host, const Fact& fact) {
  Speaker& speaker = speakers_[host];
  if (const auto* up = std::get_if<LinkUp>(&fact)) {
    const auto peer = world().host_of(up->remote);
    if (!peer || *peer >= speakers_.size() || !world().host(*peer).running()) return;
    // Its end of the link may be that of a process that died while the handshake was under way.
    const Host& other = world().host(*peer);
    const bool alive = other.life == 1 || other.started < world().now() - kBefore;
    const auto id = up->identity ? NodeId::parse(up->identity->node) : std::nullopt;
    speaker.peers[up->link] = {*peer, alive, false, id};
  } else if (const auto* down = std::get_if<LinkDown>(&fact)) {
    speaker.peers.erase(down->link);
    std::erase_if(speaker.sent, [down](const Sent& sent) { return sent.link == down->link; });
  } else if (const auto* datagram = std::get_if<DatagramReceived>(&fact)) {
    const auto peer = speaker.peers.find(datagram->link);
    if (peer == speaker.peers.end() || peer->second.ended) return;
    auto& sent = speakers_[peer->second.host].sent;
    const std::uint64_t hash = hash_bytes(datagram->bytes);
    // The latest of several that say the same: a lost one must not pass its fate on to the next.
    const auto found = std::find_if(sent.rbegin(), sent.rend(), [&](const Sent& one) {
      return one.to == host && one.hash == hash;
    });
    // A copy, or one that came after all, has been counted.
    if (found == sent.rend()) return;
    check(true);
    peer->second.alive = true;
    speaker.heard.try_emplace(peer->second.host, world().now());
    sent.erase(std::next(found).base());
  }
}

void DeliveryOracle::on_order(HostIndex host, const Order& order) {
  Speaker& speaker = speakers_[host];
  if (const auto* datagram = std::get_if<SendDatagram>(&order)) {
    const auto peer = speaker.peers.find(datagram->link);
    if (peer == speaker.peers.end()) return;
    if (peer->second.ended) return on_former(host, peer->second);
    if (!peer->second.alive) return;
    speaker.sent.push_back(
        {datagram->link, peer->second.host, hash_bytes(datagram->bytes), world().now()});
  } else if (const auto* close = std::get_if<CloseLink>(&order)) {
    speaker.peers.erase(close->link);
    std::erase_if(speaker.sent, [close](const Sent& sent) { return sent.link == close->link; });
  }
}

// Who came back under its name, and has spoken since on a link that is up, is not spoken to on
// links of its former life. What it asked for then may still be answered.
void DeliveryOracle::on_former(HostIndex host, const Peer& peer) {
  const Speaker& speaker = speakers_[host];
  const auto heard = speaker.heard.find(peer.host);
  if (heard == speaker.heard.end() || heard->second > world().now() - kAnswered) return;
  const bool better = std::any_of(speaker.peers.begin(), speaker.peers.end(), [&](const auto& one) {
    return one.second.host == peer.host && one.second.alive && !one.second.ended;
  });
  if (better && !check(peer.id != world().host(peer.host).setup.config.id)) {
    fail(host, "speaks to " + name_of(peer.host) + " on a link of its former life");
  }
}

// Nothing excuses that the other end has given the link up: this end hears of that as soon as it
// speaks, and LinkDown takes back what it said.
bool DeliveryOracle::is_excused(HostIndex host, const Sent& sent) const {
  const Moment since = sent.at - kBefore;
  if (faults().disturbed_since(since) || faults().network_disturbed_since(since)) return true;
  if (world().paths().lost_since(host, sent.to, since)) return true;
  return faults().held_up_since(host, since) || faults().held_up_since(sent.to, since);
}

void DeliveryOracle::on_tick() {
  const Moment due = world().now() - kPatience - bounds().freed_unlost;
  for (HostIndex i = 0; i < speakers_.size(); ++i) {
    auto& sent = speakers_[i].sent;
    while (!sent.empty() && sent.front().at <= due) {
      const Sent missing = sent.front();
      sent.pop_front();
      if (!check(is_excused(i, missing))) {
        return fail(i, "sent a datagram to " + name_of(missing.to) +
                           " that never arrived, though no packet was lost");
      }
    }
  }
}

}  // namespace rpcnet::sim
