// How long the protocol may take, computed from its configuration: what oracles demand.
//
// Every term is one of the protocol's own steps; docs/simulation.md says where each comes from.
// Written apart from engine/swim/scale.h on purpose: an oracle that asked the engine for the bound
// would accept whatever the engine does.
#pragma once

#include <cstddef>

#include "sim/plan.h"

namespace rpcnet::sim {

struct Bounds {
  Duration way;              // of a packet, when nothing is wrong
  Duration suspicion;        // from the accusation to the verdict
  Duration dissemination;    // from one member to all
  Duration detection;        // from a crash to the last live member's verdict
  Duration detection_alone;  // the same, where one died and all others are well and many enough
  Duration convergence;      // from the end of all faults to one view
  Duration quiet;            // from the end of the workload to no open call
  Duration freed;            // from the end of a call at one end to its end at the other
  Duration freed_unlost;     // the same, if no packet of theirs is lost
  Duration lost_peer;        // the same where the first end died without a word
  Duration silence;          // from the death of a callee to the end of its calls at their callers
};

// `config`: of any member of the plan.
Bounds bounds(const NodeConfig& config, const Plan& plan);

}  // namespace rpcnet::sim
