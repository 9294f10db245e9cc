// Rendezvous hashing.
#include "engine/cluster/by_key.h"

#include <cstdint>

#include "engine/hash.h"

namespace rpcnet::cluster {

std::size_t owner_of(std::string_view key, Candidates candidates) {
  const std::uint64_t seed = hash_text(key);
  std::size_t best = 0;
  std::uint64_t highest = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::uint64_t drawn = combine(seed, hash_text(candidates[i].id->text()));
    if (drawn < highest) continue;
    if (drawn == highest && i > 0) continue;  // of equals the first by name
    highest = drawn;
    best = i;
  }
  return best;
}

}  // namespace rpcnet::cluster
