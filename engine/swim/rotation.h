// Whose turn it is to be probed: round robin over a shuffled list.
//
// Every member is probed once in each pass, so the time until a crash is first noticed has a bound
// and not only an expectation (SWIM 4.3). The list is shuffled anew for each pass. A newcomer is
// put at a random place among those still to come: it displaces one of them to the end of the pass.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/rng.h"
#include "engine/swim/membership.h"

namespace rpcnet::swim {

class Rotation {
 public:
  explicit Rotation(Rng rng) : rng_(rng) {}

  void reserve(std::size_t count) { slots_.reserve(count); }
  void add(Slot slot);
  void remove(Slot slot);

  // Whose turn it is; nullopt if nobody is listed.
  std::optional<Slot> next();

  std::size_t size() const { return slots_.size(); }

 private:
  Rng rng_;
  std::vector<Slot> slots_;
  std::vector<bool> listed_;  // by slot
  std::size_t cursor_ = 0;
};

}  // namespace rpcnet::swim
