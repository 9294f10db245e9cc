// A heap and buckets of small entries beside a table of bodies: sifting moves 32 bytes, no payload.
#include "sim/event_queue.h"

#include <algorithm>
#include <utility>

namespace rpcnet::sim {

bool EventQueue::ranks_later(const Entry& x, const Entry& y) const {
  if (x.key != y.key) {
    const std::uint64_t of_x = rank_ ? rank_(x.key) : x.key;
    const std::uint64_t of_y = rank_ ? rank_(y.key) : y.key;
    if (of_x != of_y) return of_x > of_y;
  }
  return x.sequence > y.sequence;
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
  ++size_;
  place({std::max(at, last_), key, sequence_++, slot});
}

std::optional<EventQueue::Due> EventQueue::pop(Moment limit) {
  if (size_ == 0) return std::nullopt;
  while (heap_.empty()) come_nearer();
  if (heap_.front().at > limit) return std::nullopt;
  std::pop_heap(heap_.begin(), heap_.end(), Later{this});
  const Entry entry = heap_.back();
  heap_.pop_back();
  --size_;
  last_ = entry.at;
  free_.push_back(entry.slot);
  return Due{entry.at, std::move(slots_[entry.slot])};
}

void EventQueue::place(const Entry& entry) {
  const std::int64_t stretch = stretch_of(entry.at);
  if (stretch < first_) {
    heap_.push_back(entry);
    std::push_heap(heap_.begin(), heap_.end(), Later{this});
  } else if (stretch < first_ + kBuckets) {
    buckets_[static_cast<std::size_t>(stretch % kBuckets)].push_back(entry);
    ++in_buckets_;
  } else {
    beyond_.push_back(entry);
  }
}

// The heap is empty: takes the next bucket. What lies beyond the buckets is looked through once in
// each round of them, before the first of it can be due.
void EventQueue::come_nearer() {
  if (in_buckets_ == 0) {
    const auto earlier = [](const Entry& x, const Entry& y) { return x.at < y.at; };
    first_ = stretch_of(std::min_element(beyond_.begin(), beyond_.end(), earlier)->at);
  }
  if (in_buckets_ == 0 || first_ % kBuckets == 0) {
    for (const Entry& entry : std::exchange(beyond_, {})) place(entry);
  }
  auto& bucket = buckets_[static_cast<std::size_t>(first_ % kBuckets)];
  ++first_;
  in_buckets_ -= bucket.size();
  heap_.swap(bucket);
  std::make_heap(heap_.begin(), heap_.end(), Later{this});
}

}  // namespace rpcnet::sim
