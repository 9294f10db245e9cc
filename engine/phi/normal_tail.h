// The upper tail of the normal distribution and its inverse: how unlikely is a value so many
// deviations above the mean, as -log10, and how many deviations does a given unlikeliness take.
#pragma once

#include <cstdint>

namespace rpcnet::phi {

// Levels are told times 1000. Beyond 10^-300 a double ends, and nobody needs more.
inline constexpr std::uint32_t kLevelMilliMax = 300'000;

// The inverse starts here: a lower level is crossed by chance at every tenth gap.
inline constexpr std::uint32_t kInvertibleMilliMin = 1000;

// -log10(1 - CDF(deviations)) * 1000, rounded down, at most kLevelMilliMax. Monotone and without
// NaN for every finite value. A floating-point number: to be reported, never to decide by.
std::uint32_t level_milli(double deviations);

// The inverse in millionths of a deviation, by integers only. Levels outside
// kInvertibleMilliMin..kLevelMilliMax count as the nearer end.
std::int64_t deviations_micro(std::uint32_t level_milli);

}  // namespace rpcnet::phi
