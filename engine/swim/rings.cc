// Places, distances, and the search for the next.
#include "engine/swim/rings.h"

#include <algorithm>
#include <string_view>

namespace rpcnet::swim {
namespace {

// FNV-1a over the name, then the finisher of splitmix64: part of the protocol, since all nodes must
// see the same rings. Names come from certificates, so nobody chooses his place freely.
std::uint64_t hash(std::uint64_t ring, std::string_view name) {
  std::uint64_t state = 0xcbf29ce484222325 ^ ring * 0x9e3779b97f4a7c15;
  for (const char c : name) state = (state ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
  return state ^ (state >> 31);
}

}  // namespace

Rings::Rings(const SwimConfig& config, const Membership& table)
    : table_(table), full_mesh_max_(config.full_mesh_max), rings_(config.rings) {
  for (std::size_t i = 0; i < rings_.size(); ++i) rings_[i].own = place(i, kSelf);
}

bool Rings::add(Slot slot) {
  if (off() || slot == kSelf) return false;
  bool changed = small() || was_small_;
  was_small_ = small();
  for (std::size_t i = 0; i < rings_.size(); ++i) changed = offer(rings_[i], i, slot) || changed;
  return changed;
}

bool Rings::remove(Slot slot) {
  if (off() || slot == kSelf) return false;
  bool changed = small() || was_small_;
  was_small_ = small();
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    Ring& ring = rings_[i];
    if (ring.after.slot != slot && ring.before.slot != slot) continue;
    changed = true;
    ring.after = ring.before = {};
    for (const Slot other : table_.living()) {
      if (other != slot) offer(ring, i, other);
    }
  }
  return changed;
}

std::vector<Slot> Rings::neighbours() const {
  std::vector<Slot> all;
  if (off()) return all;
  if (small()) {
    all = table_.living();
    std::erase(all, kSelf);
  } else {
    for (const Ring& ring : rings_) {
      if (ring.after.slot) all.push_back(*ring.after.slot);
      if (ring.before.slot) all.push_back(*ring.before.slot);
    }
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::uint64_t Rings::place(std::size_t ring, Slot slot) const {
  return hash(ring, table_[slot].id.text());
}

bool Rings::offer(Ring& ring, std::size_t number, Slot slot) {
  if (slot == kSelf) return false;
  const std::uint64_t at = place(number, slot);
  const auto take = [slot](Side& side, std::uint64_t distance) {
    if (side.slot && side.distance <= distance) return false;
    side = {slot, distance};
    return true;
  };
  // Unsigned, so that it wraps round the ring.
  const bool after = take(ring.after, at - ring.own);
  const bool before = take(ring.before, ring.own - at);
  return after || before;
}

}  // namespace rpcnet::swim
