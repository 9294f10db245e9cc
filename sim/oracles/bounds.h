// How long the protocol may take, computed from its configuration: what oracles demand.
//
// Every term is one of the protocol's own steps; docs/simulation.md says where each comes from.
// Written apart from engine/swim/scale.h on purpose: an oracle that asked the engine for the bound
// would accept whatever the engine does.
#pragma once

#include <cstddef>

#include "engine/config.h"

namespace rpcnet::sim {

struct Bounds {
  Duration suspicion;    // from the accusation to the verdict
  Duration dissemination;  // from one member to all
  Duration detection;    // from a crash to the last live member's verdict
  Duration convergence;  // from the end of all faults to one view
  Duration quiet;        // from the end of the workload to no open call
};

Bounds bounds(const NodeConfig& config, std::size_t members);

}  // namespace rpcnet::sim
