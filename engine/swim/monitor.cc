// Beating, hearing, being answered, and the lease.
#include "engine/swim/monitor.h"

#include <algorithm>
#include <utility>

namespace rpcnet::swim {

Monitor::Monitor(Core& core, Courier& courier)
    : core_(core), courier_(courier), rings_(core.config, core.table) {}

void Monitor::watch(Instant now, const NodeId& id, bool wanted) {
  if (id == core_.self) return;
  if (wanted) {
    watched_.insert(id);
  } else {
    watched_.erase(id);
  }
  const auto slot = core_.table.find(id);
  if (!slot || !is_member(core_.table[*slot].status)) return;
  if (!wanted && !pairs_.contains(*slot)) return;
  Pair& peer = pair(now, *slot);
  peer.watched = wanted;
  set_pace(now, *slot, peer);
}

void Monitor::on_member(Instant now, Slot slot) {
  // Not at once: while a cluster starts, neighbours change with each member that is met.
  const Reason reason{Wake::rings, 0};
  if (rings_.add(slot) && !core_.timers.deadline(reason)) {
    core_.timers.arm(reason, now + core_.jittered(core_.config.ring_interval));
  }
  if (!watched_.contains(core_.table[slot].id)) return;
  Pair& peer = pair(now, slot);
  peer.watched = true;
  set_pace(now, slot, peer);
}

void Monitor::on_gone(Instant now, Slot slot) {
  drop(slot);
  const Reason reason{Wake::rings, 0};
  if (rings_.remove(slot)) core_.timers.arm(reason, now);
}

void Monitor::on_rings_due(Instant now) {
  const auto wanted = rings_.neighbours();
  for (auto& [slot, peer] : pairs_) {
    if (!peer.neighbour || std::binary_search(wanted.begin(), wanted.end(), slot)) continue;
    peer.neighbour = false;
    set_pace(now, slot, peer);
  }
  for (const Slot slot : wanted) {
    Pair& peer = pair(now, slot);
    if (peer.neighbour) continue;
    peer.neighbour = true;
    set_pace(now, slot, peer);
  }
}

void Monitor::on_heard(Instant now, Slot slot) {
  const auto found = pairs_.find(slot);
  if (found != pairs_.end()) found->second.heard.hear(now);
}

void Monitor::on_answered(Instant now, Slot slot) {
  const auto found = pairs_.find(slot);
  if (found != pairs_.end()) found->second.answered.hear(now);
}

void Monitor::on_heartbeat(Instant now, Slot slot, const Heartbeat& heartbeat, Outbox& out) {
  ++core_.counters.heartbeats_received;
  // Whoever wants to hear us will also be heard.
  if (!heartbeat.want && !pairs_.contains(slot)) return;
  Pair& peer = pair(now, slot);
  const Duration quickest = std::min(core_.config.ring_interval, core_.config.heartbeat_interval);
  const Duration promised = std::clamp(heartbeat.interval, quickest, core_.config.watch_lease / 2);
  if (promised != peer.promised) {
    // Another rhythm: what was learned of the former one is of no use.
    peer.promised = promised;
    peer.heard = phi::PhiDetector(core_.phi, promised);
    peer.answered = phi::PhiDetector(core_.phi, promised);
    peer.answered.hear(now);
  }
  if (heartbeat.want) {
    peer.lease = now + core_.config.watch_lease;
    peer.leased = promised;
  }
  set_pace(now, slot, peer);
  // Its numbers begin again: another process, which has yet to hear of us.
  if (heartbeat.seq <= peer.last_seq) peer.answered.hear(now);
  peer.last_seq = heartbeat.seq;
  peer.last_at = now;
  peer.late = std::min(heartbeat.late, core_.config.probe_timeout);
  peer.local_health = heartbeat.local_health;
  peer.heard.observe(now);
  take_echo(now, slot, peer, heartbeat);
  arm_phi(now, slot, peer);
  // Ours is answered by theirs, theirs by ours: whoever is later follows the other's beat. The
  // acknowledgement of the one rides in the packet of the other, and of three packets two do.
  const Instant latest = peer.sent[peer.seq % peer.sent.size()].second;
  if (!peer.begun || now - latest < peer.interval / 2) return;
  beat(now, slot, peer, out);
  // Late enough to be overtaken by the other's next; in time, should that be lost.
  core_.timers.arm({Wake::heartbeat, slot}, now + peer.interval * 9 / 8);
}

void Monitor::take_echo(Instant now, Slot slot, Pair& peer, const Heartbeat& heartbeat) {
  // An echo of what was never said, or again of the same.
  if (heartbeat.echo <= peer.echoed || heartbeat.echo > peer.seq) return;
  peer.echoed = heartbeat.echo;
  peer.answered.observe(now);
  const auto sent = std::find_if(peer.sent.begin(), peer.sent.end(),
                                 [&](const auto& one) { return one.first == heartbeat.echo; });
  if (sent == peer.sent.end()) return;
  core_.trips.sample(slot, now - sent->second - heartbeat.hold);
  core_.network.prove(now, sent->second, slot);
  // Probes are rare where heartbeats do their work; so are the successes that better our health.
  if (relief_ && now - *relief_ < core_.config.probe_interval) return;
  relief_ = now;
  core_.health.improve();
}

void Monitor::on_beat_due(Instant now, Slot slot, Outbox& out) {
  const auto found = pairs_.find(slot);
  if (found == pairs_.end()) return;
  Pair& peer = found->second;
  const bool wanted = peer.watched || peer.neighbour;
  const bool leased = peer.lease && now < *peer.lease;
  if (!wanted && !leased) return drop(slot);
  set_pace(now, slot, peer);
  beat(now, slot, peer, out);
  // The first beat went out at once: it carries the wish. The next ones of many pairs that began
  // together are spread by a first gap of half to one interval, too short to count as a sample.
  Duration gap = peer.interval;
  if (!std::exchange(peer.begun, true)) {
    gap -= Duration(static_cast<std::int64_t>(
        core_.rng.below(static_cast<std::uint64_t>(gap.count() / 2 + 1))));
  }
  core_.timers.arm({Wake::heartbeat, slot}, now + gap);
}

void Monitor::beat(Instant now, Slot slot, Pair& peer, Outbox& out) {
  const Heartbeat heartbeat{
      .seq = ++peer.seq,
      .interval = peer.interval,
      .echo = peer.last_seq,
      .hold = peer.last_seq == 0 ? Duration::zero() : now - peer.last_at,
      .want = peer.watched || peer.neighbour,
      .local_health = core_.health.score(),
      .late = late_,
  };
  beats_ = std::max(beats_, peer.seq);
  late_ /= 2;
  peer.sent[peer.seq % peer.sent.size()] = {peer.seq, now};
  if (courier_.to_member(now, slot, heartbeat, out) != nullptr) ++core_.counters.heartbeats_sent;
}

bool Monitor::on_phi_due(Instant now, Slot slot) {
  const auto found = pairs_.find(slot);
  if (found == pairs_.end()) return false;
  const bool due = over(slot, core_.phi.probe_at_milli, now);
  // Whatever else than a heartbeat was heard has put it off. While the silence lasts, again: the
  // probe may have been lost among others, or our own network in doubt.
  if (!due) {
    arm_phi(now, slot, found->second);
  } else {
    core_.timers.arm({Wake::phi, slot}, now + core_.config.probe_interval);
  }
  return due;
}

void Monitor::delay(Instant now, Duration stall) {
  for (auto& [slot, peer] : pairs_) {
    peer.heard.delay(stall);
    peer.answered.delay(stall);
    if (peer.lease) *peer.lease += stall;
    arm_phi(now, slot, peer);
  }
}

void Monitor::clear() {
  while (!pairs_.empty()) drop(pairs_.begin()->first);
  core_.timers.disarm({Wake::rings, 0});
}

std::optional<Monitor::Levels> Monitor::levels(Slot slot, Instant now) const {
  const auto found = pairs_.find(slot);
  if (found == pairs_.end()) return std::nullopt;
  const Pair& peer = found->second;
  const Instant patient = now - core_.phi.pause * core_.health.score();
  return Levels{.heard_milli = peer.heard.phi_milli(patient),
                .answered_milli = peer.answered.phi_milli(patient),
                .samples = peer.heard.samples(),
                .answered = peer.answered.last(),
                .local_health = peer.local_health};
}

bool Monitor::over(Slot slot, std::uint32_t level_milli, Instant now) const {
  const auto found = pairs_.find(slot);
  const auto at = found == pairs_.end() ? std::nullopt : when(found->second, level_milli);
  return at && *at <= now;
}

bool Monitor::is_neighbour(Slot slot) const {
  const auto found = pairs_.find(slot);
  return found != pairs_.end() && found->second.neighbour;
}

bool Monitor::observes(Slot slot, Instant now) const {
  const auto found = pairs_.find(slot);
  if (found == pairs_.end() || core_.phi.probe_at_milli == 0) return false;
  const Pair& peer = found->second;
  return peer.neighbour && peer.echoed > 0 && !over(slot, core_.phi.probe_at_milli, now);
}

Probes::Signs Monitor::signs(Slot slot, Instant now) const {
  const auto found = pairs_.find(slot);
  if (found == pairs_.end()) return {};
  return {found->second.late, over(slot, core_.phi.avoid_at_milli, now)};
}

Monitor::Pair& Monitor::pair(Instant now, Slot slot) {
  const auto found = pairs_.find(slot);
  if (found != pairs_.end()) return found->second;
  core_.timers.arm({Wake::heartbeat, slot}, now);
  core_.trips.keep(slot);
  const Duration guess = core_.config.ring_interval;
  Pair fresh{.heard = phi::PhiDetector(core_.phi, guess),
             .answered = phi::PhiDetector(core_.phi, guess),
             .interval = guess,
             .promised = guess,
             .seq = beats_};
  // One who never says a word is silent from now on.
  fresh.heard.hear(now);
  fresh.answered.hear(now);
  Pair& added = pairs_.emplace(slot, std::move(fresh)).first->second;
  arm_phi(now, slot, added);
  return added;
}

// What is wanted by either side, the quicker of the two.
void Monitor::set_pace(Instant now, Slot slot, Pair& peer) {
  Duration pace = peer.watched ? core_.config.heartbeat_interval : core_.config.ring_interval;
  if (peer.watched && peer.neighbour) pace = std::min(pace, core_.config.ring_interval);
  const bool wanted = peer.watched || peer.neighbour;
  if (peer.lease && now < *peer.lease) pace = wanted ? std::min(pace, peer.leased) : peer.leased;
  if (pace == peer.interval) return;
  const bool quicker = pace < peer.interval;
  peer.interval = pace;
  const Reason reason{Wake::heartbeat, slot};
  const auto due = core_.timers.deadline(reason);
  if (quicker && due && *due > now + pace) core_.timers.arm(reason, now + pace);
}

void Monitor::drop(Slot slot) {
  pairs_.erase(slot);
  core_.trips.forget(slot);
  core_.timers.disarm({Wake::heartbeat, slot});
  core_.timers.disarm({Wake::phi, slot});
}

void Monitor::arm_phi(Instant now, Slot slot, const Pair& peer) {
  const auto at = when(peer, core_.phi.probe_at_milli);
  if (at) core_.timers.arm({Wake::phi, slot}, std::max(*at, now));
}

// Who is not well himself is patient with others.
std::optional<Instant> Monitor::when(const Pair& peer, std::uint32_t level_milli) const {
  if (level_milli == 0) return std::nullopt;
  const auto heard = peer.heard.when(level_milli);
  const auto answered = peer.answered.when(level_milli);
  if (!heard || !answered) return std::nullopt;
  return std::min(*heard, *answered) + core_.phi.pause * core_.health.score();
}

}  // namespace rpcnet::swim
