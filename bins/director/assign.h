// The DirectorRegistry service: which worker a client is to use.
#pragma once

#include <memory>

#include "bins/console.h"
#include "io/cluster.h"
#include "io/service.h"

namespace rpcnet::bins {

std::shared_ptr<Service> directory(WorkerRegistry registry, Console console);

}  // namespace rpcnet::bins
