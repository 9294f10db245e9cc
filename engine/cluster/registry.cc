// Selection in tiers.
#include "engine/cluster/registry.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/cluster/placement.h"

namespace rpcnet::cluster {
namespace {

// 0 is best.
std::size_t tier_of(const WorkerView& worker, const SelectWorker& request) {
  const bool excluded = std::find(request.excluded.begin(), request.excluded.end(),
                                  worker.member.id) != request.excluded.end();
  return (excluded ? 2U : 0U) + (worker.avoid ? 1U : 0U);
}

constexpr std::size_t kTiers = 4;

}  // namespace

Registry::Registry(TagFilter filter, LoadBalancingStrategy strategy, Rng rng)
    : filter_(std::move(filter)), strategy_(strategy), rng_(rng) {}

std::optional<std::size_t> Registry::select(std::span<const WorkerView> workers,
                                            const SelectWorker& request) {
  std::array<std::vector<std::size_t>, kTiers> tiers;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    if (!request.filter.matches(workers[i].member.tags)) continue;
    tiers[tier_of(workers[i], request)].push_back(i);
  }
  const auto best =
      std::find_if(tiers.begin(), tiers.end(), [](const auto& tier) { return !tier.empty(); });
  if (best == tiers.end()) return std::nullopt;

  std::vector<Candidate> candidates;
  candidates.reserve(best->size());
  for (const std::size_t index : *best) {
    candidates.push_back({&workers[index].member.id, workers[index].load()});
  }
  const auto chosen = choose(strategy_, candidates, last_, rng_);
  if (!chosen) return std::nullopt;
  last_ = *candidates[*chosen].id;
  return (*best)[*chosen];
}

}  // namespace rpcnet::cluster
