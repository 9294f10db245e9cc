// A run that goes round in circles, so that simulated time stands still, is ended by a signal: a
// sweep over an engine with such a fault is to find it, and not to hang with it.
#pragma once

#include "sim/simulation.h"

namespace rpcnet::bins {

// Of processor time that the run may take between two calls of `options.progress`, which come each
// simulated second at least. Ours: thousands of nodes take less than one.
inline constexpr unsigned kHangSeconds = 120;

// For the rest of this process, which then ends by a signal (describe() in child.h). To be called
// before the run.
void end_if_it_hangs(sim::RunOptions& options, unsigned seconds = kHangSeconds);

}  // namespace rpcnet::bins
