// Logarithms bit by bit.
#include "engine/swim/scale.h"

#include <algorithm>
#include <bit>

#include "engine/assert.h"

namespace rpcnet::swim {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr unsigned kFraction = 32;
constexpr std::uint64_t kOne = std::uint64_t{1} << kFraction;
constexpr std::uint64_t kLnOf2 = 2'977'044'472;     // ln(2) * 2^32
constexpr std::uint64_t kLog10Of2 = 1'292'913'986;  // log10(2) * 2^32

}  // namespace

std::uint64_t log2_q32(std::uint64_t n) {
  ENGINE_ASSERT(n > 0);
  const auto whole = static_cast<unsigned>(std::bit_width(n) - 1);
  // The mantissa in 1..2, as a fraction of 2^63. Squaring it doubles its logarithm; what passes 2
  // is the next binary digit.
  std::uint64_t mantissa = n << (63 - whole);
  std::uint64_t digits = 0;
  for (unsigned i = 0; i < kFraction; ++i) {
    const Wide square = (static_cast<Wide>(mantissa) * mantissa) >> 63;
    const bool digit = (square >> 64) != 0;
    mantissa = static_cast<std::uint64_t>(digit ? square >> 1 : square);
    digits = digits << 1 | (digit ? 1 : 0);
  }
  return (std::uint64_t{whole} << kFraction) + digits;
}

std::uint32_t transmit_limit(std::uint32_t factor, std::size_t members) {
  const Wide ln = static_cast<Wide>(log2_q32(members + 1)) * kLnOf2 >> kFraction;
  const auto limit = static_cast<std::uint64_t>((ln * factor + kOne - 1) >> kFraction);
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(limit, 1));
}

std::uint32_t transmit_limit_in_steps(std::uint32_t factor, std::size_t members) {
  std::uint32_t digits = 0;
  for (std::size_t power = 1; power < members + 1; power *= 10) ++digits;
  return std::max(factor * digits, std::uint32_t{1});
}

Duration suspicion_min(const SwimConfig& config, std::size_t members) {
  const std::uint64_t count = std::max<std::size_t>(members, 10);
  const Wide log10 = static_cast<Wide>(log2_q32(count)) * kLog10Of2 >> kFraction;
  // log10(10) must be 1 however its digits were rounded.
  const Wide scale = std::max<Wide>(log10, kOne) * config.suspicion_min_milli;
  const auto interval = static_cast<std::uint64_t>(config.probe_interval.count());
  const Duration least(static_cast<std::int64_t>((scale * interval >> kFraction) / 1000));
  return std::max(least, config.suspicion_floor);
}

Duration suspicion_length(const SwimConfig& config, std::size_t members,
                          std::size_t confirmations) {
  const Duration least = suspicion_min(config, members);
  const Duration most = least * std::max<std::uint32_t>(config.suspicion_max_factor, 1);
  // The suspect and the first accuser confirm nothing.
  const std::size_t others = members > 2 ? members - 2 : 0;
  const bool few = others < config.suspicion_confirmations;
  if (config.suspicion_confirmations == 0 || (few && config.suspicion_short_when_few)) return least;
  const std::size_t wanted = std::min(others, config.suspicion_confirmations);
  if (confirmations >= wanted) return wanted == 0 ? most / 2 : least;
  const Wide part =
      (static_cast<Wide>(log2_q32(confirmations + 1)) << kFraction) / log2_q32(wanted + 1);
  const Wide saved = static_cast<Wide>((most - least).count()) * part >> kFraction;
  return most - Duration(static_cast<std::int64_t>(saved));
}

Duration sync_interval(const SwimConfig& config, std::size_t members) {
  constexpr std::size_t kUnscaled = 32;
  if (members <= kUnscaled) return config.sync_interval;
  const auto doublings = std::bit_width((members - 1) / kUnscaled);
  return config.sync_interval * (1 + doublings);
}

}  // namespace rpcnet::swim
