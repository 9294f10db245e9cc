// The life of a probe.
#include "engine/swim/probe.h"

#include <algorithm>
#include <string>

#include "engine/swim/zone.h"

namespace rpcnet::swim {
namespace {

// A link may break and be dialled again while a probe runs; relays are asked again too.
constexpr std::size_t kRelaysMax = 16;

// A probe in all, in waits of its direct ping: one for that, two for a relay's two ways, one spare.
constexpr int kWaits = 4;

}  // namespace

// Eight at once, then eight an interval: ours. A hint comes where something is wrong, and there
// may be many at a time; the round must not drown in them.
Probes::Probes(Core& core, Courier& courier)
    : core_(core), courier_(courier), out_of_turn_(8, core.config.probe_interval / 8) {}

void Probes::begin(Instant now, Slot slot, const Signs& signs, Outbox& out) {
  if (find_slot(slot) != probes_.end()) return;
  Probe& probe = probes_.emplace_back();
  const std::uint64_t seq = ++core_.seq;
  probe.seq = seq;
  probe.slot = slot;
  ++core_.counters.probes;

  const Link* link = core_.reach(now, slot, out);
  probe.connected = (link != nullptr && link->up) || !core_.config.handshake_allowance;
  const Duration handshake = probe.connected ? Duration::zero() : core_.config.probe_interval;
  const Duration wait = core_.trips.wait(slot, signs.late);
  const Duration whole = core_.config.adaptive_probes && signs.silent
                             ? std::min(kWaits * wait, core_.config.probe_interval)
                             : core_.config.probe_interval;
  const Duration direct = core_.health.timeout(wait);
  probe.since = now;
  probe.end = now + std::max(core_.health.interval(whole), direct) + handshake;
  core_.timers.arm({Wake::probe_end, seq}, probe.end);
  core_.timers.arm({Wake::probe_slow, seq}, now + direct + handshake / 2);
  ping(now, probe, out);
  if (!probe.link) on_slow(now, seq, out);
}

void Probes::begin_out_of_turn(Instant now, Slot slot, const Signs& signs, Outbox& out) {
  if (find_slot(slot) != probes_.end() || !out_of_turn_.take(now)) return;
  ++core_.counters.probes_out_of_turn;
  begin(now, slot, signs, out);
}

bool Probes::on_ack(Instant now, std::uint64_t seq, Slot from) {
  const auto found = find(seq);
  if (found == probes_.end() || found->slot != from) return false;
  // An answer to one of two pings says nothing of either's time (Karn), nor does a handshake.
  if (found->connected && !found->slow) core_.trips.sample(from, now - found->since);
  core_.network.prove(now, found->since, from);
  succeed(found);
  return true;
}

bool Probes::on_relayed_ack(Instant now, std::uint64_t seq, Slot relay) {
  const auto found = find(seq);
  if (found == probes_.end()) return false;
  const auto& relays = found->relays;
  if (std::find(relays.begin(), relays.end(), relay) == relays.end()) return false;
  ++core_.counters.acks_relayed;
  core_.network.prove(now, found->asked, relay);
  succeed(found);
  return true;
}

void Probes::on_nack(Instant now, std::uint64_t seq, Slot relay) {
  const auto found = find(seq);
  if (found == probes_.end()) return;
  const auto& relays = found->relays;
  auto& nacked = found->nacked;
  if (std::find(relays.begin(), relays.end(), relay) == relays.end()) return;
  if (std::find(nacked.begin(), nacked.end(), relay) != nacked.end()) return;
  ++core_.counters.nacks;
  core_.network.prove(now, found->asked, relay);
  nacked.push_back(relay);
}

void Probes::on_slow(Instant now, std::uint64_t seq, Outbox& out) {
  const auto found = find(seq);
  if (found == probes_.end() || found->slow) return;
  Probe& probe = *found;
  probe.slow = true;
  core_.timers.disarm({Wake::probe_slow, seq});
  ++core_.counters.probes_indirect;
  ask_relays(now, probe, out);
  ping_by_stream(now, probe, out);
}

std::optional<Probes::Failure> Probes::on_end(std::uint64_t seq, Outbox& out) {
  const auto found = find(seq);
  if (found == probes_.end()) return std::nullopt;
  const Probe& probe = *found;
  if (probe.stream) {
    out.push(StopStream{probe.stream->first, probe.stream->second, StreamCode::cancelled});
  }
  const bool answerable = core_.config.nacks && !probe.relays.empty();
  core_.health.worsen(
      answerable ? static_cast<std::uint32_t>(probe.relays.size() - probe.nacked.size()) : 1);
  Failure failure{probe.slot, probe.since, std::nullopt};
  const auto& heard = core_.table[probe.slot].last_heard;
  if (!heard || *heard < probe.since) failure.silent = probe.link;
  erase(found);
  ++core_.counters.probes_failed;
  return failure;
}

void Probes::on_link_down(Instant now, LinkId link, Outbox& out) {
  for (Probe& probe : probes_) {
    if (probe.stream && probe.stream->first == link) probe.stream.reset();
    if (probe.link != link) continue;
    probe.link.reset();
    ping(now, probe, out);
    if (!probe.slow) on_slow(now, probe.seq, out);
  }
}

void Probes::forget(Slot slot) {
  const auto found = find_slot(slot);
  if (found != probes_.end()) erase(found);
}

void Probes::restart(Instant now, Outbox& out) {
  std::vector<Slot> slots;
  for (const Probe& probe : probes_) slots.push_back(probe.slot);
  clear();
  for (const Slot slot : slots) begin(now, slot, {}, out);
}

void Probes::clear() {
  while (!probes_.empty()) erase(probes_.begin());
}

bool Probes::awaits(LinkId link, StreamId stream) const {
  return std::any_of(probes_.begin(), probes_.end(),
                     [&](const Probe& probe) { return probe.stream == std::pair(link, stream); });
}

Probes::Position Probes::find(std::uint64_t seq) {
  return std::find_if(probes_.begin(), probes_.end(),
                      [seq](const Probe& probe) { return probe.seq == seq; });
}

Probes::Position Probes::find_slot(Slot slot) {
  return std::find_if(probes_.begin(), probes_.end(),
                      [slot](const Probe& probe) { return probe.slot == slot; });
}

void Probes::ping(Instant now, Probe& probe, Outbox& out) {
  const Ping message{probe.seq, probe.end - now, core_.table[probe.slot].id};
  Link* link = courier_.to_member(now, probe.slot, message, out);
  if (link != nullptr) probe.link = link->id;
}

void Probes::ask_relays(Instant now, Probe& probe, Outbox& out) {
  const Record& target = core_.table[probe.slot];
  const PingReq request{probe.seq, probe.end - now, target.id, target.address};
  const auto fit = [&](Slot slot) {
    return slot != probe.slot && core_.table[slot].status == MemberStatus::alive;
  };
  // One of them from the target's zone: what may be broken is the way there.
  std::vector<Slot> relays;
  if (zone_of(target) != nullptr && core_.config.indirect_probes > 0) {
    const auto near = [&](Slot slot) {
      const std::string* zone = zone_of(core_.table[slot]);
      return zone != nullptr && *zone == *zone_of(target) && fit(slot);
    };
    if (const auto relay = core_.table.draw_one(core_.rng, near)) relays.push_back(*relay);
  }
  const auto other = [&](Slot slot) {
    return fit(slot) && std::find(relays.begin(), relays.end(), slot) == relays.end();
  };
  // Then those that were heard of late: who is silent himself bears no witness, and proves nothing
  // of our own network. Where half the cluster is gone, half of a blind choice would be of them. A
  // heartbeat and a little: who died together with the target is silent for longer by now.
  const auto awake = [&](Slot slot) {
    const auto& heard = core_.table[slot].last_heard;
    return heard && now - *heard <= core_.config.ring_interval * 6 / 5 && other(slot);
  };
  while (core_.config.rings > 0 && relays.size() < core_.config.indirect_probes) {
    const auto relay = core_.table.draw_one(core_.rng, awake);
    if (!relay) break;
    relays.push_back(*relay);
  }
  const std::size_t more = core_.config.indirect_probes - relays.size();
  for (const Slot relay : core_.table.draw(core_.rng, more, other)) relays.push_back(relay);
  for (const Slot relay : relays) {
    if (probe.relays.size() >= kRelaysMax) return;
    const auto known = std::find(probe.relays.begin(), probe.relays.end(), relay);
    if (courier_.to_member(now, relay, request, out) == nullptr) continue;
    if (known == probe.relays.end()) probe.relays.push_back(relay);
  }
  probe.asked = now;
}

void Probes::ping_by_stream(Instant now, Probe& probe, Outbox& out) {
  Link* link = probe.link ? core_.links.find(*probe.link) : nullptr;
  if (!core_.config.stream_probes || link == nullptr || !link->may_open_stream()) return;
  const StreamId stream = core_.links.open_stream(*link);
  probe.stream = {link->id, stream};
  const Ping message{probe.seq, probe.end - now, core_.table[probe.slot].id};
  courier_.frame(link->id, stream, probe.slot, message, {}, true, out);
}

void Probes::succeed(Position position) {
  core_.health.improve();
  erase(position);
}

void Probes::erase(Position position) {
  core_.timers.disarm({Wake::probe_slow, position->seq});
  core_.timers.disarm({Wake::probe_end, position->seq});
  probes_.erase(position);
}

}  // namespace rpcnet::swim
