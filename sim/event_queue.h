// What will happen, in the order of (time, key, sequence).
//
// The key comes before the sequence so that two things at one instant keep their order when an
// unrelated third is left out: a sequence counts the whole run, a key names only who and whom.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/bytes.h"
#include "sim/moment.h"

namespace rpcnet::sim {

// Whose business a happening is.
enum class Party : std::uint8_t { world, network, fault, workload, oracle };

// One thing that will happen. The party that scheduled it gives the numbers their meaning; they
// are plain so that a run's million happenings live in one reused table.
struct Happening {
  Party party{};
  std::uint8_t kind = 0;
  bool timer = false;    // after a pause, what arrived is handled before what fell due
  bool process = false;  // done by the process on `host`: waits while that is paused or busy
  std::uint8_t side = 0;
  HostIndex host = 0;
  std::uint32_t life = 0;  // of what it is about: a later one does not know of it
  std::uint32_t a = 0;
  std::uint64_t b = 0;
  std::uint64_t c = 0;
  std::uint64_t d = 0;
  Bytes bytes;
};

class EventQueue {
 public:
  // `at` must not lie before the last popped one; it is moved there otherwise.
  void push(Moment at, std::uint64_t key, Happening&& happening);

  struct Due {
    Moment at;
    Happening happening;
  };

  // The earliest, if it is not after `limit`.
  std::optional<Due> pop(Moment limit);

  std::optional<Moment> next() const;
  std::size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    Moment at;
    std::uint64_t key = 0;
    std::uint64_t sequence = 0;
    std::uint32_t slot = 0;
  };
  static bool later(const Entry& x, const Entry& y);

  std::vector<Entry> heap_;
  std::vector<Happening> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t sequence_ = 0;
  Moment last_{};
};

}  // namespace rpcnet::sim
