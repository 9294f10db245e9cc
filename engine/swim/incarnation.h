// What a member's incarnation tells beside its order: in which life it is, and how often it was cut
// off from everybody.
//
//   bits 16 and up   lives: a process that meets an incarnation which it has not used begins the
//                    next one, by which others see that it was restarted and does not flap
//   bits 10 to 15    isolations: deaths that it refuted when it had heard nobody meanwhile
//   bits 0 to 9      other refutations
//
// Only the owner raises it (SWIM 4.2) and whoever holds an earlier one sees all of that in the
// next, also if news of what lay between never came. Ours: in SWIM an incarnation is a mere number.
#pragma once

#include "engine/ids.h"

namespace rpcnet::swim {

inline constexpr unsigned kLifeBits = 16;
inline constexpr unsigned kRefutationBits = 10;

constexpr Incarnation life_of(Incarnation incarnation) { return incarnation >> kLifeBits; }

constexpr Incarnation next_life(Incarnation incarnation) {
  return (life_of(incarnation) + 1) << kLifeBits;
}

constexpr Incarnation isolations_of(Incarnation incarnation) {
  constexpr Incarnation kMask = (Incarnation{1} << (kLifeBits - kRefutationBits)) - 1;
  return (incarnation >> kRefutationBits) & kMask;
}

// The same life after one more isolation; after 63 of them they are no longer counted.
constexpr Incarnation next_isolation(Incarnation incarnation) {
  const Incarnation next = ((incarnation >> kRefutationBits) + 1) << kRefutationBits;
  return life_of(next) == life_of(incarnation) ? next : incarnation + 1;
}

}  // namespace rpcnet::swim
