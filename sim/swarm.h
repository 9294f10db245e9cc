// Swarm testing: each seed gets its own subset of fault kinds, and faults of those kinds. One in
// four runs pure SWIM, where nothing but probes finds the dead.
//
// Few kinds with many faults reach states that all kinds at once never do (Groce et al., "Swarm
// Testing", 2012).
#pragma once

#include <vector>

#include "sim/plan.h"

namespace rpcnet::sim {

// Adds `count` faults to the plan, drawn from its seed, of `kinds` (all if empty).
void draw_swarm(Plan& plan, std::size_t count, const std::vector<FaultKind>& kinds);

}  // namespace rpcnet::sim
