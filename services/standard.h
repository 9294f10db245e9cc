// The standard services of a process in one line: `rpcnet::serve_standard(host);`
#pragma once

#include <memory>

#include "services/health.h"

namespace rpcnet {

// Health, Reflection, Metrics and State, and of a member ClusterService. Gives Health, to be told
// of services that cannot be used for a while.
std::shared_ptr<Health> serve_standard(Host& host);

}  // namespace rpcnet
