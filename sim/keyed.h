// Chance without a stream: every draw is a hash of (seed, domain, entity, purpose, counter).
//
// A shared generator would give every later draw another value as soon as one is added or left out.
// Here each draw stands alone, so a plan with one fault removed is the same run but for what that
// fault did. Shrinking, diffs of two runs and explaining a failure rest on this.
#pragma once

#include <cstdint>

#include "engine/hash.h"

namespace rpcnet::sim {

// What the draw is about, so that equal numbers in two fields never meet.
enum class Domain : std::uint64_t {
  node = 1,      // the seeds of the nodes
  path = 2,      // what happens to one packet; entity: one direction of one connection
  fault = 3,     // windows that a fault opens and shuts by itself; entity: the fault
  stream = 4,    // how stream bytes are cut into packets
  plan = 5,      // the expansion of a scenario
  workload = 6,  // what programs do
  tie = 7,       // the order of what happens at one instant
  probe = 8,     // which node an oracle looks at
  entropy = 9,   // unpredictable bytes of a process: keys, nonces, connection ids
};

struct Key {
  Domain domain{};
  std::uint64_t entity = 0;
  std::uint64_t purpose = 0;
  std::uint64_t counter = 0;
};

class Keyed {
 public:
  explicit constexpr Keyed(std::uint64_t seed) : seed_(mix(seed + 0x9e3779b97f4a7c15)) {}

  constexpr std::uint64_t draw(const Key& key) const {
    std::uint64_t h = seed_ ^ (static_cast<std::uint64_t>(key.domain) * 0xd6e8feb86659fd93);
    h = mix(h + key.entity * 0xa0761d6478bd642f);
    h = mix(h + key.purpose * 0xe7037ed1a0b428db);
    return mix(h + key.counter * 0x8ebc6af09c88c6e3);
  }

  // Uniform in [0, bound). The bias of a multiply-shift without rejection is bound / 2^64, far
  // below what any run could show. 0 for a bound of 0.
  constexpr std::uint64_t below(const Key& key, std::uint64_t bound) const {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(draw(key)) * bound) >> 64);
  }

  // True in `ppm` of a million cases.
  constexpr bool chance(const Key& key, std::uint64_t ppm) const {
    return below(key, 1'000'000) < ppm;
  }

  // Uniform in [low, high].
  constexpr std::int64_t between(const Key& key, std::int64_t low, std::int64_t high) const {
    if (high <= low) return low;
    return low + static_cast<std::int64_t>(below(key, static_cast<std::uint64_t>(high - low) + 1));
  }

 private:
  std::uint64_t seed_;
};

}  // namespace rpcnet::sim
