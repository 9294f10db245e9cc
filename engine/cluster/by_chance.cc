// Random, weighted.
#include "engine/cluster/by_chance.h"

#include <cstdint>

namespace rpcnet::cluster {

std::size_t any(Candidates candidates, Rng& rng) { return rng.below(candidates.size()); }

std::size_t any_by_weight(Candidates candidates, Rng& rng) {
  std::uint64_t total = 0;
  for (const Candidate& candidate : candidates) total += candidate.weight;
  if (total == 0) return any(candidates, rng);
  std::uint64_t drawn = rng.below(total);
  std::size_t index = 0;
  while (drawn >= candidates[index].weight) drawn -= candidates[index++].weight;
  return index;
}

}  // namespace rpcnet::cluster
