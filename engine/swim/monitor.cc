// Beating, hearing, and the lease.
#include "engine/swim/monitor.h"

#include <algorithm>

namespace rpcnet::swim {

void Monitor::watch(Instant now, const NodeId& id, bool wanted) {
  if (id == core_.self) return;
  if (wanted) {
    wanted_.insert(id);
  } else {
    wanted_.erase(id);
  }
  const auto slot = core_.table.find(id);
  if (!slot || !is_member(core_.table[*slot].status)) return;
  if (wanted) {
    pair(now, *slot).wanted = true;
  } else if (const auto found = pairs_.find(*slot); found != pairs_.end()) {
    found->second.wanted = false;
  }
}

void Monitor::on_member(Instant now, Slot slot) {
  if (wanted_.contains(core_.table[slot].id)) pair(now, slot).wanted = true;
}

void Monitor::on_gone(Slot slot) {
  pairs_.erase(slot);
  core_.timers.disarm({Wake::heartbeat, slot});
  core_.timers.disarm({Wake::phi, slot});
}

void Monitor::on_heartbeat(Instant now, Slot slot, const Heartbeat& heartbeat) {
  ++core_.counters.heartbeats_received;
  if (heartbeat.want) {
    pair(now, slot).lease = now + core_.config.watch_lease;
  }
  const auto found = pairs_.find(slot);
  if (found == pairs_.end()) return;
  Pair& peer = found->second;
  peer.heard = heartbeat.seq;
  peer.heard_at = now;
  peer.phi.observe(now);
  arm_phi(now, slot, peer);
}

void Monitor::on_beat_due(Instant now, Slot slot, Outbox& out) {
  const auto found = pairs_.find(slot);
  if (found == pairs_.end()) return;
  Pair& peer = found->second;
  const bool leased = peer.lease && now < *peer.lease;
  if (!peer.wanted && !leased) return on_gone(slot);
  const Heartbeat heartbeat{.seq = ++peer.seq,
                            .interval = core_.config.heartbeat_interval,
                            .echo = peer.heard,
                            .hold = peer.heard == 0 ? Duration::zero() : now - peer.heard_at,
                            .want = peer.wanted};
  if (courier_.to_member(now, slot, heartbeat, out) != nullptr) ++core_.counters.heartbeats_sent;
  // The first beat went out at once: it carries the wish. The next ones of many pairs that began
  // together are spread by a first gap of half to one interval, too short to count as a sample.
  Duration gap = core_.config.heartbeat_interval;
  if (peer.seq == 1)
    gap -= Duration(static_cast<std::int64_t>(
        core_.rng.below(static_cast<std::uint64_t>(gap.count() / 2 + 1))));
  core_.timers.arm({Wake::heartbeat, slot}, now + gap);
}

bool Monitor::on_phi_due(Instant now, Slot slot) const {
  return over(slot, core_.phi.probe_at_milli, now);
}

void Monitor::delay(Instant now, Duration stall) {
  for (auto& [slot, peer] : pairs_) {
    peer.phi.delay(stall);
    if (peer.lease) *peer.lease += stall;
    arm_phi(now, slot, peer);
  }
}

void Monitor::clear() {
  while (!pairs_.empty()) on_gone(pairs_.begin()->first);
}

const phi::PhiDetector* Monitor::detector(Slot slot) const {
  const auto found = pairs_.find(slot);
  return found == pairs_.end() ? nullptr : &found->second.phi;
}

bool Monitor::over(Slot slot, std::uint32_t level_milli, Instant now) const {
  const auto* phi = detector(slot);
  const auto when = phi == nullptr ? std::nullopt : phi->when(level_milli);
  return when && *when <= now;
}

Monitor::Pair& Monitor::pair(Instant now, Slot slot) {
  const auto found = pairs_.find(slot);
  if (found != pairs_.end()) return found->second;
  core_.timers.arm({Wake::heartbeat, slot}, now);
  return pairs_
      .emplace(slot, Pair{phi::PhiDetector(core_.phi, core_.config.heartbeat_interval),
                          false,
                          std::nullopt,
                          0,
                          0,
                          {}})
      .first->second;
}

void Monitor::arm_phi(Instant now, Slot slot, const Pair& pair) {
  const auto when = pair.phi.when(core_.phi.probe_at_milli);
  if (when) core_.timers.arm({Wake::phi, slot}, std::max(*when, now));
}

}  // namespace rpcnet::swim
