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
// So many of one sender, unexcused, are no chance.
constexpr std::uint64_t kMissing = 3;

}  // namespace

DeliveryOracle::DeliveryOracle(const Ground& ground)
    : Oracle(ground), speakers_(std::min(plan().members(), kSpeakers)) {}

void DeliveryOracle::on_started(HostIndex host) {
  if (host < speakers_.size()) speakers_[host] = {};
}

// What was under way to it meets a stranger.
void DeliveryOracle::on_stopping(HostIndex host) {
  for (Speaker& speaker : speakers_) {
    std::erase_if(speaker.sent, [host](const Sent& sent) { return sent.to == host; });
  }
  if (host < speakers_.size()) speakers_[host] = {};
}

void DeliveryOracle::on_fact(HostIndex host, const Fact& fact) {
  if (host >= speakers_.size()) return;
  Speaker& speaker = speakers_[host];
  if (const auto* up = std::get_if<LinkUp>(&fact)) {
    const auto peer = world().host_of(up->remote);
    if (peer && *peer < speakers_.size()) speaker.peers[up->link] = *peer;
  } else if (const auto* down = std::get_if<LinkDown>(&fact)) {
    if (const auto peer = speaker.peers.find(down->link); peer != speaker.peers.end()) {
      speaker.ended[peer->second] = world().now();
    }
    speaker.peers.erase(down->link);
    std::erase_if(speaker.sent, [down](const Sent& sent) { return sent.link == down->link; });
  } else if (const auto* datagram = std::get_if<DatagramReceived>(&fact)) {
    const auto peer = speaker.peers.find(datagram->link);
    if (peer == speaker.peers.end()) return;
    auto& sent = speakers_[peer->second].sent;
    const std::uint64_t hash = hash_bytes(datagram->bytes);
    // The latest of several that say the same: a lost one must not pass its fate on to the next.
    const auto found = std::find_if(sent.rbegin(), sent.rend(), [&](const Sent& one) {
      return one.to == host && one.hash == hash;
    });
    // A copy, or one that came after all, has been counted.
    if (found == sent.rend()) return;
    check(true);
    sent.erase(std::next(found).base());
  }
}

void DeliveryOracle::on_order(HostIndex host, const Order& order) {
  if (host >= speakers_.size()) return;
  Speaker& speaker = speakers_[host];
  if (const auto* datagram = std::get_if<SendDatagram>(&order)) {
    const auto peer = speaker.peers.find(datagram->link);
    if (peer == speaker.peers.end()) return;
    speaker.sent.push_back(
        {datagram->link, peer->second, hash_bytes(datagram->bytes), world().now()});
  } else if (const auto* close = std::get_if<CloseLink>(&order)) {
    speaker.peers.erase(close->link);
    std::erase_if(speaker.sent, [close](const Sent& sent) { return sent.link == close->link; });
  }
}

// The other end may have given the link up, which this end hears of when it speaks next: then what
// was said on it is lost, and so is what was said before that is known.
bool DeliveryOracle::is_excused(HostIndex host, const Sent& sent) const {
  const Moment since = sent.at - kBefore;
  if (faults().disturbed_since(since) || faults().network_disturbed_since(since)) return true;
  if (world().paths().lost_since(host, sent.to, since)) return true;
  if (faults().held_up_since(host, since) || faults().held_up_since(sent.to, since)) return true;
  const Host& peer = world().host(sent.to);
  if (!peer.running() || peer.started >= since) return true;
  const auto& ended = speakers_[sent.to].ended;
  const auto end = ended.find(host);
  return end != ended.end() && end->second >= since;
}

void DeliveryOracle::on_tick() {
  const Moment due = world().now() - kPatience - bounds().freed_unlost;
  for (HostIndex i = 0; i < speakers_.size(); ++i) {
    auto& sent = speakers_[i].sent;
    while (!sent.empty() && sent.front().at <= due) {
      const Sent missing = sent.front();
      sent.pop_front();
      // One alone may have been thrown away by an endpoint that gave its link up; many may not.
      const bool excused = is_excused(i, missing) || ++speakers_[i].missing < kMissing;
      if (!check(excused)) {
        return fail(i, "sent a datagram to " + name_of(missing.to) +
                           " that never arrived, though no packet was lost");
      }
    }
  }
}

}  // namespace rpcnet::sim
