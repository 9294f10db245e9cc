// The engine's own random numbers: seeded, integers only, the same on every platform.
//
// std::shuffle and std::*_distribution differ between standard libraries, so they are banned where
// a result can be seen (DESIGN invariant 3).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace rpcnet {

// xoshiro256** seeded through splitmix64 (Blackman and Vigna). Not for secrets.
class Rng {
 public:
  explicit Rng(std::uint64_t seed);

  std::uint64_t next();

  // Uniform in [0, bound), without modulo bias (Lemire's multiply-shift with rejection).
  // bound must not be 0.
  std::uint64_t below(std::uint64_t bound);

  // True with probability numerator / denominator.
  bool chance(std::uint64_t numerator, std::uint64_t denominator);

  // An independent generator for one part, so that a new draw in SWIM does not reshuffle RPC.
  // The same label gives the same generator; forking does not advance this one.
  Rng fork(std::uint64_t label) const;

  // Fisher-Yates.
  template <typename T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      using std::swap;
      swap(items[i - 1], items[below(i)]);
    }
  }

 private:
  std::uint64_t seed_;
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace rpcnet
