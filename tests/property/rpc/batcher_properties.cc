// Items that come, give up, and are worked on in batches, in any order of events.
//
// Checked: no item is in two batches, none is in a batch after it gave up, batches are in the order
// of arrival and within their limits, none begins early, and at the end everybody was served.
#include <rapidcheck.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "engine/rpc/batcher.h"

using namespace rpcnet;
using namespace rpcnet::rpc;
using namespace std::chrono_literals;

namespace {

class Model {
 public:
  explicit Model(const BatchConfig& config) : config_(config), batcher_(config) {}

  void step(std::uint8_t kind, std::uint32_t detail) {
    switch (kind % 4) {
      case 0: arrive(); break;
      case 1: give_up(detail); break;
      case 2: end_batch(); break;
      default: now_ += std::chrono::milliseconds(detail % 8);
    }
    look();
  }

  void drain() {
    while (batcher_.waiting() > 0 || batcher_.running() > 0) {
      const auto due = batcher_.deadline();
      RC_ASSERT(due.has_value() || batcher_.running() > 0);
      if (due && *due > now_) now_ = *due;
      look();
      end_batch();
      look();
    }
    RC_ASSERT(waiting_.empty());
  }

 private:
  void arrive() {
    const auto item = batcher_.on_item(now_);
    RC_ASSERT(item.has_value() == (waiting_.size() < config_.queue_max));
    if (item) {
      waiting_[*item] = now_;
    } else {
      RC_ASSERT(batcher_.retry_after() >= 1ms);
    }
  }

  void give_up(std::uint32_t detail) {
    if (waiting_.empty()) return batcher_.on_gone(detail);
    const auto one = std::next(waiting_.begin(), detail % waiting_.size());
    batcher_.on_gone(one->first);
    waiting_.erase(one);
  }

  void end_batch() {
    if (running_.empty()) return;
    batcher_.on_batch_over(now_, running_.front());
    running_.pop_front();
  }

  void look() {
    while (true) {
      const auto batch = batcher_.next(now_);
      if (batch.empty()) break;
      const bool full = batch.size() == config_.batch_max;
      const bool waited = now_ - waiting_.begin()->second >= config_.wait_max;
      RC_ASSERT(full || waited);
      RC_ASSERT(batch.size() <= config_.batch_max);
      for (const auto item : batch) {
        RC_ASSERT(waiting_.begin()->first == item);
        waiting_.erase(waiting_.begin());
      }
      running_.push_back(now_);
      RC_ASSERT(running_.size() <= config_.running_max);
    }
    RC_ASSERT(batcher_.waiting() == waiting_.size());
    RC_ASSERT(batcher_.running() == running_.size());
    // Nobody waits who could be served.
    if (running_.size() < config_.running_max && !waiting_.empty()) {
      RC_ASSERT(waiting_.size() < config_.batch_max);
      RC_ASSERT(now_ - waiting_.begin()->second < config_.wait_max);
    }
  }

  BatchConfig config_;
  Batcher batcher_;
  Instant now_{};
  std::map<Batcher::Item, Instant> waiting_;
  std::deque<Instant> running_;  // since when
};

}  // namespace

BOOST_AUTO_TEST_SUITE(batcher_properties)

BOOST_AUTO_TEST_CASE(EverybodyIsServedOnceOrGaveUp) {
  const auto holds = [](const std::vector<std::pair<std::uint8_t, std::uint32_t>>& steps,
                        std::uint8_t batch, std::uint8_t queue, std::uint8_t lanes) {
    BatchConfig config;
    config.batch_max = 1 + batch % 5;
    config.queue_max = 1 + queue % 12;
    config.running_max = 1 + lanes % 3;
    config.wait_max = 5ms;
    Model model(config);
    for (const auto& [kind, detail] : steps) model.step(kind, detail);
    model.drain();
  };
  BOOST_TEST(rc::check("everybody is served once or gave up", holds));
}

BOOST_AUTO_TEST_SUITE_END()
