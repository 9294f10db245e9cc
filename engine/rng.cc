// xoshiro256** and its seeding.
#include "engine/rng.h"

#include <bit>

#include "engine/assert.h"

namespace rpcnet {
namespace {

std::uint64_t splitmix64(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

Rng::Rng(std::uint64_t seed) : seed_(seed) {
  for (auto& word : state_) word = splitmix64(seed);
}

std::uint64_t Rng::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Rng::below(std::uint64_t bound) {
  ENGINE_ASSERT(bound > 0);
  __extension__ using Wide = unsigned __int128;
  // Results under 2^64 mod bound fall into an incomplete last interval and are drawn again.
  const std::uint64_t reject_under = (0 - bound) % bound;
  for (;;) {
    const Wide product = static_cast<Wide>(next()) * bound;
    if (static_cast<std::uint64_t>(product) >= reject_under) {
      return static_cast<std::uint64_t>(product >> 64);
    }
  }
}

bool Rng::chance(std::uint64_t numerator, std::uint64_t denominator) {
  return below(denominator) < numerator;
}

Rng Rng::fork(std::uint64_t label) const {
  std::uint64_t mixed = seed_ ^ 0x6a09e667f3bcc909;
  std::uint64_t state = splitmix64(mixed) ^ label;
  return Rng(splitmix64(state));
}

}  // namespace rpcnet
