#include "services/standard.h"

#include "services/cluster.h"
#include "services/metrics.h"
#include "services/reflection.h"
#include "services/state.h"

namespace rpcnet {

std::shared_ptr<Health> serve_standard(Host& host) {
  Reflection::serve(host);
  Metrics::serve(host);
  State::serve(host);
  if (host.node().config().member) ClusterService::serve(host);
  return Health::serve(host);
}

}  // namespace rpcnet
