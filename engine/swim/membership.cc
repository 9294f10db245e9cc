// Upkeep of the table's indexes.
#include "engine/swim/membership.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/assert.h"
#include "engine/swim/message.h"

namespace rpcnet::swim {
namespace {

// FNV-1a with a final mix (splitmix64): prints are combined by exclusive or, so every bit of one
// must depend on all that went in. Not for secrets; a collision costs one comparison that finds
// nothing until the next change.
class Print {
 public:
  void add(std::uint64_t value) {
    for (int octets = 8; octets > 0; --octets, value >>= 8) {
      if (value == 0) return add_zeros(octets);
      step(static_cast<std::uint8_t>(value));
    }
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
  static constexpr std::uint64_t kPrime = 0x100000001b3;

  void step(std::uint8_t byte) { state_ = (state_ ^ byte) * kPrime; }
  // As many steps, of which each only multiplies: most numbers are small.
  void add_zeros(int count) {
    static constexpr auto kPowers = [] {
      std::array<std::uint64_t, 9> powers{1};
      for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * kPrime;
      return powers;
    }();
    state_ *= kPowers[static_cast<std::size_t>(count)];
  }
  std::uint64_t state_ = 0xcbf29ce484222325;
};

std::uint32_t check_of(const Record& record) {
  Print print;
  print.add(record.address);
  for (const auto& [key, value] : record.tags()) {
    print.add(key);
    print.add(value);
  }
  return static_cast<std::uint32_t>(print.value());
}

}  // namespace

const Tags& Record::tags() const {
  static const Tags kNone;
  return tag_set != nullptr ? tag_set->tags : kNone;
}

Membership::Membership(const NodeId& self, const Address& address) {
  const Slot slot = add(self, {0, MemberStatus::alive, address});
  ENGINE_ASSERT(slot == kSelf);
}

const NodeId* Membership::accuser(Slot slot) const {
  const auto found = accusers_.find(slot);
  return found == accusers_.end() ? nullptr : &found->second;
}

std::optional<Instant> Membership::told(Slot slot) const {
  const auto found = told_.find(slot);
  return found == told_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Slot> Membership::find(std::string_view name) const {
  const std::uint32_t slot = by_name_.find(
      hash_name(name), [&](Slot candidate) { return (*this)[candidate].id.text() == name; });
  if (slot == NameIndex::kNone) return std::nullopt;
  return slot;
}

void Membership::expect(std::span<const UpdateView> updates) const {
  for (const UpdateView& update : updates) by_name_.fetch(hash_name(update.id));
  for (const UpdateView& update : updates) {
    const std::uint32_t slot = by_name_.likely(hash_name(update.id));
    if (slot != NameIndex::kNone) expect(slot);
  }
}

void Membership::reserve(std::size_t count) {
  order();  // who comes in order is then merged and not sorted
  chunks_.reserve((count + kChunk - 1) / kChunk);
  by_name_.reserve(count);
  order_.reserve(count);
  living_.reserve(count);
}

Slot Membership::add(const NodeId& id, const Liveness& liveness) {
  const Slot slot = enter(id, liveness);
  refresh_print(slot);
  return slot;
}

Slot Membership::add(const NodeId& id, const Liveness& liveness, const TagSet& tags) {
  const Slot slot = enter(id, liveness);
  set_tags(slot, tags);
  return slot;
}

Slot Membership::enter(const NodeId& id, const Liveness& liveness) {
  const Slot slot = new_slot(id);
  by_name_.add(hash_name(id.text()), slot);
  order_.push_back(slot);
  Record& added = record(slot);
  added.used = true;
  added.status = liveness.status;
  added.incarnation = liveness.incarnation;
  added.address = liveness.address;
  if (auto* list = list_of(liveness.status)) enlist(*list, slot);
  return slot;
}

Slot Membership::new_slot(const NodeId& id) {
  if (!free_.empty()) {
    const Slot slot = free_.back();
    free_.pop_back();
    record(slot) = Record(id);
    return slot;
  }
  if (slots_ % kChunk == 0) chunks_.emplace_back().reserve(kChunk);
  chunks_.back().emplace_back(id);
  return static_cast<Slot>(slots_++);
}

void Membership::set_liveness(Slot slot, const Liveness& liveness,
                              const std::optional<NodeId>& accuser) {
  Record& changed = record(slot);
  auto* from = list_of(changed.status);
  auto* to = list_of(liveness.status);
  if (from != to && from != nullptr) delist(*from, slot);
  if (from != to && to != nullptr) enlist(*to, slot);
  if (is_member(liveness.status)) graves_.erase({changed.buried, slot});
  changed.status = liveness.status;
  changed.incarnation = liveness.incarnation;
  changed.address = liveness.address;
  if (accuser) {
    accusers_.insert_or_assign(slot, *accuser);
  } else {
    accusers_.erase(slot);
  }
  refresh_print(slot);
}

void Membership::set_tags(Slot slot, const TagSet& tags) {
  set_tag_set(slot, tags.version, tags_.hold(tags.tags));
}

void Membership::set_tags(Slot slot, std::uint64_t version, BytesView pairs) {
  set_tag_set(slot, version, tags_.hold(pairs));
}

void Membership::set_tag_set(Slot slot, std::uint64_t version, const TagPool::Set* set) {
  Record& changed = record(slot);
  if (changed.tag_set != nullptr) tags_.release(changed.tag_set);
  changed.tags_version = version;
  changed.tag_set = set;
  refresh_print(slot);
}

void Membership::bury(Slot slot, Instant now) {
  Record& buried = record(slot);
  ENGINE_ASSERT(!is_member(buried.status));
  graves_.erase({buried.buried, slot});
  buried.buried = now;
  graves_.emplace(now, slot);
}

void Membership::remove(Slot slot) {
  Record& removed = record(slot);
  ENGINE_ASSERT(removed.used && !is_member(removed.status));
  graves_.erase({removed.buried, slot});
  if (auto* list = list_of(removed.status)) delist(*list, slot);
  fingerprint_ ^= removed.print;
  by_name_.remove(hash_name(removed.id.text()), slot);
  order();
  order_.erase(std::find(order_.begin(), order_.end(), slot));
  ordered_ = order_.size();
  accusers_.erase(slot);
  told_.erase(slot);
  if (removed.tag_set != nullptr) tags_.release(std::exchange(removed.tag_set, nullptr));
  removed.used = false;
  free_.push_back(slot);
}

std::optional<std::pair<Instant, Slot>> Membership::oldest_tombstone() const {
  if (graves_.empty()) return std::nullopt;
  return *graves_.begin();
}

const std::vector<Slot>& Membership::order() const {
  if (ordered_ == order_.size()) return order_;
  const auto before = [this](Slot x, Slot y) { return (*this)[x].id < (*this)[y].id; };
  const auto fresh = order_.begin() + static_cast<std::ptrdiff_t>(ordered_);
  if (!std::is_sorted(fresh, order_.end(), before)) std::sort(fresh, order_.end(), before);
  std::inplace_merge(order_.begin(), fresh, order_.end(), before);
  ordered_ = order_.size();
  return order_;
}

std::optional<Slot> Membership::random_dead(Rng& rng) const {
  if (dead_.empty()) return std::nullopt;
  return dead_[rng.below(dead_.size())];
}

void Membership::refresh_print(Slot slot) {
  Record& changed = record(slot);
  fingerprint_ ^= changed.print;
  changed.check = check_of(changed);
  changed.print = 0;
  if (is_member(changed.status)) {
    // Tombstones are left out: each node forgets them by its own time.
    Print print;
    print.add(changed.id.text());
    print.add(changed.incarnation);
    print.add(static_cast<std::uint64_t>(changed.status));
    print.add(changed.tags_version);
    print.add(changed.check);
    changed.print = print.value();
  }
  fingerprint_ ^= changed.print;
}

void Membership::enlist(std::vector<Slot>& list, Slot slot) {
  record(slot).place = static_cast<std::uint32_t>(list.size());
  list.push_back(slot);
}

void Membership::delist(std::vector<Slot>& list, Slot slot) {
  const std::uint32_t place = record(slot).place;
  ENGINE_ASSERT(place < list.size() && list[place] == slot);
  list[place] = list.back();
  record(list[place]).place = place;
  list.pop_back();
}

std::vector<Slot>* Membership::list_of(MemberStatus status) {
  if (is_member(status)) return &living_;
  return status == MemberStatus::dead ? &dead_ : nullptr;
}

}  // namespace rpcnet::swim
