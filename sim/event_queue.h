// What will happen, in the order of (time, key, sequence).
//
// The key comes before the sequence so that two things at one instant keep their order when an
// unrelated third is left out: a sequence counts the whole run, a key names only who and whom. Two
// things at one instant are rare, so what a key ranks as is asked for only then.
//
// Most of what is scheduled is a timer of a connection that is far off, and most of what happens
// was scheduled a moment ago. So only what comes next is kept in order, what is near in a heap, and
// the rest in buckets, one for each stretch of time, until its time has come. Since the order of
// what comes next is known, a caller can fetch ahead what that will need.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "engine/bytes.h"
#include "sim/moment.h"

namespace rpcnet::sim {

// Whose business a happening is.
enum class Party : std::uint8_t { world, network, fault, workload, oracle };

// One thing that will happen. The party that scheduled it gives the numbers their meaning; they
// are plain so that a run's million happenings live in one reused table. Each is a cache line.
struct Happening {
  Party party{};
  std::uint8_t kind = 0;
  bool timer : 1 = false;    // after a pause, what arrived is handled before what fell due
  bool process : 1 = false;  // done by the process on `host`: waits while that is paused or busy
  std::uint8_t side = 0;
  HostIndex host = 0;
  std::uint32_t life = 0;  // of what it is about: a later one does not know of it
  std::uint32_t a = 0;
  std::uint64_t b = 0;
  std::uint64_t c = 0;
  std::uint64_t d = 0;
  Bytes bytes;
};
static_assert(sizeof(Happening) == 64);

class EventQueue {
 public:
  // `rank` says where a key stands; absent: keys are their own ranks.
  explicit EventQueue(std::function<std::uint64_t(std::uint64_t)> rank = {})
      : rank_(std::move(rank)), buckets_(static_cast<std::size_t>(kBuckets)) {}

  // `at` must not lie before the last popped one; it is moved there otherwise.
  void push(Moment at, std::uint64_t key, Happening&& happening);

  struct Due {
    Moment at;
    Happening happening;
  };

  // The earliest, if it is not after `limit`.
  std::optional<Due> pop(Moment limit);

  std::size_t size() const { return size_; }

  // What will come after `ahead` others, if nothing is pushed before it; nullptr: not known yet.
  // fetch() brings it nearer, so that looking at it soon costs nothing.
  const Happening* upcoming(std::size_t ahead) const {
    return ahead < next_.size() ? &slot(next_[next_.size() - 1 - ahead].slot) : nullptr;
  }
  void fetch(std::size_t ahead) const {
    if (const Happening* happening = upcoming(ahead)) __builtin_prefetch(happening);
  }

 private:
  struct Entry {
    Moment at;
    std::uint64_t key = 0;
    std::uint64_t sequence = 0;
    std::uint32_t slot = 0;
  };
  static constexpr int kStretchBits = 24;  // 17 ms in nanoseconds
  static constexpr std::int64_t kBuckets = 2048;
  static constexpr std::size_t kNextMin = 8;  // as many are always in order, if there are
  static constexpr std::size_t kNextMax = 64;
  static constexpr std::uint32_t kBlock = 1024;  // bodies that are allocated together

  struct Later {
    const EventQueue* queue;
    bool operator()(const Entry& x, const Entry& y) const {
      return x.at != y.at ? x.at > y.at : queue->ranks_later(x, y);
    }
  };

  bool ranks_later(const Entry& x, const Entry& y) const;
  static std::int64_t stretch_of(Moment at) {
    return at.time_since_epoch().count() >> kStretchBits;
  }
  const Happening& slot(std::uint32_t at) const { return blocks_[at / kBlock][at % kBlock]; }
  Happening& slot(std::uint32_t at) { return blocks_[at / kBlock][at % kBlock]; }
  void place(const Entry& entry);
  void put_in_order(const Entry& entry);
  void add_to_heap(const Entry& entry);
  void come_nearer();
  void order_next();

  std::function<std::uint64_t(std::uint64_t)> rank_;
  std::vector<Entry> next_;                  // the earliest of all, the very first at the back
  std::vector<Entry> heap_;                  // the rest of the stretches before first_
  std::vector<std::vector<Entry>> buckets_;  // of first_ and those after it, each in its turn
  std::vector<Entry> beyond_;                // later than that
  std::int64_t first_ = 0;
  std::size_t size_ = 0;
  std::size_t in_buckets_ = 0;
  std::vector<std::vector<Happening>> blocks_;  // they stay where they are
  std::uint32_t slots_ = 0;                     // ever used
  std::vector<std::uint32_t> free_;
  std::uint64_t sequence_ = 0;
  Moment last_{};
};

}  // namespace rpcnet::sim
