// Pinging the dead and the forgotten.
#include "engine/swim/reunion.h"

#include <algorithm>

namespace rpcnet::swim {
namespace {

// Of a half that is lost each node needs to find but one; the oldest gives way.
constexpr std::size_t kRememberedMax = 64;

// Of so many turns one is for those whose tombstone is gone: most of them are gone for good.
constexpr std::uint64_t kTurns = 8;

}  // namespace

void Reunion::on_due(Instant now, Outbox& out) {
  core_.timers.arm({Wake::heal, 0}, now + core_.jittered(core_.config.heal_interval));
  if (++turns_ % kTurns == 0 && !remembered_.empty()) {
    const Peer peer = remembered_[core_.rng.below(remembered_.size())];
    const Ping ping{++core_.seq, core_.config.probe_interval, *peer.expected};
    courier_.to_peer(now, peer, std::nullopt, ping, out);
    return;
  }
  const auto slot = core_.table.random_dead(core_.rng);
  if (!slot) return;
  const Ping ping{++core_.seq, core_.config.probe_interval, core_.table[*slot].id};
  courier_.to_member(now, *slot, ping, out);
}

void Reunion::remember(const Peer& peer) {
  if (peer.address == core_.advertise) return;  // we live there now
  if (remembered_.size() >= kRememberedMax) remembered_.pop_front();
  remembered_.push_back(peer);
}

bool Reunion::forget(const NodeId& id) {
  return std::erase_if(remembered_, [&](const Peer& peer) { return peer.expected == id; }) > 0;
}

}  // namespace rpcnet::swim
