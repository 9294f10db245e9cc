// The table of members: all that this node holds true, and the indexes to get at it.
//
// Records stay in place in numbered slots, so that the other parts can name a member by a small
// number; slot 0 is this node. Beside them: all slots in NodeId order (for look-up and for
// comparing views), the living apart (to draw at random), the dead apart (to be contacted again),
// and a fingerprint of all members that is kept up with each change, so that two equal views are
// recognised by one number.
//
// The table obeys; what a claim does to it is decided in knowledge.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "engine/instant.h"
#include "engine/member.h"
#include "engine/rng.h"
#include "engine/swim/claim.h"

namespace rpcnet::swim {

using Slot = std::uint32_t;
inline constexpr Slot kSelf = 0;

struct Record {
  explicit Record(const NodeId& id) : member{id, {}, {}, 0, 0, {}} {}

  Member member;
  std::optional<NodeId> accuser;  // of a suspect or dead one: who said so, as far as we know
  std::uint32_t check = 0;        // of address and tags, as in DigestEntry
  std::optional<Instant> last_heard;
  std::optional<LinkId> link;  // on which it was last heard: the best to answer on
  std::uint32_t active_calls = 0;
  std::uint64_t report = 0;      // how many loads it has reported
  std::optional<Instant> told;   // when it was last told of an accusation outside of a probe
  Instant buried{};              // when it died or left
  std::uint64_t print = 0;       // its part of the fingerprint
  std::uint32_t place = 0;       // in the list of living or of dead
  bool used = false;

  Liveness liveness() const { return {member.incarnation, member.status, member.address}; }
};

class Membership {
 public:
  Membership(const NodeId& self, const Address& address);

  // The record of a slot stays where it is until it is removed.
  const Record& operator[](Slot slot) const { return records_[slot]; }
  Record& local(Slot slot) { return records_[slot]; }  // for what is not told to others

  std::optional<Slot> find(const NodeId& id) const;

  Slot add(const NodeId& id, const Liveness& liveness);
  void set_liveness(Slot slot, const Liveness& liveness, std::optional<NodeId> accuser);
  void set_tags(Slot slot, TagSet tags);
  void bury(Slot slot, Instant now);  // notes the time of a tombstone
  void remove(Slot slot);             // a tombstone only

  std::size_t size() const { return living_.size(); }  // members, this node among them
  std::size_t tombstones() const { return graves_.size(); }
  std::optional<std::pair<Instant, Slot>> oldest_tombstone() const;

  const std::vector<Slot>& order() const { return order_; }    // everybody, by NodeId
  const std::vector<Slot>& living() const { return living_; }  // members, in no order of meaning
  std::uint64_t fingerprint() const { return fingerprint_; }

  // One that was declared dead (those who left are not called back).
  std::optional<Slot> random_dead(Rng& rng) const;

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

  std::vector<Slot>::const_iterator place_of(const NodeId& id) const;
  void refresh_print(Slot slot);
  void enlist(std::vector<Slot>& list, Slot slot);
  void delist(std::vector<Slot>& list, Slot slot);
  std::vector<Slot>* list_of(MemberStatus status);

  std::deque<Record> records_;
  std::vector<Slot> free_;
  std::vector<Slot> order_;
  std::vector<Slot> living_;
  std::vector<Slot> dead_;
  std::set<std::pair<Instant, Slot>> graves_;
  std::uint64_t fingerprint_ = 0;
};

}  // namespace rpcnet::swim
