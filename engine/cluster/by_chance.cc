// Random, weighted.
#include "engine/cluster/by_chance.h"

#include <algorithm>
#include <cstdint>

namespace rpcnet::cluster {

std::size_t any(Candidates candidates, Rng& rng) { return rng.below(candidates.size()); }

namespace {

template <typename Share>
std::size_t draw(Candidates candidates, Rng& rng, const Share& share) {
  std::uint64_t total = 0;
  for (const Candidate& candidate : candidates) total += share(candidate);
  if (total == 0) return any(candidates, rng);
  std::uint64_t drawn = rng.below(total);
  std::size_t index = 0;
  while (drawn >= share(candidates[index])) drawn -= share(candidates[index++]);
  return index;
}

// So that a share is no less than a millionth off. Weights and workers leave it room in 64 bits.
constexpr std::uint64_t kUnit = std::uint64_t{1} << 20;

std::uint64_t left_of_weight(const Candidate& candidate) {
  if (candidate.weight == 0) return 0;
  return std::max<std::uint64_t>(1, candidate.weight * kUnit / (std::uint64_t{candidate.load} + 1));
}

}  // namespace

std::size_t any_by_weight(Candidates candidates, Rng& rng) {
  return draw(candidates, rng, [](const Candidate& candidate) { return candidate.weight; });
}

std::size_t any_by_weight_and_load(Candidates candidates, Rng& rng) {
  return draw(candidates, rng, left_of_weight);
}

}  // namespace rpcnet::cluster
