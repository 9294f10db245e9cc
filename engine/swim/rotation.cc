// The shuffled list and its cursor.
#include "engine/swim/rotation.h"

#include <algorithm>
#include <utility>

namespace rpcnet::swim {

void Rotation::add(Slot slot) {
  if (listed_.size() <= slot) listed_.resize(slot + std::size_t{1});
  listed_[slot] = true;
  slots_.push_back(slot);
  const std::size_t place = cursor_ + rng_.below(slots_.size() - cursor_);
  std::swap(slots_[place], slots_.back());
}

void Rotation::remove(Slot slot) {
  if (slot >= listed_.size() || !listed_[slot]) return;
  listed_[slot] = false;
  const auto found = std::find(slots_.begin(), slots_.end(), slot);
  if (static_cast<std::size_t>(found - slots_.begin()) < cursor_) --cursor_;
  slots_.erase(found);
}

std::optional<Slot> Rotation::next() {
  if (slots_.empty()) return std::nullopt;
  if (cursor_ >= slots_.size()) {
    rng_.shuffle(std::span(slots_));
    cursor_ = 0;
  }
  return slots_[cursor_++];
}

}  // namespace rpcnet::swim
