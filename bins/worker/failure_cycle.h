// Simulated failures, as the cluster chapter has them: 10 s of work, a warning, 3 s later 5 s of
// failure, and again: about 18 s.
#pragma once

#include <asio/awaitable.hpp>

#include "bins/console.h"
#include "bins/worker/inference.h"
#include "io/cluster.h"

namespace rpcnet::bins {

// Until the worker drains.
asio::awaitable<void> simulate_failures(Inference& inference, ClusterMembership cluster,
                                        Console console);

}  // namespace rpcnet::bins
