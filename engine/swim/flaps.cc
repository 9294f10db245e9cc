// Marks and their decay.
#include "engine/swim/flaps.h"

#include <algorithm>

namespace rpcnet::swim {
namespace {

constexpr std::size_t kAccusersMax = 8;
constexpr std::uint32_t kMark = 1000;

// One death that was refuted, or two accusations.
constexpr std::uint32_t kDamped = 2 * kMark;

// More marks than these are not remembered, or a member that is well again would wait for ever.
constexpr std::uint32_t kMarksMax = 32 * kMark;

}  // namespace

void Flaps::on_refuted(Instant now, Slot slot, bool dead, const std::set<NodeId>& accusers) {
  if (core_.config.degraded_refutations == 0) return;
  Flap& found = flap(now, slot);
  for (const NodeId& accuser : accusers) {
    if (found.accusers.size() < kAccusersMax) found.accusers.insert(accuser);
  }
  found.was_dead = found.was_dead || dead;
  mark(slot, found, (dead ? 2 : 1) * kMark);
}

void Flaps::on_isolated(Instant now, Slot slot) {
  if (core_.config.degraded_refutations == 0) return;
  Flap& found = flap(now, slot);
  found.was_dead = true;
  mark(slot, found, core_.config.degraded_refutations * kMark);
}

Flaps::Flap& Flaps::flap(Instant now, Slot slot) {
  const auto [found, fresh] = flaps_.try_emplace(slot);
  if (fresh) core_.timers.arm({Wake::flap, slot}, now + core_.config.flap_half_life);
  return found->second;
}

void Flaps::mark(Slot slot, Flap& flap, std::uint32_t marks_milli) {
  const SwimConfig& config = core_.config;
  flap.marks_milli = std::min(flap.marks_milli + marks_milli, kMarksMax);
  const bool by_many = flap.was_dead || flap.accusers.size() >= config.degraded_accusers;
  const bool often = flap.marks_milli >= config.degraded_refutations * kMark;
  if (flap.degraded || !by_many || !often) return;
  flap.degraded = true;
  changed_.push_back(slot);
}

void Flaps::forget(Slot slot) {
  const auto found = flaps_.find(slot);
  if (found == flaps_.end()) return;
  if (found->second.degraded) changed_.push_back(slot);
  flaps_.erase(found);
  core_.timers.disarm({Wake::flap, slot});
}

void Flaps::on_due(Instant now, Slot slot) {
  const auto found = flaps_.find(slot);
  if (found == flaps_.end()) return;
  Flap& flap = found->second;
  flap.marks_milli /= 2;
  const std::uint32_t enough = core_.config.degraded_refutations * kMark;
  if (flap.degraded && flap.marks_milli * 2 <= enough) {
    flap.degraded = false;
    changed_.push_back(slot);
  }
  if (flap.marks_milli * 4 < kMark) {
    flaps_.erase(found);
  } else {
    core_.timers.arm({Wake::flap, slot}, now + core_.config.flap_half_life);
  }
}

bool Flaps::degraded(Slot slot) const {
  const auto found = flaps_.find(slot);
  return found != flaps_.end() && found->second.degraded;
}

Duration Flaps::damping(Slot slot) const {
  const auto found = flaps_.find(slot);
  const bool flaps = found != flaps_.end() && found->second.marks_milli >= kDamped;
  return flaps ? core_.config.flap_suspicion : Duration::zero();
}

}  // namespace rpcnet::swim
