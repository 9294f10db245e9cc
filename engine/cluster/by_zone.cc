// Zone preference.
#include "engine/cluster/by_zone.h"

namespace rpcnet::cluster {
namespace {

std::uint64_t total(Candidates candidates) {
  std::uint64_t load = 0;
  for (const Candidate& candidate : candidates) load += candidate.load;
  return load;
}

}  // namespace

bool spills(Candidates near, Candidates elsewhere, std::uint32_t spill) {
  if (near.empty()) return true;
  if (elsewhere.empty() || spill == 0) return false;
  // Averages are compared without dividing.
  const std::uint64_t load = total(near);
  return load >= std::uint64_t{spill} * near.size() &&
         load * elsewhere.size() > total(elsewhere) * near.size();
}

}  // namespace rpcnet::cluster
