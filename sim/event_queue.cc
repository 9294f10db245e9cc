// Small entries beside a table of bodies: what puts them in order moves 32 bytes, no payload.
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
  std::uint32_t free = slots_;
  if (free_.empty()) {
    if (slots_++ % kBlock == 0) blocks_.emplace_back(kBlock);
  } else {
    free = free_.back();
    free_.pop_back();
  }
  slot(free) = std::move(happening);
  ++size_;
  place({std::max(at, last_), key, sequence_++, free});
}

std::optional<EventQueue::Due> EventQueue::pop(Moment limit) {
  if (size_ == 0) return std::nullopt;
  if (next_.size() < kNextMin) order_next();
  if (next_.back().at > limit) return std::nullopt;
  const Entry entry = next_.back();
  next_.pop_back();
  --size_;
  last_ = entry.at;
  free_.push_back(entry.slot);
  return Due{entry.at, std::move(slot(entry.slot))};
}

void EventQueue::place(const Entry& entry) {
  const std::int64_t stretch = stretch_of(entry.at);
  if (stretch < first_) {
    const bool soon = !next_.empty() && Later{this}(next_.front(), entry);
    soon ? put_in_order(entry) : add_to_heap(entry);
  } else if (stretch < first_ + kBuckets) {
    buckets_[static_cast<std::size_t>(stretch % kBuckets)].push_back(entry);
    ++in_buckets_;
  } else {
    beyond_.push_back(entry);
  }
}

void EventQueue::put_in_order(const Entry& entry) {
  next_.insert(std::upper_bound(next_.begin(), next_.end(), entry, Later{this}), entry);
  if (next_.size() <= kNextMax) return;
  add_to_heap(next_.front());
  next_.erase(next_.begin());
}

void EventQueue::add_to_heap(const Entry& entry) {
  heap_.push_back(entry);
  std::push_heap(heap_.begin(), heap_.end(), Later{this});
}

// Adds the earliest of the heap to what comes next.
void EventQueue::order_next() {
  while (next_.empty() && heap_.empty()) come_nearer();
  const auto count = static_cast<std::ptrdiff_t>(std::min(heap_.size(), kNextMax / 2));
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    std::pop_heap(heap_.begin(), heap_.end() - i, Later{this});
  }
  // They stand behind the heap now, the earliest at the end.
  next_.insert(next_.begin(), heap_.end() - count, heap_.end());
  heap_.erase(heap_.end() - count, heap_.end());
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
