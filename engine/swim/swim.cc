// The parts joined: what each fact, command and deadline means to them, and in which order.
#include "engine/swim/swim.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "engine/swim/core.h"
#include "engine/swim/courier.h"
#include "engine/swim/errands.h"
#include "engine/swim/farewell.h"
#include "engine/swim/fetch.h"
#include "engine/swim/flaps.h"
#include "engine/swim/frame_buffer.h"
#include "engine/swim/knowledge.h"
#include "engine/swim/message.h"
#include "engine/swim/monitor.h"
#include "engine/swim/partition.h"
#include "engine/swim/probe.h"
#include "engine/swim/reunion.h"
#include "engine/swim/rotation.h"
#include "engine/swim/scale.h"
#include "engine/swim/seeds.h"
#include "engine/swim/suspicion.h"
#include "engine/swim/sync.h"
#include "engine/swim/verdict.h"
#include "engine/swim/zone.h"

namespace rpcnet::swim {
namespace {

// Waking up this much later than wanted means that this process did not run (SIGSTOP, a long
// collection, a starved machine). Ours: well over any scheduling delay, well under a probe.
constexpr Duration kStallMin = std::chrono::milliseconds(200);

// An accusation by reply to the same member, outside of acks: at most this often.
constexpr Duration kToldInterval = std::chrono::milliseconds(200);

// Streams that peers have open to us. Each holds less than a frame and a transport window.
constexpr std::size_t kStreamsMax = 4096;

// Members in a row that the round passes over because heartbeats look after them: more than a node
// has neighbours.
constexpr std::size_t kSkipsMax = 16;

// Members that are probed at once while this node is in doubt of its own network: as many as
// observe it. Of sixty of whom five are left, they find two within four turns.
constexpr std::size_t kSearchWidth = 8;

bool valid_key(const std::string& key) { return NodeId::parse(key).has_value(); }

}  // namespace

struct Swim::Parts {
  explicit Parts(SwimOptions options)
      : core(std::move(options)),
        courier(core),
        rotation(core.rng.fork(3)),
        suspicions(core),
        flaps(core),
        knowledge(core, suspicions, flaps),
        verdicts(core, suspicions),
        partition(core),
        probes(core, courier),
        errands(core, courier),
        sync(core, courier),
        fetches(core, sync),
        seeds(core, sync),
        reunion(core, courier),
        monitor(core, courier),
        farewell(core, courier) {}

  // Every entry begins and ends with these.
  void enter(Instant now, Outbox& out);
  void settle(Instant now, Outbox& out);
  void follow(Instant now, Outbox& out);

  void fire(Instant now, Outbox& out);
  void wake(Instant now, const Reason& reason, Outbox& out);
  void make_up_for(Instant now, Duration stall, Outbox& out);
  void gossip(Instant now, Outbox& out);
  void compare_views(Instant now, Outbox& out);
  void judge(Instant now, Outbox& out);
  void look_for_partition(Instant now, Outbox& out);
  void follow_doubt(Instant now, Outbox& out);
  void prune(Instant now);

  // A message came, by datagram or, where `stream` is given, in a frame.
  void receive(Instant now, LinkId from, std::optional<StreamId> stream, BytesView bytes,
               Outbox& out);
  bool admit(Instant now, Link& link, const SenderView& sender, Outbox& out);
  void dispatch(Instant now, Link& link, std::optional<StreamId> stream, Slot slot,
                const MessageView& message, bool stale, Outbox& out);
  void answer_ping(Link& link, std::optional<StreamId> stream, Slot slot, const Ping& ping,
                   bool stale, Outbox& out);
  void on_ack(Instant now, Slot slot, std::uint64_t seq, bool by_stream, Outbox& out);
  Duration round_interval() const;
  void probe_next(Instant now, Outbox& out);
  void on_probe_end(Instant now, std::uint64_t seq, Outbox& out);
  void on_suspicion_end(Instant now, Slot slot, Outbox& out);

  void refuse(Instant now, LinkId link, CloseCode code, const std::string& why, Outbox& out);
  void drop(Instant now, LinkId link, CloseCode code, const std::string& why, Outbox& out);
  void forget_streams(LinkId link);
  std::optional<CloseCode> objection(const LinkUp& fact) const;
  void hint(Instant now, Slot slot, Outbox& out);
  bool avoids(Instant now, Slot slot) const;

  Core core;
  Courier courier;
  Rotation rotation;
  Suspicions suspicions;
  Flaps flaps;
  Knowledge knowledge;
  Verdicts verdicts;
  Partition partition;
  Probes probes;
  Errands errands;
  Sync sync;
  Fetches fetches;
  Seeds seeds;
  Reunion reunion;
  Monitor monitor;
  Farewell farewell;
  std::map<StreamKey, FrameBuffer> streams;
  bool started = false;
  Instant pushed{};  // when news were last pushed
};

Swim::Swim(SwimOptions options) : parts_(std::make_unique<Parts>(std::move(options))) {}
Swim::~Swim() = default;

// --------------------------------------------------------------------------------------- facts

void Swim::on_link_up(Instant now, const LinkUp& fact, Outbox& out) {
  if (fact.protocol != Protocol::gossip) return;
  Parts& p = *parts_;
  p.enter(now, out);
  if (const auto code = p.objection(fact)) {
    p.refuse(now, fact.link, *code, to_text(fact.remote), out);
  } else if (Link* link = p.core.links.on_up(now, fact, out)) {
    p.sync.on_link_ready(now, *link, out);
  }
  p.settle(now, out);
}

void Swim::on_link_down(Instant now, const LinkDown& fact, Outbox& out) {
  Parts& p = *parts_;
  const Link* link = p.core.links.find(fact.link);
  if (link == nullptr) return;
  p.enter(now, out);
  link = p.core.links.find(fact.link);
  if (link == nullptr) return;
  const bool was_up = link->up;
  const Address remote = link->remote;
  const auto node = link->node;
  const Slot slot = node ? p.core.table.find(*node).value_or(kSelf) : kSelf;
  p.forget_streams(fact.link);
  p.core.links.on_down(now, fact);
  std::string detail = to_text(fact.end);
  if (!fact.detail.empty()) detail += ": " + fact.detail;
  p.sync.on_link_down(fact.link, detail, fact.is_refusal());
  p.probes.on_link_down(now, fact.link, out);
  // A hint and no verdict (DESIGN section 3). An idle end says nothing at all.
  if (was_up && fact.end != LinkEnd::idle && fact.end != LinkEnd::local_limit) {
    const bool known = slot != kSelf;
    p.seeds.on_lost(now, known ? p.core.table[slot].address : remote);
    if (known) p.hint(now, slot, out);
  }
  p.settle(now, out);
}

void Swim::on_datagram(Instant now, const DatagramReceived& fact, Outbox& out) {
  Parts& p = *parts_;
  if (!owns(fact.link)) return;
  p.enter(now, out);
  p.receive(now, fact.link, std::nullopt, fact.bytes, out);
  p.settle(now, out);
}

void Swim::on_datagram_limit(Instant, const DatagramLimit& fact, Outbox&) {
  parts_->core.links.on_datagram_limit(fact);
}

void Swim::on_stream_data(Instant now, const StreamData& fact, Outbox& out) {
  Parts& p = *parts_;
  if (p.core.links.find(fact.link) == nullptr) return;
  p.enter(now, out);
  if (!fact.bytes.empty()) out.push(ConsumeStream{fact.link, fact.stream, fact.bytes.size()});

  const StreamKey key{fact.link, fact.stream};
  const bool ours = fact.stream.opened_by_dialler() == fact.link.dialled();
  // The answer to something that we have given up or know by another way.
  if (ours && !p.streams.contains(key) && !p.sync.asks(key) &&
      !p.probes.awaits(fact.link, fact.stream)) {
    return p.settle(now, out);
  }
  if (!ours && !p.streams.contains(key) && p.streams.size() >= kStreamsMax) {
    out.push(StopStream{fact.link, fact.stream, StreamCode::refused});
    out.push(ResetStream{fact.link, fact.stream, StreamCode::refused});
    return p.settle(now, out);
  }
  p.streams[key].append(fact.bytes);
  for (;;) {
    // Whatever a frame leads to may end the link and its streams.
    const auto buffer = p.streams.find(key);
    if (buffer == p.streams.end()) break;
    const auto frame = buffer->second.next();
    if (buffer->second.broken()) {
      ++p.core.counters.malformed;
      p.refuse(now, fact.link, CloseCode::protocol_error, "a frame is too long", out);
      break;
    }
    if (!frame) break;
    p.receive(now, fact.link, fact.stream, *frame, out);
  }
  if (fact.fin) {
    p.streams.erase(key);
    p.sync.on_end(key, false, out);
  }
  p.settle(now, out);
}

void Swim::on_stream_reset(Instant now, const StreamReset& fact, Outbox& out) {
  Parts& p = *parts_;
  if (p.core.links.find(fact.link) == nullptr) return;
  p.enter(now, out);
  p.streams.erase({fact.link, fact.stream});
  p.sync.on_end({fact.link, fact.stream}, true, out);
  p.settle(now, out);
}

void Swim::on_stream_stopped(Instant now, const StreamStopped& fact, Outbox& out) {
  Parts& p = *parts_;
  if (p.core.links.find(fact.link) == nullptr) return;
  p.enter(now, out);
  p.sync.on_end({fact.link, fact.stream}, true, out);
  p.settle(now, out);
}

// What is written to one stream is bounded by the table, so nothing waits for this.
void Swim::on_stream_drained(Instant, const StreamDrained&, Outbox&) {}

void Swim::on_streams_allowed(Instant now, const StreamsAllowed& fact, Outbox& out) {
  Parts& p = *parts_;
  if (p.core.links.find(fact.link) == nullptr) return;
  p.enter(now, out);
  p.core.links.on_streams_allowed(fact);
  if (Link* link = p.core.links.find(fact.link)) p.sync.on_link_ready(now, *link, out);
  p.settle(now, out);
}

bool Swim::owns(LinkId link) const { return parts_->core.links.find(link) != nullptr; }

// ------------------------------------------------------------------------------------ commands

Outcome Swim::join(Instant now, const Join& command, Outbox& out) {
  Parts& p = *parts_;
  if (p.knowledge.left()) return Outcome::already_left;
  p.enter(now, out);
  if (command.former) p.knowledge.resume(*command.former);
  p.seeds.join(now, command.seeds, command.former ? command.former->members : std::vector<Peer>());
  p.fire(now, out);
  p.settle(now, out);
  return Outcome::done;
}

Outcome Swim::leave(Instant now, Outbox& out) {
  Parts& p = *parts_;
  if (p.knowledge.left()) return Outcome::already_left;
  p.enter(now, out);
  p.knowledge.leave();
  p.suspicions.clear();
  p.verdicts.clear();
  p.partition.clear();
  p.reunion.clear();
  p.probes.clear();
  p.errands.clear();
  p.sync.clear();
  p.fetches.clear();
  p.seeds.clear();
  p.monitor.clear();
  p.core.news.clear();
  for (const Wake wake :
       {Wake::round, Wake::gossip, Wake::compare, Wake::heal, Wake::tombstone, Wake::returns}) {
    p.core.timers.disarm({wake, 0});
  }
  p.farewell.begin(now, out);
  return Outcome::done;
}

Outcome Swim::change_tags(Instant now, const ChangeTags& command, Outbox& out) {
  Parts& p = *parts_;
  if (p.knowledge.left()) return Outcome::already_left;
  Tags tags = p.core.table[kSelf].tags();
  for (const auto& [key, value] : command.changes) {
    if (!valid_key(key)) return Outcome::bad_tag;
    if (value) {
      tags[key] = *value;
    } else {
      tags.erase(key);
    }
  }
  std::size_t size = 0;
  for (const auto& [key, value] : tags) size += key.size() + value.size();
  if (size > p.core.config.tags_max || serialize(tags).size() > kTagsWireMax) {
    return Outcome::tags_too_large;
  }
  if (tags == p.core.table[kSelf].tags()) return Outcome::done;
  p.enter(now, out);
  p.knowledge.set_own_tags(std::move(tags));
  p.settle(now, out);
  return Outcome::done;
}

void Swim::suspect_hint(Instant now, const NodeId& id, Outbox& out) {
  Parts& p = *parts_;
  p.enter(now, out);
  if (const auto slot = p.core.table.find(id)) p.hint(now, *slot, out);
  p.settle(now, out);
}

void Swim::suspect_hint(Instant now, const Address& address, Outbox& out) {
  Parts& p = *parts_;
  p.enter(now, out);
  for (const Slot slot : std::vector<Slot>(p.core.table.living())) {
    if (p.core.table[slot].address == address) p.hint(now, slot, out);
  }
  p.settle(now, out);
}

void Swim::remember(std::span<const Member> members) {
  parts_->core.table.reserve(members.size() + 1);
  parts_->rotation.reserve(members.size());
  for (const Member& member : members) parts_->knowledge.remember(member);
}

void Swim::report_load(std::uint32_t active_calls) { parts_->core.active_calls = active_calls; }

void Swim::watch(Instant now, const NodeId& id, bool wanted, Outbox& out) {
  Parts& p = *parts_;
  if (p.knowledge.left()) return;
  p.enter(now, out);
  p.monitor.watch(now, id, wanted);
  p.fire(now, out);
  p.settle(now, out);
}

void Swim::expect() const {
  constexpr std::ptrdiff_t kLine = 64;
  const auto* at = reinterpret_cast<const char*>(&parts_->core.tombstone_ttl);
  const auto* end = reinterpret_cast<const char*>(parts_.get() + 1);
  for (; at < end; at += kLine) __builtin_prefetch(at);
}

void Swim::on_deadline(Instant now, Outbox& out) {
  parts_->enter(now, out);
  parts_->fire(now, out);
  parts_->settle(now, out);
}

// ------------------------------------------------------------------------------------- queries

std::optional<Instant> Swim::deadline() const { return parts_->core.timers.next(); }

std::vector<Member> Swim::members() const {
  std::vector<Member> members;
  members.reserve(member_count());
  for_each_member([&](const MemberView& member) { members.push_back(member.copy()); });
  return members;
}

std::vector<Member> Swim::tombstones() const {
  std::vector<Member> gone;
  for (const Slot slot : parts_->core.table.order()) {
    const Record& record = parts_->core.table[slot];
    if (!is_member(record.status)) gone.push_back(record.view().copy());
  }
  return gone;
}

void Swim::for_each_member(const std::function<void(const MemberView&)>& visit) const {
  for (const Slot slot : parts_->core.table.order()) {
    const Record& record = parts_->core.table[slot];
    if (is_member(record.told_status())) visit(record.view());
  }
}

void Swim::for_each_standing(
    Instant now, const std::function<void(const MemberView&, const Standing&)>& visit) const {
  const Parts& p = *parts_;
  for (const Slot slot : p.core.table.order()) {
    const Record& record = p.core.table[slot];
    if (!is_member(record.told_status())) continue;
    visit(record.view(), {record.active_calls, record.report, p.avoids(now, slot)});
  }
}

std::size_t Swim::member_count() const {
  return parts_->core.table.size() - parts_->knowledge.returning();
}

std::optional<Member> Swim::find(const NodeId& id) const {
  const auto slot = parts_->core.table.find(id);
  if (!slot) return std::nullopt;
  return parts_->core.table[*slot].view().copy();
}

ClusterHealth Swim::cluster_health(Instant now) const {
  const Parts& p = *parts_;
  ClusterHealth all{.local_health = p.core.health.score(),
                    .stalls = p.core.counters.stalls,
                    .partition = p.partition.state(),
                    .members = {}};
  for (const Slot slot : p.core.table.order()) {
    if (slot == kSelf) continue;
    const Record& record = p.core.table[slot];
    const Health health = this->health(record.id, now);
    MemberHealth one{.member = record.view().copy(),
                     .accusers = p.suspicions.accused_by(slot),
                     .suspicion_left = std::nullopt,
                     .silent_for = std::nullopt,
                     .unanswered_for = std::nullopt,
                     .phi_heard_milli = health.phi_heard_milli,
                     .phi_answered_milli = health.phi_answered_milli,
                     .samples = health.samples,
                     .local_health = health.local_health,
                     .active_calls = health.active_calls,
                     .degraded = health.degraded,
                     .avoid = health.avoid};
    const NodeId* accuser = p.core.table.accuser(slot);
    if (one.accusers.empty() && accuser != nullptr) one.accusers.push_back(*accuser);
    if (record.last_heard) one.silent_for = now - *record.last_heard;
    if (health.last_answered) one.unanswered_for = now - *health.last_answered;
    const auto due = p.core.timers.deadline({Wake::suspicion, slot});
    if (record.status == MemberStatus::suspect) {
      one.suspicion_left = due ? std::max(*due - now, Duration::zero()) : Duration::zero();
    }
    all.members.push_back(std::move(one));
  }
  return all;
}

Snapshot Swim::snapshot() const {
  const Membership& table = parts_->core.table;
  Snapshot snapshot{table[kSelf].incarnation, table[kSelf].tags_version, {}};
  for (const Slot slot : table.order()) {
    const Record& record = table[slot];
    if (slot != kSelf && is_member(record.status)) {
      snapshot.members.emplace_back(record.address, record.id);
    }
  }
  return snapshot;
}

const std::optional<PartitionDetected>& Swim::partition() const {
  return parts_->partition.state();
}

Health Swim::health(const NodeId& id, Instant now) const {
  const Parts& p = *parts_;
  const auto slot = p.core.table.find(id);
  if (!slot) return {.avoid = true, .last_heard = std::nullopt, .last_answered = std::nullopt};
  const Record& record = p.core.table[*slot];
  Health health{.active_calls = record.active_calls,
                .report = record.report,
                .degraded = p.flaps.degraded(*slot),
                .neighbour = p.monitor.is_neighbour(*slot),
                .accusers = p.suspicions.accusers(*slot).size(),
                .last_heard = record.last_heard.optional(),
                .last_answered = std::nullopt};
  health.avoid = p.avoids(now, *slot);
  if (const auto levels = p.monitor.levels(*slot, now)) {
    health.phi_heard_milli = levels->heard_milli;
    health.phi_answered_milli = levels->answered_milli;
    health.phi_milli = std::max(levels->heard_milli, levels->answered_milli);
    health.samples = levels->samples;
    health.local_health = levels->local_health;
    health.last_answered = levels->answered;
  }
  return health;
}

const Counters& Swim::counters() const { return parts_->core.counters; }

bool Swim::joined() const { return parts_->seeds.joined(); }

std::uint32_t Swim::local_health() const { return parts_->core.health.score(); }

// ------------------------------------------------------------------------------ entry and exit

void Swim::Parts::enter(Instant now, Outbox& out) {
  if (!started) {
    started = true;
    core.timers.arm({Wake::round, 0}, now + core.jittered(core.config.round_interval));
    core.timers.arm({Wake::compare, 0}, now + core.jittered(core.config.sync_interval));
    core.timers.arm({Wake::heal, 0}, now + core.jittered(core.config.heal_interval));
  }
  const auto due = core.timers.next();
  if (!due || now <= *due || !core.config.stalls_subtracted) return;
  monitor.note_late(now - *due);
  if (now - *due <= kStallMin) return;
  make_up_for(now, now - *due, out);
  // What was due is done now, so that the next entry does not see the same stall again.
  fire(now, out);
}

void Swim::Parts::settle(Instant now, Outbox& out) {
  if (!knowledge.quiet()) follow(now, out);
  follow_doubt(now, out);
  for (const Slot slot : flaps.take_changed()) {
    if (!is_member(core.table[slot].status)) continue;
    const auto kind = flaps.degraded(slot) ? MemberEventKind::degraded : MemberEventKind::restored;
    out.push(MemberEvent{kind, core.table[slot].view().copy()});
  }
  for (const SyncResult& result : sync.take_results()) seeds.on_result(now, result, out);
  if (!core.news.empty() && !core.timers.deadline({Wake::gossip, 0})) {
    const Instant due =
        std::max(pushed + core.config.gossip_interval, now + core.config.gossip_delay);
    core.timers.arm({Wake::gossip, 0}, due);
  }
}

// What claims have brought about, beyond the table.
void Swim::Parts::follow(Instant now, Outbox& out) {
  for (const Change& change : knowledge.take_changes()) {
    // A claim and its opposite may both have come in one message.
    const bool member = is_member(core.table[change.slot].status);
    partition.on_change(now, change.slot, change.crossed && member);
    if (!change.crossed) continue;
    rotation.remove(change.slot);
    if (!member) {
      probes.forget(change.slot);
      monitor.on_gone(now, change.slot);
      continue;
    }
    rotation.add(change.slot);
    monitor.on_member(now, change.slot);
    // It was cut off, and so may be others with it: compare all (SWIM leaves this open).
    const bool direct = core.table[change.slot].last_heard == now;
    const bool back = reunion.forget(core.table[change.slot].id) || change.back;
    if (back && direct) sync.begin(now, core.peer(change.slot), false, out);
  }
  look_for_partition(now, out);
  for (const Reminder& reminder : knowledge.take_reminders()) {
    const Peer peer{reminder.address, core.table[reminder.slot].id};
    courier.to_peer(now, peer, reminder.slot, Gossip{}, out);
  }
  // Whoever observes the accused looks for itself: it confirms, or the accused hears of it. If the
  // accused is not silent for long here, Phi will say when.
  for (const Slot slot : knowledge.take_accused()) {
    if (monitor.signs(slot, now).silent) hint(now, slot, out);
  }
}

// ----------------------------------------------------------------------------------- deadlines

void Swim::Parts::fire(Instant now, Outbox& out) {
  while (const auto reason = core.timers.pop_due(now)) {
    wake(now, *reason, out);
    settle(now, out);
  }
}

void Swim::Parts::wake(Instant now, const Reason& reason, Outbox& out) {
  const auto slot = static_cast<Slot>(reason.number);
  switch (reason.wake) {
    case Wake::round: core.timers.arm(reason, now + round_interval()); return probe_next(now, out);
    case Wake::probe_slow: return probes.on_slow(now, reason.number, out);
    case Wake::probe_end: return on_probe_end(now, reason.number, out);
    case Wake::errand: return errands.on_due(now, reason.number, out);
    case Wake::suspicion: return on_suspicion_end(now, slot, out);
    case Wake::verdict: return judge(now, out);
    case Wake::fetch: return fetches.on_due(now, out);
    case Wake::partition: return look_for_partition(now, out);
    case Wake::gossip: return gossip(now, out);
    case Wake::compare: return compare_views(now, out);
    case Wake::sync: return sync.on_timeout(reason.number, out);
    case Wake::seed: return seeds.on_due(now, reason.number, out);
    case Wake::heal: return reunion.on_due(now, out);
    case Wake::heartbeat: return monitor.on_beat_due(now, slot, out);
    case Wake::phi:
      if (monitor.on_phi_due(now, slot)) hint(now, slot, out);
      return;
    case Wake::rings: return monitor.on_rings_due(now);
    case Wake::flap: return flaps.on_due(now, slot);
    case Wake::returns: return knowledge.tell_returns(now, out);
    case Wake::farewell: return farewell.on_repeat(now, out);
    case Wake::farewell_end: return farewell.on_end(out);
    case Wake::tombstone: prune(now); return look_for_partition(now, out);
  }
}

// What was not heard while this process did not run is nobody's silence but ours: it must not wake
// up and accuse its peers (Lifeguard's "slow message processing", here measured and not guessed).
void Swim::Parts::make_up_for(Instant now, Duration stall, Outbox& out) {
  ++core.counters.stalls;
  core.health.worsen(1);
  monitor.delay(now, stall);
  suspicions.extend(now, stall, core.config.probe_interval * 2);
  verdicts.postpone(now, core.config.probe_interval * 2);
  partition.restart(now);
  sync.extend(now);
  errands.clear();
  probes.restart(now, out);
}

// While somebody is accused there may be more: all are looked at sooner. While nobody answers,
// waiting helps nobody.
Duration Swim::Parts::round_interval() const {
  const SwimConfig& config = core.config;
  const Duration soon = std::min(config.round_interval, config.probe_interval);
  if (core.network.doubted()) return soon;
  return core.health.interval(suspicions.size() > 0 ? soon : config.round_interval);
}

// The next in the round whom heartbeats do not look after; in doubt, somebody who answers is looked
// for.
void Swim::Parts::probe_next(Instant now, Outbox& out) {
  std::size_t wanted = core.network.doubted() ? kSearchWidth : 1;
  for (std::size_t tries = 0; tries < kSkipsMax && wanted > 0; ++tries) {
    const auto next = rotation.next();
    if (!next) return;
    if (monitor.observes(*next, now)) continue;
    probes.begin(now, *next, {}, out);
    --wanted;
  }
}

void Swim::Parts::on_probe_end(Instant now, std::uint64_t seq, Outbox& out) {
  const auto failure = probes.on_end(seq, out);
  if (!failure) return;
  const Slot slot = failure->slot;
  const bool proven = core.network.proven(now, failure->since, slot, core.table.size());
  if (proven) {
    knowledge.suspect(now, slot, out);
  } else {
    ++core.counters.probes_unproven;
  }
  // The link may be what is broken (a NAT forgot it, the peer did): the accusation, which wants an
  // answer soon, goes over a new one.
  if (failure->silent && core.links.find(*failure->silent) != nullptr) {
    drop(now, *failure->silent, CloseCode::none, "no answer", out);
  }
  // Nobody answers us: it says nothing of this member, who is asked again.
  if (!proven) probes.begin(now, slot, monitor.signs(slot, now), out);
}

// A verdict by who hears nobody is none either.
void Swim::Parts::on_suspicion_end(Instant now, Slot slot, Outbox& out) {
  const Duration recent =
      2 * std::max({core.config.probe_interval, core.config.ring_interval,
                    core.config.rings > 0 ? Duration::zero() : core.config.round_interval});
  if (core.network.proven(now, now - recent, slot, core.table.size())) {
    verdicts.add(now, slot);
    return judge(now, out);
  }
  core.timers.arm({Wake::suspicion, slot}, now + core.config.probe_interval);
}

void Swim::Parts::gossip(Instant now, Outbox& out) {
  pushed = now;
  // Another zone is served less often, by chance: what is told there spreads within it.
  const auto fit = [&](Slot slot) {
    return same_zone(core.table[kSelf], core.table[slot]) ||
           core.rng.chance(core.config.cross_zone_permille, 1000);
  };
  auto members = core.table.draw(core.rng, core.config.gossip_fanout, fit);
  const std::size_t dead = core.config.gossip_to_dead > Duration::zero() ? core.table.dead() : 0;
  for (Slot& slot : members) {
    if (dead == 0 || core.rng.below(core.table.size() + dead) >= dead) continue;
    const Slot drawn = *core.table.random_dead(core.rng);
    if (now - core.table[drawn].buried <= core.config.gossip_to_dead) slot = drawn;
  }
  // There is nobody to tell; who comes later will get the whole view.
  if (core.table.size() <= 1) core.news.clear();
  for (const Slot slot : members) {
    if (core.news.empty()) return;
    courier.to_member(now, slot, Gossip{}, out);
  }
}

void Swim::Parts::compare_views(Instant now, Outbox& out) {
  const Duration interval = sync_interval(core.config, core.table.size());
  core.timers.arm({Wake::compare, 0}, now + core.jittered(interval));
  const auto alive = [&](Slot slot) { return core.table[slot].status == MemberStatus::alive; };
  // With rings, one that is connected already: a handshake costs more than two equal views, and
  // neighbours and those that were probed lately are random members too.
  const auto near = [&](Slot slot) {
    const Record& record = core.table[slot];
    const Link* link = record.link ? core.links.find(*record.link) : nullptr;
    return alive(slot) && link != nullptr && link->up;
  };
  auto partner = core.config.rings > 0 ? core.table.draw_one(core.rng, near) : std::nullopt;
  if (!partner) partner = core.table.draw_one(core.rng, alive);
  if (partner) sync.begin(now, core.peer(*partner), false, out);
}

void Swim::Parts::judge(Instant now, Outbox& out) {
  MembersCut cut;
  for (const Slot slot : verdicts.take(now)) {
    knowledge.declare_dead(now, slot, out);
    cut.members.push_back(core.table[slot].id);
  }
  if (cut.members.size() > 1) out.push(std::move(cut));
}

// What it means to be in doubt of oneself, or no longer.
void Swim::Parts::follow_doubt(Instant now, Outbox& out) {
  if (knowledge.left()) return;
  const auto& doubted = core.network.doubted();
  if (doubted) {
    const Reason round{Wake::round, 0};
    const auto due = core.timers.deadline(round);
    if (due && *due > now + round_interval()) core.timers.arm(round, now + round_interval());
  }
  partition.on_doubt(doubted);
  if (partition.changed()) look_for_partition(now, out);
}

void Swim::Parts::look_for_partition(Instant now, Outbox& out) {
  partition.update(now, out);
  const auto& state = partition.state();
  const bool lesser = state && !state->quorum;
  const SwimConfig& config = core.config;
  const Duration kept =
      lesser ? std::max(config.tombstone_ttl, config.partition.memory) : config.tombstone_ttl;
  if (std::exchange(core.tombstone_ttl, kept) != kept) prune(now);
}

// Before anything else happens: the slots of those who are forgotten may soon name others.
void Swim::Parts::prune(Instant now) {
  knowledge.prune(now);
  for (const Forgotten& gone : knowledge.take_forgotten()) {
    partition.forget(gone.slot);
    fetches.forget(gone.slot);
    if (gone.dead) reunion.remember(gone.peer);
  }
}

// ------------------------------------------------------------------------------------ messages

void Swim::Parts::receive(Instant now, LinkId from, std::optional<StreamId> stream, BytesView bytes,
                          Outbox& out) {
  Link* link = core.links.find(from);
  if (link == nullptr || !link->up) return;
  core.counters.bytes_received += bytes.size();
  MessageView message;
  if (const auto error = read(bytes, message)) {
    if (*error == ParseError::unknown) {
      ++core.counters.unknown;
      return;
    }
    ++core.counters.malformed;
    return refuse(now, from, CloseCode::protocol_error, "malformed message", out);
  }
  if (!admit(now, *link, message.sender, out)) return;
  ++core.counters.messages_received;
  if (knowledge.left()) {
    const auto* ack = std::get_if<Ack>(&message.body);
    const auto slot = core.table.find(message.sender.id);
    if (ack != nullptr && slot) farewell.on_ack(ack->seq, *slot, out);
    return;
  }

  const bool leaving = std::holds_alternative<Leave>(message.body);
  const MemberStatus status = leaving ? MemberStatus::left : MemberStatus::alive;
  if (message.updates.size() > 1) core.table.expect(message.updates);
  // The updates first: a newcomer may describe itself in them, with its tags.
  for (const UpdateView& update : message.updates) knowledge.apply(now, update, out);
  const auto slot = knowledge.hear(now, message.sender, status, from, out);
  if (slot) {
    monitor.on_heard(now, *slot);
    partition.on_heard(*slot);
  }
  // In a comparison the digest brings what is lacking.
  for (const Lack& lack : knowledge.take_lacks()) {
    if (slot && !stream) fetches.want(now, lack.slot, lack.version, *slot);
  }
  // Nobody to us: a farewell of a stranger, or one too many.
  if (!slot) {
    if (const auto* leave = std::get_if<Leave>(&message.body)) {
      courier.reply(*link, std::nullopt, Ack{leave->seq}, out);
    }
    return;
  }
  const Liveness claim{message.sender.incarnation, status, message.sender.address};
  const bool stale = claim < core.table[*slot].liveness();
  const bool refuted = knowledge.take_refuted();
  dispatch(now, *link, stream, *slot, message, stale, out);

  // What we have to say to the sender itself, unless an answer has just carried it.
  const bool answered = std::holds_alternative<Ping>(message.body) || leaving;
  link = core.links.find(from);
  if (answered || link == nullptr) return;
  if (!refuted && !stale) return;
  const auto told = core.table.told(*slot);
  const bool lately = told && now - *told < kToldInterval;
  if (!refuted && (lately || !core.config.reminders)) return;
  if (stale) core.table.note_told(*slot, now);
  courier.reply(*link, *slot, Gossip{}, out, stale);
}

// May this peer speak as this sender? A link speaks as one node for its life.
bool Swim::Parts::admit(Instant now, Link& link, const SenderView& sender, Outbox& out) {
  // It has been asked before.
  if (link.node && link.node->text() == sender.id) return true;
  const NodeId id_of_sender = *NodeId::parse(sender.id);
  if (id_of_sender == core.self) {
    const LinkId id = link.id;
    if (sender.address == core.advertise) {
      // A seed that is our own address by another name.
      if (id.dialled()) seeds.drop(link.remote);
      drop(now, id, CloseCode::none, "this is ourselves", out);
      return false;
    }
    ++core.counters.refused_links;
    knowledge.notice(now, NoticeKind::node_conflict,
                     "another process is " + core.self.text() + " at " + to_text(sender.address),
                     out);
    drop(now, id, CloseCode::duplicate_node, "the name is taken", out);
    return false;
  }
  if (link.node || !link.identity || !link.identity->covers(id_of_sender)) {
    refuse(now, link.id, CloseCode::wrong_node, "speaks as " + id_of_sender.text(), out);
    return false;
  }
  if (link.expected && *link.expected != id_of_sender) {
    // Somebody else has moved to the address of a member.
    ++core.counters.misaddressed;
    drop(now, link.id, CloseCode::wrong_node, "not who was called", out);
    return false;
  }
  core.links.bind(link, id_of_sender);
  return true;
}

void Swim::Parts::dispatch(Instant now, Link& link, std::optional<StreamId> stream, Slot slot,
                           const MessageView& message, bool stale, Outbox& out) {
  const LinkId from = link.id;
  const Body& body = message.body;
  if (const auto* ping = std::get_if<Ping>(&body)) {
    answer_ping(link, stream, slot, *ping, stale, out);
  } else if (const auto* ack = std::get_if<Ack>(&body)) {
    on_ack(now, slot, ack->seq, stream.has_value(), out);
  } else if (const auto* request = std::get_if<PingReq>(&body)) {
    errands.begin(now, from, *request, out);
  } else if (const auto* relayed = std::get_if<RelayedAck>(&body)) {
    probes.on_relayed_ack(now, relayed->seq, slot);
  } else if (const auto* nack = std::get_if<Nack>(&body)) {
    probes.on_nack(now, nack->seq, slot);
  } else if (const auto* heartbeat = std::get_if<Heartbeat>(&body)) {
    if (is_member(core.table[slot].status)) monitor.on_heartbeat(now, slot, *heartbeat, out);
  } else if (const auto* leave = std::get_if<Leave>(&body)) {
    courier.reply(link, slot, Ack{leave->seq}, out);
  } else if (stream) {
    if (sync.on_message(now, {from, *stream}, body, out)) return;
    ++core.counters.malformed;
    refuse(now, from, CloseCode::protocol_error, "out of order in a comparison", out);
  } else if (!std::holds_alternative<Gossip>(body)) {
    ++core.counters.malformed;
    refuse(now, from, CloseCode::protocol_error, "a stream's message in a datagram", out);
  }
}

void Swim::Parts::answer_ping(Link& link, std::optional<StreamId> stream, Slot slot,
                              const Ping& ping, bool stale, Outbox& out) {
  if (ping.target != core.self) {
    ++core.counters.misaddressed;
    return;
  }
  const Ack ack{ping.seq};
  if (stream) return courier.frame(link.id, *stream, slot, ack, {}, true, out);
  courier.reply(link, slot, ack, out, stale);
}

void Swim::Parts::on_ack(Instant now, Slot slot, std::uint64_t seq, bool by_stream, Outbox& out) {
  if (errands.on_ack(seq, core.table[slot].id, out)) return;
  if (!probes.on_ack(now, seq, slot)) return;
  if (by_stream) {
    ++core.counters.acks_by_stream;
  } else {
    monitor.on_answered(now, slot);
  }
}

// --------------------------------------------------------------------------------------- links

std::optional<CloseCode> Swim::Parts::objection(const LinkUp& fact) const {
  if (!fact.identity) return CloseCode::no_certificate;
  if (fact.identity->cluster != core.cluster) return CloseCode::wrong_cluster;
  const Link* link = core.links.find(fact.link);
  const bool wrong = link != nullptr && link->expected && !fact.identity->covers(*link->expected);
  return wrong ? std::optional(CloseCode::wrong_node) : std::nullopt;
}

// The peer's fault: told to the operator.
void Swim::Parts::refuse(Instant now, LinkId link, CloseCode code, const std::string& why,
                         Outbox& out) {
  ++core.counters.refused_links;
  std::string detail = to_text(code);
  detail += ": ";
  if (const Link* known = core.links.find(link)) detail += to_text(known->remote) + " ";
  knowledge.notice(now, NoticeKind::gossip_refused, detail + why, out);
  drop(now, link, code, why, out);
}

void Swim::Parts::drop(Instant now, LinkId link, CloseCode code, const std::string& why,
                       Outbox& out) {
  forget_streams(link);
  if (core.links.find(link) == nullptr) {
    out.push(CloseLink{link, code, why});
    return;
  }
  core.links.close(link, code, why, out);
  sync.on_link_down(link, to_text(code), false);
  probes.on_link_down(now, link, out);
}

void Swim::Parts::forget_streams(LinkId link) {
  const auto begin = streams.lower_bound({link, StreamId{0}});
  auto end = begin;
  while (end != streams.end() && end->first.first == link) ++end;
  streams.erase(begin, end);
}

void Swim::Parts::hint(Instant now, Slot slot, Outbox& out) {
  if (slot == kSelf || knowledge.left() || !is_member(core.table[slot].status)) return;
  probes.begin_out_of_turn(now, slot, monitor.signs(slot, now), out);
}

// Is it to get work only if nobody else is left?
bool Swim::Parts::avoids(Instant now, Slot slot) const {
  return core.table[slot].told_status() != MemberStatus::alive || flaps.degraded(slot) ||
         monitor.over(slot, core.phi.avoid_at_milli, now);
}

}  // namespace rpcnet::swim
