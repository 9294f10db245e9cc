// Items that come one by one and are worked on together: by size, by how long the first one waits.
//
// A batch begins when batch_max items wait, or the oldest has waited for wait_max, and fewer than
// running_max batches run. Who gives up while waiting is in no batch. What comes when queue_max
// items wait is turned away and told when to come again: as long as the queue takes to drain, going
// by how long batches took lately.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "engine/config.h"
#include "engine/instant.h"

namespace rpcnet::rpc {

class Batcher {
 public:
  using Item = std::uint64_t;  // numbers that grow, in the order of arrival

  explicit Batcher(const BatchConfig& config);

  // absent: turned away, the queue is full.
  std::optional<Item> on_item(Instant now);

  // The item's caller has given up, or it is over; of one that does not wait nothing changes.
  void on_gone(Item item) { waiting_.erase(item); }

  // The items of the batch that is to begin now, in the order of arrival; empty: none is. Ask again
  // until there is none, and when deadline() has come.
  std::vector<Item> next(Instant now);

  // A batch that began at `began` is over.
  void on_batch_over(Instant now, Instant began);

  // When next() may have an answer without anything else happening.
  std::optional<Instant> deadline() const;

  // What one that is turned away now is to wait before it comes again: at least a millisecond.
  Duration retry_after() const;

  std::size_t waiting() const { return waiting_.size(); }
  std::size_t running() const { return running_; }

 private:
  BatchConfig config_;
  std::map<Item, Instant> waiting_;  // since when
  Item next_ = 0;
  std::size_t running_ = 0;
  Duration usual_{};  // a moving mean of how long a batch ran
};

}  // namespace rpcnet::rpc
