// Both sides of a comparison.
#include "engine/swim/sync.h"

#include <algorithm>
#include <utility>

namespace rpcnet::swim {
namespace {

// Begun here at once, seeds apart; and those that others began. Consul met 3000 at once in large
// clusters and 7 GB (memberlist then capped at 128).
constexpr std::size_t kAskingMax = 4;
constexpr std::size_t kServingMax = 64;

constexpr Duration kSyncTimeout = std::chrono::seconds(5);  // without any progress

// What may be sent ahead of the allowed rate: a second's worth, so that a burst of joins is served.
constexpr Duration kAhead = std::chrono::seconds(1);

constexpr std::size_t kEntriesMax = 128;  // of one frame: 11 KiB at the longest ids

}  // namespace

bool Sync::begin(Instant now, const Peer& peer, bool urgent, Outbox& out) {
  if (running(peer)) return true;
  if (!urgent && (asking_ >= kAskingMax || spent(now))) return false;
  Link* link = core_.links.reach(now, peer, out);
  if (link == nullptr) return false;
  const std::uint64_t number = ++next_;
  Session& session = sessions_[number];
  session.peer = peer;
  session.link = link->id;
  session.asker = true;
  ++asking_;
  ++core_.counters.syncs_started;
  touch(now, number);
  if (link->may_open_stream()) open(now, number, session, *link, out);
  return true;
}

void Sync::fetch(Instant now, const Peer& peer, std::vector<NodeId> ids, Outbox& out) {
  Link* link = core_.links.reach(now, peer, out);
  if (link == nullptr) return;
  const std::uint64_t number = ++next_;
  Session& session = sessions_[number];
  session.peer = peer;
  session.link = link->id;
  session.asker = true;
  session.wants.ids = std::move(ids);
  ++fetching_;
  ++core_.counters.fetches;
  touch(now, number);
  if (link->may_open_stream()) open(now, number, session, *link, out);
}

bool Sync::running(const Peer& peer) const {
  return std::any_of(sessions_.begin(), sessions_.end(), [&](const auto& entry) {
    return entry.second.asker && entry.second.wants.ids.empty() && entry.second.peer == peer;
  });
}

void Sync::on_link_ready(Instant now, Link& link, Outbox& out) {
  for (auto& [number, session] : sessions_) {
    if (session.link != link.id || session.stream || !link.may_open_stream()) continue;
    open(now, number, session, link, out);
  }
}

void Sync::on_link_down(LinkId link, const std::string& detail, bool refused) {
  for (auto it = sessions_.begin(); it != sessions_.end();) {
    const auto position = it++;
    if (position->second.link == link) finish(position, false, detail, refused);
  }
}

bool Sync::on_message(Instant now, const StreamKey& key, const Body& body, Outbox& out) {
  const std::uint64_t before = core_.counters.bytes_sent;
  const bool right = take(now, key, body, out);
  spend(now, core_.counters.bytes_sent - before);
  return right;
}

bool Sync::take(Instant now, const StreamKey& key, const Body& body, Outbox& out) {
  if (const auto* open = std::get_if<SyncOpen>(&body)) return serve(now, key, *open, out);
  const auto position = find(key);
  const bool ours = key.second.opened_by_dialler() == key.first.dialled();
  if (const auto* wants = std::get_if<SyncWants>(&body);
      wants != nullptr && position == sessions_.end() && !ours) {
    return serve_wants(now, key, *wants, out);
  }
  // The rest of an exchange that we have given up.
  if (position == sessions_.end()) return true;
  Session& session = position->second;
  touch(now, position->first);
  if (const auto* verdict = std::get_if<SyncVerdict>(&body)) {
    if (!session.asker || session.differs) return false;
    if (verdict->same) {
      out.push(WriteStream{key.first, key.second, {}, true});
      finish(position, true, {});
    } else {
      session.differs = true;
      send_digest(session, out);
    }
    return true;
  }
  if (const auto* digest = std::get_if<SyncDigest>(&body)) {
    // Many may have asked while there was room, and each answer is a view.
    if (!session.asker && spent(now)) {
      refuse(key, out);
      finish(position, false, "too busy");
      return true;
    }
    return !session.asker && !session.done && compare(session, *digest, out);
  }
  if (const auto* wants = std::get_if<SyncWants>(&body)) {
    if (!session.asker || !session.differs) return false;
    give(session, *wants, out);
    return true;
  }
  if (std::holds_alternative<SyncEnd>(body)) {
    if (!session.asker || !session.differs) return false;
    // A fetch has said all it has to say.
    if (session.wants.ids.empty()) out.push(WriteStream{key.first, key.second, {}, true});
    finish(position, true, {});
    return true;
  }
  return std::holds_alternative<Gossip>(body);
}

void Sync::on_end(const StreamKey& key, bool abandoned, Outbox& out) {
  const auto position = find(key);
  if (position == sessions_.end()) return;
  if (position->second.asker) out.push(ResetStream{key.first, key.second, StreamCode::none});
  finish(position, false, abandoned ? "the peer is too busy to compare views" : "ended early");
}

void Sync::on_timeout(std::uint64_t number, Outbox& out) {
  const auto position = sessions_.find(number);
  if (position == sessions_.end()) return;
  const Session& session = position->second;
  if (session.stream) {
    out.push(ResetStream{session.link, *session.stream, StreamCode::cancelled});
    out.push(StopStream{session.link, *session.stream, StreamCode::cancelled});
  }
  finish(position, false, "no answer");
}

void Sync::extend(Instant now) {
  for (const auto& [number, session] : sessions_) touch(now, number);
}

void Sync::clear() {
  while (!sessions_.empty()) finish(sessions_.begin(), false, "leaving");
  results_.clear();
}

void Sync::open(Instant now, std::uint64_t number, Session& session, Link& link, Outbox& out) {
  session.stream = core_.links.open_stream(link);
  by_stream_.emplace(StreamKey{link.id, *session.stream}, number);
  touch(now, number);
  if (!session.wants.ids.empty()) {
    session.differs = true;
    courier_.frame(link.id, *session.stream, std::nullopt, session.wants, {}, true, out);
    return;
  }
  const Slot self = kSelf;
  const SyncOpen message{core_.table.fingerprint()};
  courier_.frame(link.id, *session.stream, std::nullopt, message, {&self, 1}, false, out);
}

bool Sync::serve(Instant now, const StreamKey& key, const SyncOpen& open, Outbox& out) {
  if (find(key) != sessions_.end()) return false;
  if (refuse_if_busy(now, key, out)) return true;
  ++core_.counters.syncs_served;
  const Slot self = kSelf;
  const bool same = !core_.config.sync_whole && open.fingerprint == core_.table.fingerprint();
  courier_.frame(key.first, key.second, std::nullopt, SyncVerdict{same}, {&self, 1}, same, out);
  if (same) return true;
  const std::uint64_t number = ++next_;
  Session& session = sessions_[number];
  session.peer = {core_.advertise, std::nullopt};
  session.link = key.first;
  session.stream = key.second;
  by_stream_.emplace(key, number);
  touch(now, number);
  return true;
}

bool Sync::serve_wants(Instant now, const StreamKey& key, const SyncWants& wants, Outbox& out) {
  if (refuse_if_busy(now, key, out)) return true;
  ++core_.counters.fetches_served;
  Session session;
  session.link = key.first;
  session.stream = key.second;
  give(session, wants, out);
  courier_.frame(key.first, key.second, std::nullopt, SyncEnd{}, {}, true, out);
  return true;
}

bool Sync::refuse_if_busy(Instant now, const StreamKey& key, Outbox& out) {
  if (sessions_.size() - asking_ - fetching_ < kServingMax && !spent(now)) return false;
  refuse(key, out);
  return true;
}

void Sync::refuse(const StreamKey& key, Outbox& out) {
  ++core_.counters.syncs_refused;
  out.push(ResetStream{key.first, key.second, StreamCode::refused});
  out.push(StopStream{key.first, key.second, StreamCode::refused});
}

bool Sync::spent(Instant now) const { return paid_until_ > now + kAhead; }

void Sync::spend(Instant now, std::uint64_t bytes) {
  const std::uint64_t rate = std::max<std::uint64_t>(core_.config.sync_bytes_per_s, 1);
  constexpr std::uint64_t kNanoseconds = 1'000'000'000;
  const Duration cost(static_cast<std::int64_t>(bytes * kNanoseconds / rate));
  paid_until_ = std::max(paid_until_, now) + cost;
}

void Sync::send_digest(const Session& session, Outbox& out) {
  SyncDigest digest;
  const auto flush = [&] {
    courier_.frame(session.link, *session.stream, std::nullopt, digest, {}, false, out);
    digest.entries.clear();
  };
  if (core_.config.sync_whole) {
    // All of ours, and an empty digest, which asks for all of theirs.
    std::vector<Slot> members;
    for (const Slot slot : core_.table.order()) {
      if (is_member(core_.table[slot].status)) members.push_back(slot);
    }
    courier_.frames(session.link, *session.stream, Gossip{}, members, out);
    digest.last = true;
    return flush();
  }
  for (const Slot slot : core_.table.order()) {
    const Record& record = core_.table[slot];
    digest.entries.push_back(
        {record.id, record.incarnation, record.status, record.tags_version, record.check});
    if (digest.entries.size() == kEntriesMax) flush();
  }
  digest.last = true;
  flush();
}

bool Sync::compare(Session& session, const SyncDigest& digest, Outbox& out) {
  const auto& order = core_.table.order();
  const auto id_of = [&](Slot slot) -> const NodeId& { return core_.table[slot].id; };
  auto mine = order.begin();
  if (session.compared) {
    mine = std::upper_bound(order.begin(), order.end(), *session.compared,
                            [&](const NodeId& id, Slot slot) { return id < id_of(slot); });
  }
  std::vector<Slot> gives;
  SyncWants wants;
  const auto flush_wants = [&] {
    if (wants.ids.empty()) return;
    courier_.frame(session.link, *session.stream, std::nullopt, wants, {}, false, out);
    wants.ids.clear();
  };
  // Whom the asker does not mention it does not know; of the dead it need not hear.
  const auto give_unknown = [&](Slot slot) {
    if (is_member(core_.table[slot].status)) gives.push_back(slot);
  };
  for (const DigestEntry& theirs : digest.entries) {
    if (session.compared && !(*session.compared < theirs.id)) return false;
    session.compared = theirs.id;
    while (mine != order.end() && id_of(*mine) < theirs.id) give_unknown(*mine++);
    bool want = is_member(theirs.status);
    if (mine != order.end() && id_of(*mine) == theirs.id) {
      const Record& record = core_.table[*mine];
      const auto held = std::pair(record.incarnation, record.status);
      const auto told = std::pair(theirs.incarnation, theirs.status);
      const bool tie = held == told && record.tags_version == theirs.tags_version &&
                       record.check != theirs.check;
      want = held < told || record.tags_version < theirs.tags_version || tie;
      if (told < held || theirs.tags_version < record.tags_version || tie) {
        gives.push_back(*mine);
      }
      ++mine;
    }
    if (want) wants.ids.push_back(theirs.id);
    if (wants.ids.size() == kEntriesMax) flush_wants();
  }
  if (digest.last) {
    while (mine != order.end()) give_unknown(*mine++);
  }
  courier_.frames(session.link, *session.stream, Gossip{}, gives, out);
  flush_wants();
  if (!digest.last) return true;
  session.done = true;
  courier_.frame(session.link, *session.stream, std::nullopt, SyncEnd{}, {}, true, out);
  return true;
}

void Sync::give(const Session& session, const SyncWants& wants, Outbox& out) {
  std::vector<Slot> gives;
  for (const NodeId& id : wants.ids) {
    if (const auto slot = core_.table.find(id)) gives.push_back(*slot);
  }
  courier_.frames(session.link, *session.stream, Gossip{}, gives, out);
}

void Sync::finish(Position position, bool completed, std::string detail, bool refused) {
  const auto& [number, session] = *position;
  core_.timers.disarm({Wake::sync, number});
  if (session.stream) by_stream_.erase(StreamKey{session.link, *session.stream});
  if (!session.wants.ids.empty()) {
    // Of one that failed there is nothing to tell: what is still wanted is asked for again.
    --fetching_;
  } else if (session.asker) {
    --asking_;
    ++(completed ? core_.counters.syncs_completed : core_.counters.syncs_failed);
    results_.push_back({session.peer, completed, std::move(detail), refused});
  }
  sessions_.erase(position);
}

Sync::Position Sync::find(const StreamKey& key) {
  const auto found = by_stream_.find(key);
  return found == by_stream_.end() ? sessions_.end() : sessions_.find(found->second);
}

void Sync::touch(Instant now, std::uint64_t number) {
  core_.timers.arm({Wake::sync, number}, now + kSyncTimeout);
}

}  // namespace rpcnet::swim
