// EventQueue: member events that wait for one reader. When full the oldest give way, and the reader
// is told how many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "io/cluster.h"
#include "io/core/wakeup.h"

namespace rpcnet::core {

class EventQueue {
 public:
  EventQueue(Runner& runner, std::size_t max) : arrived(runner), max_(max) {}

  // False: an older event was lost for it.
  bool push(const MemberEvent& event) {
    const bool room = events_.size() < max_;
    if (!room && !events_.empty()) events_.pop_front();
    if (!room) ++lost_;
    if (max_ > 0) events_.push_back(event);
    arrived.notify();
    return room;
  }

  std::optional<ClusterEvent> take() {
    if (lost_ > 0) return ClusterEvent(Lagged{std::exchange(lost_, 0)});
    if (events_.empty()) return std::nullopt;
    ClusterEvent event(std::move(events_.front()));
    events_.pop_front();
    return event;
  }

  void close() {
    closed = true;
    arrived.notify();
  }

  Wakeup arrived;
  bool closed = false;

 private:
  std::size_t max_;
  std::deque<MemberEvent> events_;
  std::uint64_t lost_ = 0;
};

}  // namespace rpcnet::core
