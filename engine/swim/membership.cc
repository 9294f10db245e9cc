// Upkeep of the table's indexes.
#include "engine/swim/membership.h"

#include <algorithm>
#include <utility>

#include "engine/assert.h"

namespace rpcnet::swim {
namespace {

// FNV-1a with a final mix (splitmix64): prints are combined by exclusive or, so every bit of one
// must depend on all that went in. Not for secrets; a collision costs one comparison that finds
// nothing until the next change.
class Print {
 public:
  void add(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) step(static_cast<std::uint8_t>(value >> shift));
  }
  void add(const std::string& text) {
    add(text.size());
    for (const char c : text) step(static_cast<std::uint8_t>(c));
  }
  void add(const Address& address) {
    for (const std::uint8_t byte : address.ip) step(byte);
    add(address.port);
  }
  std::uint64_t value() const {
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  void step(std::uint8_t byte) { state_ = (state_ ^ byte) * 0x100000001b3; }
  std::uint64_t state_ = 0xcbf29ce484222325;
};

std::uint32_t check_of(const Member& member) {
  Print print;
  print.add(member.address);
  for (const auto& [key, value] : member.tags) {
    print.add(key);
    print.add(value);
  }
  return static_cast<std::uint32_t>(print.value());
}

}  // namespace

Membership::Membership(const NodeId& self, const Address& address) {
  const Slot slot = add(self, {0, MemberStatus::alive, address});
  ENGINE_ASSERT(slot == kSelf);
}

std::optional<Slot> Membership::find(const NodeId& id) const {
  const auto place = place_of(id);
  if (place == order_.end() || records_[*place].member.id != id) return std::nullopt;
  return *place;
}

Slot Membership::add(const NodeId& id, const Liveness& liveness) {
  Slot slot = static_cast<Slot>(records_.size());
  if (free_.empty()) {
    records_.emplace_back(id);
  } else {
    slot = free_.back();
    free_.pop_back();
    records_[slot] = Record(id);
  }
  // The place is found before the slot is in the order, which its own search goes through.
  order_.insert(place_of(id), slot);
  Record& record = records_[slot];
  record.used = true;
  record.member.status = liveness.status;
  record.member.incarnation = liveness.incarnation;
  record.member.address = liveness.address;
  if (auto* list = list_of(liveness.status)) enlist(*list, slot);
  refresh_print(slot);
  return slot;
}

void Membership::set_liveness(Slot slot, const Liveness& liveness, std::optional<NodeId> accuser) {
  Record& record = records_[slot];
  auto* from = list_of(record.member.status);
  auto* to = list_of(liveness.status);
  if (from != to && from != nullptr) delist(*from, slot);
  if (from != to && to != nullptr) enlist(*to, slot);
  if (is_member(liveness.status)) graves_.erase({record.buried, slot});
  record.member.status = liveness.status;
  record.member.incarnation = liveness.incarnation;
  record.member.address = liveness.address;
  record.accuser = std::move(accuser);
  refresh_print(slot);
}

void Membership::set_tags(Slot slot, TagSet tags) {
  records_[slot].member.tags_version = tags.version;
  records_[slot].member.tags = std::move(tags.tags);
  refresh_print(slot);
}

void Membership::bury(Slot slot, Instant now) {
  ENGINE_ASSERT(!is_member(records_[slot].member.status));
  graves_.erase({records_[slot].buried, slot});
  records_[slot].buried = now;
  graves_.emplace(now, slot);
}

void Membership::remove(Slot slot) {
  Record& record = records_[slot];
  ENGINE_ASSERT(record.used && !is_member(record.member.status));
  graves_.erase({record.buried, slot});
  if (auto* list = list_of(record.member.status)) delist(*list, slot);
  fingerprint_ ^= record.print;
  order_.erase(place_of(record.member.id));
  record.used = false;
  free_.push_back(slot);
}

std::optional<std::pair<Instant, Slot>> Membership::oldest_tombstone() const {
  if (graves_.empty()) return std::nullopt;
  return *graves_.begin();
}

std::optional<Slot> Membership::random_dead(Rng& rng) const {
  if (dead_.empty()) return std::nullopt;
  return dead_[rng.below(dead_.size())];
}

std::vector<Slot>::const_iterator Membership::place_of(const NodeId& id) const {
  return std::lower_bound(
      order_.begin(), order_.end(), id,
      [this](Slot slot, const NodeId& wanted) { return records_[slot].member.id < wanted; });
}

void Membership::refresh_print(Slot slot) {
  Record& record = records_[slot];
  fingerprint_ ^= record.print;
  record.check = check_of(record.member);
  record.print = 0;
  if (is_member(record.member.status)) {
    // Tombstones are left out: each node forgets them by its own time.
    Print print;
    print.add(record.member.id.text());
    print.add(record.member.incarnation);
    print.add(static_cast<std::uint64_t>(record.member.status));
    print.add(record.member.tags_version);
    print.add(record.check);
    record.print = print.value();
  }
  fingerprint_ ^= record.print;
}

void Membership::enlist(std::vector<Slot>& list, Slot slot) {
  records_[slot].place = static_cast<std::uint32_t>(list.size());
  list.push_back(slot);
}

void Membership::delist(std::vector<Slot>& list, Slot slot) {
  const std::uint32_t place = records_[slot].place;
  ENGINE_ASSERT(place < list.size() && list[place] == slot);
  list[place] = list.back();
  records_[list[place]].place = place;
  list.pop_back();
}

std::vector<Slot>* Membership::list_of(MemberStatus status) {
  if (is_member(status)) return &living_;
  return status == MemberStatus::dead ? &dead_ : nullptr;
}

}  // namespace rpcnet::swim
