// EventBacklog: what a reader of events has not taken yet.
//
// Events wait in the order in which they happened. When more than the maximum wait, they are
// folded: nothing that is true in the end is lost, only what was true in between. Of each member
// the last two crossings stay (in and out of the membership), so that its story remains one that
// can happen, and the last of each other change since; of partitions the last word. What is left is
// bounded by the number of members, however slow the reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "io/cluster.h"

namespace rpcnet::core {

class EventBacklog {
 public:
  explicit EventBacklog(std::size_t max) : max_(max), fold_at_(max) {}

  // How many events were folded away for it.
  std::size_t push(ClusterEvent event);

  // Coalesced first, if anything was folded since the last time.
  std::optional<ClusterEvent> take();

  std::size_t size() const { return events_.size(); }

 private:
  std::size_t fold();

  std::size_t max_;
  std::size_t fold_at_;
  std::deque<ClusterEvent> events_;
  std::uint64_t folded_ = 0;
};

}  // namespace rpcnet::core
