// The table of members: all that this node holds true, and the indexes to get at it.
//
// Records stay in place in numbered slots, so that the other parts can name a member by a small
// number; slot 0 is this node. Beside them: the slots by name, all slots in NodeId order (for
// comparing and showing views; newcomers are sorted in when somebody looks), the living apart (to
// draw at random), the dead apart (to be contacted again), and a fingerprint of all members that
// is kept up with each change, so that two equal views are recognised by one number.
//
// A cluster of N nodes holds N * N records in all, and most news is of what is held already: a
// record is two cache lines, of which the first has all that is needed to see that.
//
// The table obeys; what a claim does to it is decided in knowledge.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/instant.h"
#include "engine/member.h"
#include "engine/name_index.h"
#include "engine/rng.h"
#include "engine/swim/claim.h"
#include "engine/swim/tag_pool.h"

namespace rpcnet::swim {

struct UpdateView;

using Slot = std::uint32_t;
inline constexpr Slot kSelf = 0;

// A value or none, in the room of the value: one that never occurs stands for none.
constexpr Instant none_of(Instant) { return Instant::min(); }
constexpr LinkId none_of(LinkId) { return {}; }  // links are numbered from 1

template <typename Value>
class OrNone {
 public:
  OrNone& operator=(Value value) {
    value_ = value;
    return *this;
  }
  explicit operator bool() const { return value_ != none_of(Value{}); }
  Value operator*() const { return value_; }
  std::optional<Value> optional() const { return *this ? std::optional(value_) : std::nullopt; }
  friend bool operator==(const OrNone& held, Value value) { return held.value_ == value; }

 private:
  Value value_ = none_of(Value{});
};

struct Record {
  explicit Record(const NodeId& name) : id(name) {}

  NodeId id;
  Address address;
  MemberStatus status{};
  bool used : 1 = false;
  bool returning : 1 = false;  // alive again, and not yet told (knowledge.h)
  std::uint32_t place = 0;     // in the list of living or of dead
  Incarnation incarnation = 0;

  std::uint64_t tags_version = 0;
  const TagPool::Set* tag_set = nullptr;  // nullptr: none
  std::uint32_t check = 0;                // of address and tags, as in DigestEntry
  std::uint32_t active_calls = 0;
  std::uint64_t print = 0;     // its part of the fingerprint
  OrNone<Instant> last_heard;  // none: never
  OrNone<LinkId> link;         // on which that was: the best to answer on
  std::uint64_t report = 0;    // how many loads it has reported
  Instant buried{};            // when it died or left

  Liveness liveness() const { return {incarnation, status, address}; }
  const Tags& tags() const;
  // As the program is told, which holds who is returning to be dead still.
  MemberStatus told_status() const { return returning ? MemberStatus::dead : status; }
  MemberView view() const {
    return {id, address, told_status(), incarnation, tags_version, tags()};
  }
};
static_assert(sizeof(Record) <= 128);

class Membership {
 public:
  Membership(const NodeId& self, const Address& address);

  // The record of a slot stays where it is until it is removed.
  const Record& operator[](Slot slot) const { return chunks_[slot / kChunk][slot % kChunk]; }
  Record& local(Slot slot) { return record(slot); }  // for what is not told to others

  // When it was last told of an accusation outside of a probe.
  std::optional<Instant> told(Slot slot) const;
  void note_told(Slot slot, Instant now) { told_.insert_or_assign(slot, now); }

  // Who said that a suspect or dead one is that, as far as we know; nullptr: nobody.
  const NodeId* accuser(Slot slot) const;

  std::optional<Slot> find(const NodeId& id) const { return find(std::string_view(id.text())); }
  std::optional<Slot> find(std::string_view name) const;

  // Says that these will be looked for: fetches what find() would wait for, all at once. The table
  // of a large cluster is in no cache when its next message comes.
  void expect(std::span<const UpdateView> updates) const;
  void expect(Slot slot) const {
    const Record& record = (*this)[slot];
    __builtin_prefetch(&record);
    __builtin_prefetch(&record.tags_version);
  }

  // Room for so many.
  void reserve(std::size_t count);

  Slot add(const NodeId& id, const Liveness& liveness);
  Slot add(const NodeId& id, const Liveness& liveness, const TagSet& tags);
  void set_liveness(Slot slot, const Liveness& liveness, const std::optional<NodeId>& accuser);
  void set_tags(Slot slot, const TagSet& tags);
  void set_tags(Slot slot, std::uint64_t version, BytesView pairs);  // as in TagsView
  void bury(Slot slot, Instant now);  // notes the time of a tombstone
  void remove(Slot slot);             // a tombstone only

  std::size_t size() const { return living_.size(); }  // members, this node among them
  std::size_t tombstones() const { return graves_.size(); }
  std::optional<std::pair<Instant, Slot>> oldest_tombstone() const;

  const std::vector<Slot>& order() const;                      // everybody, by NodeId
  const std::vector<Slot>& living() const { return living_; }  // members, in no order of meaning
  std::uint64_t fingerprint() const { return fingerprint_; }

  std::size_t dead() const { return dead_.size(); }
  // One that was declared dead (those who left are not called back).
  std::optional<Slot> random_dead(Rng& rng) const;

  // Any living member other than this node for whom accept(slot) holds, if there is one: for what
  // few are accepted for. Looks at all of them if it must.
  template <typename Accept>
  std::optional<Slot> draw_one(Rng& rng, Accept&& accept) const {
    const std::size_t first = rng.below(living_.size());
    for (std::size_t i = 0; i < living_.size(); ++i) {
      const Slot slot = living_[(first + i) % living_.size()];
      if (slot != kSelf && accept(slot)) return slot;
    }
    return std::nullopt;
  }

  // Up to `count` distinct living members other than this node, for whom accept(slot) holds.
  // Draws at most a few times as often as asked for, so it may find fewer than there are when
  // most are not acceptable.
  template <typename Accept>
  std::vector<Slot> draw(Rng& rng, std::size_t count, Accept&& accept) const {
    std::vector<Slot> drawn;
    // In a cluster not much larger than the number asked for, drawing would miss some.
    if (living_.size() <= 4 * count) return draw_few(rng, count, accept);
    for (std::size_t tries = 0; tries < 4 * count && drawn.size() < count; ++tries) {
      const Slot slot = living_[rng.below(living_.size())];
      if (slot != kSelf && !contains(drawn, slot) && accept(slot)) drawn.push_back(slot);
    }
    return drawn;
  }

 private:
  static constexpr std::size_t kChunk = 64;  // records that are allocated together

  static bool contains(const std::vector<Slot>& slots, Slot slot) {
    for (const Slot other : slots) {
      if (other == slot) return true;
    }
    return false;
  }

  template <typename Accept>
  std::vector<Slot> draw_few(Rng& rng, std::size_t count, Accept& accept) const {
    std::vector<Slot> all = living_;
    rng.shuffle(std::span(all));
    std::vector<Slot> drawn;
    for (const Slot slot : all) {
      if (drawn.size() == count) break;
      if (slot != kSelf && accept(slot)) drawn.push_back(slot);
    }
    return drawn;
  }

  Record& record(Slot slot) { return chunks_[slot / kChunk][slot % kChunk]; }
  Slot enter(const NodeId& id, const Liveness& liveness);
  Slot new_slot(const NodeId& id);
  void set_tag_set(Slot slot, std::uint64_t version, const TagPool::Set* set);
  void refresh_print(Slot slot);
  void enlist(std::vector<Slot>& list, Slot slot);
  void delist(std::vector<Slot>& list, Slot slot);
  std::vector<Slot>* list_of(MemberStatus status);

  std::vector<std::vector<Record>> chunks_;
  std::size_t slots_ = 0;  // ever used
  std::vector<Slot> free_;
  NameIndex by_name_;
  mutable std::vector<Slot> order_;
  mutable std::size_t ordered_ = 0;  // how many of it are in order; the rest came since
  std::vector<Slot> living_;
  std::vector<Slot> dead_;
  std::set<std::pair<Instant, Slot>> graves_;
  std::map<Slot, NodeId> accusers_;
  std::map<Slot, Instant> told_;
  TagPool tags_;
  std::uint64_t fingerprint_ = 0;
};

}  // namespace rpcnet::swim
