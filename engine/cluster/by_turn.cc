// Round robin.
#include "engine/cluster/by_turn.h"

#include <algorithm>

namespace rpcnet::cluster {

std::size_t next_in_turn(Candidates candidates, const std::optional<NodeId>& last) {
  if (!last) return 0;
  const auto next = std::upper_bound(
      candidates.begin(), candidates.end(), *last,
      [](const NodeId& id, const Candidate& candidate) { return id < *candidate.id; });
  return next == candidates.end() ? 0 : static_cast<std::size_t>(next - candidates.begin());
}

}  // namespace rpcnet::cluster
