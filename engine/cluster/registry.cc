// Selection in tiers.
#include "engine/cluster/registry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "engine/cluster/placement.h"

namespace rpcnet::cluster {
namespace {

// 0 is best.
std::size_t tier_of(const Eligible& worker, const SelectWorker& request) {
  const bool excluded = std::find(request.excluded.begin(), request.excluded.end(), *worker.id) !=
                        request.excluded.end();
  return (excluded ? 2U : 0U) + (worker.avoid ? 1U : 0U);
}

constexpr std::size_t kTiers = 4;

std::string_view tag(const Eligible& worker, std::string_view key) {
  const auto found = worker.tags->find(std::string(key));
  return found != worker.tags->end() ? std::string_view(found->second) : std::string_view();
}

std::uint32_t weight_of(const Eligible& worker) {
  constexpr std::uint32_t kUsual = 1;
  constexpr std::uint32_t kMost = 1'000'000;
  const std::string_view text = tag(worker, kWeightTag);
  std::uint32_t weight = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), weight);
  const bool whole = fault == std::errc() && end == text.data() + text.size() && !text.empty();
  return whole && weight <= kMost ? weight : kUsual;
}

std::vector<Candidate> candidates_of(std::span<const Eligible> workers,
                                     std::span<const std::size_t> chosen, bool weighted) {
  std::vector<Candidate> candidates;
  candidates.reserve(chosen.size());
  for (const std::size_t index : chosen) {
    const Eligible& worker = workers[index];
    candidates.push_back({worker.id, worker.load, weighted ? weight_of(worker) : 1});
  }
  return candidates;
}

}  // namespace

Registry::Registry(TagFilter filter, LoadBalancingStrategy strategy, Rng rng, ZonePreference zone)
    : filter_(std::move(filter)), strategy_(strategy), rng_(rng), zone_(std::move(zone)) {}

void Registry::keep_near(std::span<const Eligible> workers,
                         std::vector<std::size_t>& chosen) const {
  if (zone_.zone.empty()) return;
  std::vector<std::size_t> near;
  std::vector<std::size_t> elsewhere;
  for (const std::size_t index : chosen) {
    (tag(workers[index], kZoneTag) == zone_.zone ? near : elsewhere).push_back(index);
  }
  const auto near_by = candidates_of(workers, near, false);
  const auto far = candidates_of(workers, elsewhere, false);
  if (!spills(near_by, far, zone_.spill)) chosen = std::move(near);
}

std::optional<std::size_t> Registry::select(std::span<const Eligible> workers,
                                            const SelectWorker& request) {
  std::array<std::vector<std::size_t>, kTiers> tiers;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    if (!request.filter.matches(*workers[i].tags)) continue;
    tiers[tier_of(workers[i], request)].push_back(i);
  }
  const auto best =
      std::find_if(tiers.begin(), tiers.end(), [](const auto& tier) { return !tier.empty(); });
  if (best == tiers.end()) return std::nullopt;

  keep_near(workers, *best);
  const bool weighted = strategy_ == LoadBalancingStrategy::weighted ||
                        strategy_ == LoadBalancingStrategy::weighted_by_load;
  const auto candidates = candidates_of(workers, *best, weighted);
  const auto chosen = choose(strategy_, candidates, last_, request.key, rng_);
  if (!chosen) return std::nullopt;
  last_ = *candidates[*chosen].id;
  return (*best)[*chosen];
}

}  // namespace rpcnet::cluster
