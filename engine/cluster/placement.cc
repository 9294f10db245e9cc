// From a strategy's name to its function.
#include "engine/cluster/placement.h"

#include "engine/cluster/by_chance.h"
#include "engine/cluster/by_key.h"
#include "engine/cluster/by_load.h"
#include "engine/cluster/by_turn.h"

namespace rpcnet::cluster {

std::optional<std::size_t> choose(LoadBalancingStrategy strategy, Candidates candidates,
                                  const std::optional<NodeId>& last, std::string_view key,
                                  Rng& rng) {
  if (candidates.empty()) return std::nullopt;
  switch (strategy) {
    case LoadBalancingStrategy::round_robin: return next_in_turn(candidates, last);
    case LoadBalancingStrategy::random: return any(candidates, rng);
    case LoadBalancingStrategy::least_connections: return least_loaded(candidates, last);
    case LoadBalancingStrategy::power_of_two: return less_loaded_of_two(candidates, rng);
    case LoadBalancingStrategy::weighted: return any_by_weight(candidates, rng);
    case LoadBalancingStrategy::weighted_by_load: return any_by_weight_and_load(candidates, rng);
    case LoadBalancingStrategy::consistent_hash:
      return key.empty() ? less_loaded_of_two(candidates, rng) : owner_of(key, candidates);
  }
  return std::nullopt;
}

}  // namespace rpcnet::cluster
