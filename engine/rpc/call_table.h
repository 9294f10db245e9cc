// The calls of one role: found by call number and by stream, kept in recycled slots.
//
// Slots keep their addresses while calls come and go, so a handler may hold a reference. Freed
// slots are reused last in, first out (the warmest first) and their memory stays: it is bounded by
// RpcConfig::calls_max. Calls can be strung on lists (those of one link) through two numbers in
// the call itself, so joining and leaving a list is O(1) and allocates nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "engine/ids.h"
#include "engine/key_index.h"
#include "engine/rpc/stream_key.h"

namespace rpcnet::rpc {

inline constexpr std::uint32_t kNoSlot = 0xffff'ffff;

struct CallList {
  std::uint32_t head = kNoSlot;
  std::uint32_t tail = kNoSlot;
  bool empty() const { return head == kNoSlot; }
};

// What every call has for the table's sake, as its member `self`.
struct CallSlot {
  CallId id;
  StreamKey at;        // its stream; meaningless while `bound` is false
  bool bound = false;  // it has a stream
  std::uint32_t slot = kNoSlot;
  std::uint32_t previous = kNoSlot;
  std::uint32_t next = kNoSlot;
};

template <typename Call>
class CallTable {
 public:
  Call* find(CallId id) { return at(by_id_.find(id)); }
  const Call* find(CallId id) const {
    const std::uint32_t slot = by_id_.find(id);
    return slot == kNoSlot ? nullptr : &slots_[slot];
  }
  Call* find(const StreamKey& key) { return at(by_stream_.find(key)); }

  // A new call; the number must not be in the table.
  Call& add(CallId id) {
    std::uint32_t slot = 0;
    if (free_.empty()) {
      slot = static_cast<std::uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    Call& call = slots_[slot];
    call.self.id = id;
    call.self.slot = slot;
    by_id_.set(id, slot);
    return call;
  }

  void bind(Call& call, const StreamKey& key) {
    call.self.at = key;
    call.self.bound = true;
    by_stream_.set(key, call.self.slot);
  }

  // Forgets the call, which must be on no list any more. The reference is dead after this.
  void remove(Call& call) {
    by_id_.erase(call.self.id);
    if (call.self.bound) by_stream_.erase(call.self.at);
    const std::uint32_t slot = call.self.slot;
    std::destroy_at(&call);
    std::construct_at(&call);
    free_.push_back(slot);
  }

  void append(CallList& list, Call& call) {
    call.self.previous = list.tail;
    call.self.next = kNoSlot;
    (list.tail == kNoSlot ? list.head : slots_[list.tail].self.next) = call.self.slot;
    list.tail = call.self.slot;
  }

  void unlink(CallList& list, Call& call) {
    const std::uint32_t previous = std::exchange(call.self.previous, kNoSlot);
    const std::uint32_t next = std::exchange(call.self.next, kNoSlot);
    (previous == kNoSlot ? list.head : slots_[previous].self.next) = next;
    (next == kNoSlot ? list.tail : slots_[next].self.previous) = previous;
  }

  Call* front(const CallList& list) { return at(list.head); }

  // The calls of some lists in the order of their numbers: so a lost link ends them.
  std::vector<CallId> sorted(std::initializer_list<CallList> lists) const {
    std::vector<CallId> ids;
    for (const CallList& list : lists) {
      for (std::uint32_t slot = list.head; slot != kNoSlot; slot = slots_[slot].self.next) {
        ids.push_back(slots_[slot].self.id);
      }
    }
    std::sort(ids.begin(), ids.end());
    return ids;
  }

  std::size_t size() const { return by_id_.size(); }

 private:
  Call* at(std::uint32_t slot) { return slot == kNoSlot ? nullptr : &slots_[slot]; }

  std::deque<Call> slots_;
  std::vector<std::uint32_t> free_;
  KeyIndex<CallId> by_id_;
  KeyIndex<StreamKey> by_stream_;
};

}  // namespace rpcnet::rpc
