// Least connections, power of two choices.
#include "engine/cluster/by_load.h"

#include "engine/cluster/by_turn.h"

namespace rpcnet::cluster {

std::size_t least_loaded(Candidates candidates, const std::optional<NodeId>& last) {
  const std::size_t start = next_in_turn(candidates, last);
  std::size_t best = start;
  for (std::size_t step = 1; step < candidates.size(); ++step) {
    const std::size_t index = (start + step) % candidates.size();
    if (candidates[index].load < candidates[best].load) best = index;
  }
  return best;
}

std::size_t less_loaded_of_two(Candidates candidates, Rng& rng) {
  const std::size_t first = rng.below(candidates.size());
  if (candidates.size() == 1) return first;
  // Another one than the first: of those behind it, around the end.
  const std::size_t apart = 1 + rng.below(candidates.size() - 1);
  const std::size_t second = (first + apart) % candidates.size();
  return candidates[second].load < candidates[first].load ? second : first;
}

}  // namespace rpcnet::cluster
