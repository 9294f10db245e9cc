// EventQueue: the backlog of one reader of events, and what wakes it.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "io/core/event_backlog.h"
#include "io/core/wakeup.h"

namespace rpcnet::core {

class EventQueue {
 public:
  EventQueue(Runner& runner, std::size_t max) : arrived(runner), backlog_(max) {}

  // How many events were left out for it.
  std::size_t push(ClusterEvent event) {
    const std::size_t left_out = backlog_.push(std::move(event));
    arrived.notify();
    return left_out;
  }

  std::optional<ClusterEvent> take() { return backlog_.take(); }

  void close() {
    closed = true;
    arrived.notify();
  }

  Wakeup arrived;
  bool closed = false;

 private:
  EventBacklog backlog_;
};

}  // namespace rpcnet::core
