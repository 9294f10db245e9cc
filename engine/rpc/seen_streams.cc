// Gaps among stream numbers.
#include "engine/rpc/seen_streams.h"

#include <iterator>

namespace rpcnet::rpc {

bool SeenStreams::begin(std::uint64_t number) {
  if (number >= next_) {
    if (number > next_) gaps_.emplace_hint(gaps_.end(), next_, number);
    next_ = number + 1;
    if (gaps_.size() > kGapsMax) gaps_.erase(gaps_.begin());
    return true;
  }
  auto gap = gaps_.upper_bound(number);
  if (gap == gaps_.begin()) return false;
  gap = std::prev(gap);
  const auto [first, end] = *gap;
  if (number >= end) return false;
  gaps_.erase(gap);
  if (first < number) gaps_.emplace(first, number);
  if (number + 1 < end) gaps_.emplace(number + 1, end);
  if (gaps_.size() > kGapsMax) gaps_.erase(gaps_.begin());
  return true;
}

}  // namespace rpcnet::rpc
