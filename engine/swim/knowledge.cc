// The effects of claims.
#include "engine/swim/knowledge.h"

#include <algorithm>
#include <utility>

#include "engine/swim/incarnation.h"
#include "engine/swim/scale.h"

namespace rpcnet::swim {
namespace {

// Contradicting another address of ours: twice at once, then every ten seconds. Two processes with
// one name would otherwise raise each other's incarnation as fast as the network carries it.
constexpr std::int64_t kMovesBurst = 2;
constexpr Duration kMovesRefill = std::chrono::seconds(10);
constexpr Duration kConflictMemory = std::chrono::minutes(1);

// Reminders by hearsay: after a mass restart everybody would remind everybody.
constexpr std::int64_t kRemindersBurst = 16;
constexpr Duration kRemindersRefill = std::chrono::milliseconds(50);

// Old news of somebody may be on its way for so long after its end.
constexpr Duration kNewsLifetime = std::chrono::seconds(3);

constexpr std::int64_t kNoticesBurst = 16;
constexpr Duration kNoticesRefill = std::chrono::seconds(1);

std::optional<NodeId> copy(const std::optional<std::string_view>& name) {
  return name ? NodeId::parse(*name) : std::nullopt;
}

}  // namespace

Knowledge::Knowledge(Core& core, Suspicions& suspicions, Flaps& flaps)
    : core_(core),
      suspicions_(suspicions),
      flaps_(flaps),
      moves_(kMovesBurst, kMovesRefill),
      remindable_(kRemindersBurst, kRemindersRefill),
      notices_(kNoticesBurst, kNoticesRefill) {}

void Knowledge::remember(const Member& member) {
  if (!is_member(member.status) || core_.table.find(member.id)) return;
  if (core_.table.size() >= core_.config.members_max) return;
  const Liveness liveness{member.incarnation, MemberStatus::alive, member.address};
  const Slot slot = member.tags_version > 0
                        ? core_.table.add(member.id, liveness, {member.tags_version, member.tags})
                        : core_.table.add(member.id, liveness);
  changes_.push_back({slot, true, false});
}

std::optional<Slot> Knowledge::hear(Instant now, const SenderView& sender, MemberStatus status,
                                    LinkId link, Outbox& out) {
  const Liveness claim{sender.incarnation, status, sender.address};
  auto slot = core_.table.find(sender.id);
  if (slot) {
    apply_liveness(now, *slot, claim, std::nullopt, out);
  } else if (is_member(status)) {
    slot = add(now, *NodeId::parse(sender.id), claim, std::nullopt, std::nullopt, out);
  }
  if (!slot) return std::nullopt;
  if (!met_) met_ = now;
  core_.network.hear(now);
  Record& record = core_.table.local(*slot);
  record.last_heard = now;
  record.link = link;
  record.active_calls = sender.active_calls;
  ++record.report;
  return slot;
}

void Knowledge::apply(Instant now, const UpdateView& update, Outbox& out) {
  const auto slot = core_.table.find(update.id);
  if (slot == kSelf) return about_self(now, update, out);
  if (!slot) {
    // The death of a stranger is no news; storing it would make tombstones immortal, as nodes
    // forget them at different times.
    if (!is_member(update.liveness.status)) return;
    const auto added = add(now, *NodeId::parse(update.id), update.liveness, copy(update.accuser),
                           update.tags, out);
    if (added && update.tags_at) lacks_.push_back({*added, *update.tags_at});
    return;
  }
  // Tags first, so that a member that comes back does so with its new ones.
  const Record& member = core_.table[*slot];
  const bool news = update.tags && is_news(member, *update.tags);
  if (news) {
    core_.table.set_tags(*slot, update.tags->version, update.tags->pairs);
    core_.news.add_tags(*slot);
    ++core_.counters.updates_applied;
  }
  const bool was_member = is_member(member.told_status());
  if (update.tags_at && *update.tags_at > member.tags_version) {
    lacks_.push_back({*slot, *update.tags_at});
  }
  apply_liveness(now, *slot, update.liveness, update.accuser, out);
  if (news && was_member && is_member(member.told_status())) {
    out.push(MemberEvent{MemberEventKind::tags_changed, member.view().copy()});
  }
}

void Knowledge::suspect(Instant now, Slot slot, Outbox& out) {
  Liveness liveness = core_.table[slot].liveness();
  if (liveness.status == MemberStatus::suspect) return confirm(now, slot, core_.self);
  if (liveness.status != MemberStatus::alive) return;
  liveness.status = MemberStatus::suspect;
  change(now, slot, liveness, core_.self, std::nullopt, out);
}

// One more says so, for himself. All are told who it was, so that each can count (Lifeguard IV.B).
void Knowledge::confirm(Instant now, Slot slot, const NodeId& accuser) {
  if (!suspicions_.accuse(now, slot, accuser)) return;
  core_.table.set_liveness(slot, core_.table[slot].liveness(), accuser);
  core_.news.add_liveness(slot, MemberStatus::suspect);
}

void Knowledge::declare_dead(Instant now, Slot slot, Outbox& out) {
  Liveness liveness = core_.table[slot].liveness();
  if (liveness.status != MemberStatus::suspect) return;
  liveness.status = MemberStatus::dead;
  ++core_.counters.declared_dead;
  change(now, slot, liveness, core_.self, std::nullopt, out);
}

void Knowledge::set_own_tags(Tags tags) {
  core_.table.set_tags(kSelf, {core_.table[kSelf].tags_version + 1, std::move(tags)});
  core_.news.add_tags(kSelf);
}

void Knowledge::resume(const Snapshot& former) {
  const Record& own = core_.table[kSelf];
  if (former.incarnation >= own.incarnation && former.incarnation < kCountMax) {
    core_.table.set_liveness(kSelf, {former.incarnation + 1, MemberStatus::alive, core_.advertise},
                             std::nullopt);
    core_.news.add_liveness(kSelf, MemberStatus::alive);
  }
  if (former.tags_version >= own.tags_version && former.tags_version < kCountMax) {
    core_.table.set_tags(kSelf, {former.tags_version + 1, own.tags()});
    core_.news.add_tags(kSelf);
  }
}

void Knowledge::leave() {
  Liveness liveness = core_.table[kSelf].liveness();
  liveness.status = MemberStatus::left;
  core_.table.set_liveness(kSelf, liveness, std::nullopt);
  left_ = true;
}

void Knowledge::prune(Instant now) {
  while (const auto oldest = core_.table.oldest_tombstone()) {
    const auto [since, slot] = *oldest;
    const bool old = now >= since + core_.tombstone_ttl;
    if (!old && core_.table.tombstones() <= core_.config.tombstones_max) break;
    core_.news.forget(slot);
    const bool dead = core_.table[slot].status == MemberStatus::dead;
    forgotten_.push_back({slot, core_.peer(slot), dead});
    flaps_.forget(slot);
    core_.table.remove(slot);
  }
  watch_tombstones(now);
}

void Knowledge::notice(Instant now, NoticeKind kind, std::string detail, Outbox& out) {
  if (notices_.take(now)) out.push(Notice{kind, std::move(detail)});
}

void Knowledge::apply_liveness(Instant now, Slot slot, Liveness claim,
                               const std::optional<std::string_view>& accuser, Outbox& out) {
  const Liveness held = core_.table[slot].liveness();
  if (claim == held) {
    if (claim.status == MemberStatus::suspect && accuser) {
      confirm(now, slot, *NodeId::parse(*accuser));
    }
    return;
  }
  if (claim < held) {
    const bool gone = !is_member(held.status);
    if (gone && is_member(claim.status) && core_.config.reminders) {
      remind(now, slot, claim.address);
    }
    return;
  }
  std::optional<Duration> limit;
  const Duration grace = core_.config.hearsay_grace;
  if (claim.status == MemberStatus::dead && is_member(held.status) && grace > Duration::zero()) {
    const bool accused_here =
        held.status == MemberStatus::suspect && held.incarnation == claim.incarnation;
    if (accused_here) {
      // Its time here is over; verdict.h says when that becomes a death.
      if (suspicions_.confirm(now, slot, grace)) core_.timers.arm({Wake::suspicion, slot}, now);
      return;
    }
    claim.status = MemberStatus::suspect;
    limit = grace;
    ++core_.counters.downgraded;
    reminders_.push_back({slot, claim.address});
  }
  ++core_.counters.updates_applied;
  change(now, slot, claim, copy(accuser), limit, out);
}

void Knowledge::change(Instant now, Slot slot, const Liveness& to, std::optional<NodeId> accuser,
                       std::optional<Duration> suspicion_limit, Outbox& out) {
  const MemberStatus from = core_.table[slot].status;
  const MemberStatus told = core_.table[slot].told_status();
  const bool suspected = to.status == MemberStatus::suspect;
  const bool returning = returns(slot, to);
  if (!returning) note_flap(now, slot, to);
  if (suspected) {
    ++core_.counters.suspicions;
    suspicions_.start(now, slot, accuser, flaps_.damping(slot), suspicion_limit);
    if (accuser != core_.self) accused_.push_back(slot);
  } else {
    suspicions_.stop(slot);
  }
  if (!suspected && to.status != MemberStatus::dead) accuser.reset();
  core_.table.set_liveness(slot, to, accuser);
  if (to.status == MemberStatus::alive && from != MemberStatus::left) {
    core_.news.add_refutation(slot);
  } else {
    core_.news.add_liveness(slot, to.status);
  }
  set_returning(now, slot, returning);

  const Record& member = core_.table[slot];
  const bool was = is_member(from);
  const bool is = is_member(to.status);
  if (!is) {
    core_.table.bury(slot, now);
    watch_tombstones(now);
  }
  if (from != to.status) changes_.push_back({slot, was != is, is && !was});
  if (is && !was && member.tags_version > 0) core_.news.add_tags(slot);
  if (returning || is_member(told) == is) return;
  const auto kind =
      is ? (told == MemberStatus::dead ? MemberEventKind::recovered : MemberEventKind::joined)
         : (to.status == MemberStatus::dead ? MemberEventKind::failed : MemberEventKind::left);
  out.push(MemberEvent{kind, member.view().copy()});
}

// Does it come back from isolation, or has it, and is not yet told?
bool Knowledge::returns(Slot slot, const Liveness& to) const {
  const Record& held = core_.table[slot];
  if (!is_member(to.status) || life_of(to.incarnation) != life_of(held.incarnation)) return false;
  return held.returning ||
         (held.status == MemberStatus::dead && isolated_since(held, to, held.buried));
}

// Whoever was cut off too is no witness: then it was the network of all.
bool Knowledge::isolated_since(const Record& held, const Liveness& to, Instant since) const {
  return core_.config.degraded_refutations > 0 &&
         isolations_of(to.incarnation) > isolations_of(held.incarnation) &&
         !core_.network.doubted_since(since);
}

void Knowledge::set_returning(Instant now, Slot slot, bool returning) {
  Record& member = core_.table.local(slot);
  if (member.returning == returning) return;
  member.returning = returning;
  if (!returning) {
    returning_.erase(slot);
    return;
  }
  returning_.insert(slot);
  const Reason reason{Wake::returns, 0};
  if (!core_.timers.deadline(reason)) core_.timers.arm(reason, now + core_.config.return_wait);
}

void Knowledge::tell_returns(Instant now, Outbox& out) {
  for (const Slot slot : std::exchange(returning_, {})) {
    core_.table.local(slot).returning = false;
    out.push(MemberEvent{MemberEventKind::recovered, core_.table[slot].view().copy()});
    flaps_.on_isolated(now, slot);
  }
}

// Before the table changes: what the member's new incarnation says of its former trouble.
void Knowledge::note_flap(Instant now, Slot slot, const Liveness& to) {
  const Record& held = core_.table[slot];
  if (life_of(to.incarnation) != life_of(held.incarnation)) return flaps_.forget(slot);
  if (to.status != MemberStatus::alive) return;
  if (is_member(held.status) && isolated_since(held, to, now)) {
    flaps_.on_isolated(now, slot);
  } else if (held.status == MemberStatus::dead) {
    flaps_.on_refuted(now, slot, true, {});
  } else if (held.status == MemberStatus::suspect) {
    flaps_.on_refuted(now, slot, false, suspicions_.accusers(slot));
  }
}

// Tags are ordered by version, then by content (claim.h). Equal ones, which most are, are seen to
// be so by their bytes.
bool Knowledge::is_news(const Record& record, const TagsView& tags) const {
  if (tags.version != record.tags_version) return tags.version > record.tags_version;
  if (record.tag_set != nullptr && std::ranges::equal(record.tag_set->pairs, tags.pairs)) {
    return false;
  }
  return record.tags() < *parse_tags(tags.pairs);
}

void Knowledge::about_self(Instant now, const UpdateView& update, Outbox& out) {
  if (left_) return;
  if (update.tags) {
    // A former life's tags, or somebody's error: ours are right, and say so with a later version.
    const Record& own = core_.table[kSelf];
    if (is_news(own, *update.tags) && update.tags->version < kCountMax) {
      core_.table.set_tags(kSelf, {update.tags->version + 1, own.tags()});
      core_.news.add_tags(kSelf);
      refuted_ = true;
    }
  }
  if (update.tags_at && *update.tags_at > core_.table[kSelf].tags_version &&
      *update.tags_at < kCountMax) {
    core_.table.set_tags(kSelf, {*update.tags_at + 1, core_.table[kSelf].tags()});
    core_.news.add_tags(kSelf);
    refuted_ = true;
  }
  const Liveness& claim = update.liveness;
  const Liveness held = core_.table[kSelf].liveness();
  if (claim.incarnation < held.incarnation || claim == held) return;
  if (claim.incarnation >= kCountMax) {
    return notice(now, NoticeKind::limit_reached, "an incarnation that cannot be refuted", out);
  }
  if (claim.address != core_.advertise) {
    // Once: a former life at another address. Again, and with a later incarnation than we refuted
    // it with: somebody lives there.
    if (!moves_.take(now)) return;
    if (moved_ && now - *moved_ < kConflictMemory) {
      notice(now, NoticeKind::node_conflict,
             "another process is " + core_.self.text() + " at " + to_text(claim.address), out);
    }
    moved_ = now;
  }
  // Nobody can have found us dead so soon after the first meeting: it is of a former life.
  const bool met = met_ && now - *met_ >= kNewsLifetime / 2;
  const bool former = claim.incarnation > held.incarnation || (!met && !is_member(claim.status));
  const Incarnation next = former                            ? next_life(claim.incarnation)
                           : was_isolated(now, claim.status) ? next_isolation(claim.incarnation)
                                                             : claim.incarnation + 1;
  // An accusation that we did not prevent: we may be the one who is slow (Lifeguard IV.A).
  if (!former && claim.status != MemberStatus::alive) core_.health.worsen(1);
  core_.table.set_liveness(kSelf, {next, MemberStatus::alive, core_.advertise}, std::nullopt);
  core_.news.add_liveness(kSelf, MemberStatus::alive);
  refuted_ = true;
  ++core_.counters.refutations;
  if (claim.status == MemberStatus::alive) return;
  std::string detail =
      std::string(to_text(claim.status)) + " at incarnation " + std::to_string(claim.incarnation);
  if (update.accuser) detail += ", says " + std::string(*update.accuser);
  notice(now, NoticeKind::refuted, std::move(detail), out);
}

// Dead to others, and we heard nobody meanwhile. Who tells a suspicion that would be over by now
// has only not heard of the death.
bool Knowledge::was_isolated(Instant now, MemberStatus said) const {
  const std::size_t members = core_.table.size();
  return (said == MemberStatus::dead &&
          core_.network.alone(now, suspicion_min(core_.config, members))) ||
         (said == MemberStatus::suspect &&
          core_.network.alone(now, suspicion_length(core_.config, members, 0)));
}

void Knowledge::remind(Instant now, Slot slot, const Address& address) {
  if (now - core_.table[slot].buried < kNewsLifetime) return;
  const auto told = core_.table.told(slot);
  if (told && now - *told < core_.config.probe_interval) return;
  if (!remindable_.take(now)) return;
  core_.table.note_told(slot, now);
  reminders_.push_back({slot, address});
}

std::optional<Slot> Knowledge::add(Instant now, const NodeId& id, const Liveness& liveness,
                                   const std::optional<NodeId>& accuser,
                                   const std::optional<TagsView>& tags, Outbox& out) {
  if (core_.table.size() >= core_.config.members_max) {
    notice(now, NoticeKind::limit_reached, "members_max: " + id.text() + " is refused", out);
    return std::nullopt;
  }
  const Slot slot = core_.table.add(id, liveness);
  ++core_.counters.updates_applied;
  if (tags && tags->version > 0) {
    core_.table.set_tags(slot, tags->version, tags->pairs);
    core_.news.add_birth(slot);
  } else {
    core_.news.add_liveness(slot, liveness.status);
  }
  if (liveness.status == MemberStatus::suspect) {
    ++core_.counters.suspicions;
    core_.table.set_liveness(slot, liveness, accuser);
    suspicions_.start(now, slot, accuser, Duration::zero(), std::nullopt);
  }
  changes_.push_back({slot, true, false});
  out.push(MemberEvent{MemberEventKind::joined, core_.table[slot].view().copy()});
  return slot;
}

void Knowledge::watch_tombstones(Instant now) {
  const auto oldest = core_.table.oldest_tombstone();
  if (!oldest) {
    core_.timers.disarm({Wake::tombstone, 0});
    return;
  }
  // One over the maximum is forgotten at the next wake-up and not here: callers hold slots.
  const bool over = core_.table.tombstones() > core_.config.tombstones_max;
  const Instant due = over ? now : oldest->first + core_.tombstone_ttl;
  core_.timers.arm({Wake::tombstone, 0}, due);
}

}  // namespace rpcnet::swim
