// A binary heap of small entries beside a table of bodies: sifting moves 32 bytes, not a payload.
#include "sim/event_queue.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace rpcnet::sim {

bool EventQueue::later(const Entry& x, const Entry& y) {
  return std::tie(x.at, x.key, x.sequence) > std::tie(y.at, y.key, y.sequence);
}

void EventQueue::push(Moment at, std::uint64_t key, Happening&& happening) {
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.push_back(std::move(happening));
  } else {
    slot = free_.back();
    free_.pop_back();
    slots_[slot] = std::move(happening);
  }
  heap_.push_back({std::max(at, last_), key, sequence_++, slot});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

std::optional<EventQueue::Due> EventQueue::pop(Moment limit) {
  if (heap_.empty() || heap_.front().at > limit) return std::nullopt;
  std::pop_heap(heap_.begin(), heap_.end(), later);
  const Entry entry = heap_.back();
  heap_.pop_back();
  last_ = entry.at;
  free_.push_back(entry.slot);
  return Due{entry.at, std::move(slots_[entry.slot])};
}

std::optional<Moment> EventQueue::next() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().at;
}

}  // namespace rpcnet::sim
