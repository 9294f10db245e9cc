// Zone preference: workers near by come first, until they have enough to do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cluster/candidate.h"

namespace rpcnet::cluster {

struct ZonePreference {
  std::string zone{};       // the chooser's own; empty: none is preferred
  std::uint32_t spill = 0;  // calls that a worker near by may have on average; 0: any number
};

// May calls leave the zone? They do when nobody is near, and when those near by have on average at
// least `spill` calls each and more than those elsewhere.
bool spills(Candidates near, Candidates elsewhere, std::uint32_t spill);

}  // namespace rpcnet::cluster
