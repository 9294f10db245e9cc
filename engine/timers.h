// Deadlines by key: what falls due, when, and in which order.
//
// One part of the engine owns one Timers and gives every reason to wake up a key. Arming a key
// again replaces its deadline, so nothing stale ever fires. Deadlines that are due together come
// out in the order (time, sequence of arming): the order is part of the engine's result (DESIGN
// invariant 2). Late calls lose nothing: pop_due gives everything that is due, one by one.
//
//   while (const auto key = timers.pop_due(now)) { ... }   // may arm and disarm in between
//
// A heap with an index from key to place: arming and disarming are O(log n), and O(1) for the
// common case of a deadline that is later than the others, next() is O(1). Each entry has four
// children and not two, because what costs is moving entries and not comparing them. Keys are
// found by hash where hash_bits(key) exists (engine/key_index.h), else through an ordered map;
// among a few, which is what most parts have, by looking at them all.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/assert.h"
#include "engine/instant.h"
#include "engine/key_index.h"

namespace rpcnet {

// The same three verbs over an ordered map, for keys that only compare.
template <typename Key>
class OrderedIndex {
 public:
  static constexpr std::uint32_t kNone = 0xffff'ffff;

  std::uint32_t find(const Key& key) const {
    const auto found = places_.find(key);
    return found == places_.end() ? kNone : found->second;
  }
  void set(const Key& key, std::uint32_t place) { places_.insert_or_assign(key, place); }
  bool erase(const Key& key) { return places_.erase(key) > 0; }

 private:
  std::map<Key, std::uint32_t> places_;
};

template <typename Key>
concept HashableKey = requires(const Key& key) {
  { hash_bits(key) } -> std::same_as<std::uint64_t>;
};

template <typename Key>
class Timers {
 public:
  // Sets the key's deadline; an earlier one of the same key is replaced.
  void arm(const Key& key, Instant at) {
    const Entry entry{at, ++sequence_, key};
    const std::uint32_t place = find(key);
    if (place == kNone) {
      heap_.push_back(entry);
      if (!indexed_ && heap_.size() > kFew) build_index();
      rise(heap_.size() - 1);
    } else {
      heap_[place] = entry;
      settle(place);
    }
  }

  // False: the key had no deadline.
  bool disarm(const Key& key) {
    const std::uint32_t place = find(key);
    if (place == kNone) return false;
    remove(place);
    return true;
  }

  std::optional<Instant> deadline(const Key& key) const {
    const std::uint32_t place = find(key);
    if (place == kNone) return std::nullopt;
    return heap_[place].at;
  }

  // The earliest deadline of all.
  std::optional<Instant> next() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front().at;
  }

  // The first key whose deadline is at or before `now`, which is disarmed by this.
  std::optional<Key> pop_due(Instant now) {
    if (heap_.empty() || heap_.front().at > now) return std::nullopt;
    std::optional<Key> key(std::move(heap_.front().key));
    if (indexed_) index_.erase(*key);
    fill(0);
    return key;
  }

  std::size_t size() const { return heap_.size(); }
  bool empty() const { return heap_.empty(); }

 private:
  struct Entry {
    Instant at{};
    std::uint64_t sequence = 0;
    Key key;

    bool before(const Entry& other) const {
      return at != other.at ? at < other.at : sequence < other.sequence;
    }
  };

  using Index = std::conditional_t<HashableKey<Key>, KeyIndex<Key>, OrderedIndex<Key>>;
  static constexpr std::uint32_t kNone = Index::kNone;
  static constexpr std::size_t kChildren = 4;
  static constexpr std::size_t kFew = 16;

  std::uint32_t find(const Key& key) const {
    if (indexed_) return index_.find(key);
    for (std::size_t i = 0; i < heap_.size(); ++i) {
      if (heap_[i].key == key) return static_cast<std::uint32_t>(i);
    }
    return kNone;
  }

  void build_index() {
    indexed_ = true;
    for (std::size_t i = 0; i < heap_.size(); ++i) {
      index_.set(heap_[i].key, static_cast<std::uint32_t>(i));
    }
  }

  void place(std::size_t at, Entry entry) {
    heap_[at] = std::move(entry);
    if (indexed_) index_.set(heap_[at].key, static_cast<std::uint32_t>(at));
  }

  void remove(std::size_t at) {
    if (indexed_) index_.erase(heap_[at].key);
    fill(at);
  }

  // Closes the gap that a removed entry left.
  void fill(std::size_t at) {
    Entry last = std::move(heap_.back());
    heap_.pop_back();
    // Well below where it began, so that one timer more or less does not build it anew each time.
    if (indexed_ && heap_.size() < kFew / 2) {
      indexed_ = false;
      index_ = {};
    }
    if (at == heap_.size()) return;
    heap_[at] = std::move(last);
    settle(at);
  }

  void settle(std::size_t at) {
    if (at > 0 && heap_[at].before(heap_[(at - 1) / kChildren])) {
      rise(at);
    } else {
      sink(at);
    }
  }

  void rise(std::size_t at) {
    Entry entry = std::move(heap_[at]);
    while (at > 0) {
      const std::size_t parent = (at - 1) / kChildren;
      if (!entry.before(heap_[parent])) break;
      place(at, std::move(heap_[parent]));
      at = parent;
    }
    place(at, std::move(entry));
  }

  void sink(std::size_t at) {
    Entry entry = std::move(heap_[at]);
    for (;;) {
      std::size_t child = kChildren * at + 1;
      if (child >= heap_.size()) break;
      const std::size_t end = std::min(child + kChildren, heap_.size());
      for (std::size_t i = child + 1; i < end; ++i) {
        if (heap_[i].before(heap_[child])) child = i;
      }
      if (!heap_[child].before(entry)) break;
      place(at, std::move(heap_[child]));
      at = child;
    }
    place(at, std::move(entry));
  }

  std::vector<Entry> heap_;
  Index index_;  // while indexed_
  bool indexed_ = false;
  std::uint64_t sequence_ = 0;
};

}  // namespace rpcnet
