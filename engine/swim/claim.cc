// Merging takes the greater of each part.
#include "engine/swim/claim.h"

#include <algorithm>

namespace rpcnet::swim {

State merge(const State& a, const State& b) {
  return {std::max(a.liveness, b.liveness), std::max(a.tags, b.tags)};
}

}  // namespace rpcnet::swim
