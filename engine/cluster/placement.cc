// Round robin, random, least connections.
#include "engine/cluster/placement.h"

#include <algorithm>

namespace rpcnet::cluster {
namespace {

// The first candidate behind `last` in NodeId order, around the end.
std::size_t behind(std::span<const Candidate> candidates, const std::optional<NodeId>& last) {
  if (!last) return 0;
  const auto next = std::upper_bound(
      candidates.begin(), candidates.end(), *last,
      [](const NodeId& id, const Candidate& candidate) { return id < *candidate.id; });
  return next == candidates.end() ? 0 : static_cast<std::size_t>(next - candidates.begin());
}

std::size_t least_loaded(std::span<const Candidate> candidates, std::size_t start) {
  std::size_t best = start;
  for (std::size_t step = 1; step < candidates.size(); ++step) {
    const std::size_t index = (start + step) % candidates.size();
    if (candidates[index].load < candidates[best].load) best = index;
  }
  return best;
}

}  // namespace

std::optional<std::size_t> choose(LoadBalancingStrategy strategy,
                                  std::span<const Candidate> candidates,
                                  const std::optional<NodeId>& last, Rng& rng) {
  if (candidates.empty()) return std::nullopt;
  switch (strategy) {
    case LoadBalancingStrategy::round_robin: return behind(candidates, last);
    case LoadBalancingStrategy::random:
      return static_cast<std::size_t>(rng.below(candidates.size()));
    case LoadBalancingStrategy::least_connections:
      return least_loaded(candidates, behind(candidates, last));
  }
  return std::nullopt;
}

}  // namespace rpcnet::cluster
