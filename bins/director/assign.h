// DirectorRegistry.get_worker: which worker a client is to use.
#pragma once

#include "bins/console.h"
#include "io/call.h"
#include "io/cluster.h"

namespace rpcnet::bins {

UnaryHandler assigner(WorkerRegistry registry, Console console);

}  // namespace rpcnet::bins
