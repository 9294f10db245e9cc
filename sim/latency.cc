// Drawing from the distributions without a floating-point number.
#include "sim/latency.h"

#include <algorithm>
#include <bit>

#include "sim/keyed.h"

namespace rpcnet::sim {
namespace {

// -ln(u) in units of 2^-16, for u uniform in (0, 1] given as 64 bits. log2 is taken as linear
// between powers of two, which is off by 0.06 at most: no run can tell.
std::uint64_t minus_log(std::uint64_t bits) {
  bits |= 1;
  const int zeros = std::countl_zero(bits);
  const std::uint64_t fraction = (bits << zeros << 1) >> 48;  // of the leading one's interval
  const std::uint64_t minus_log2 = (static_cast<std::uint64_t>(zeros + 1) << 16) - fraction;
  return (minus_log2 * 45426) >> 16;  // ln 2 = 45426 / 65536
}

Duration part_of(Duration whole, std::uint64_t chance) {
  __extension__ using Wide = unsigned __int128;
  const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(whole.count(), 0));
  return Duration(static_cast<std::int64_t>((static_cast<Wide>(chance) * (count + 1)) >> 64));
}

}  // namespace

Duration Latency::draw(std::uint64_t chance) const {
  switch (shape) {
    case LatencyShape::fixed: return base;
    case LatencyShape::uniform: return base + part_of(spread, chance);
    case LatencyShape::exponential: {
      const auto units = static_cast<std::int64_t>(
          std::min<std::uint64_t>(minus_log(chance), std::uint64_t{16} << 16));
      const std::int64_t mean = spread.count();
      return base + Duration(mean / 65536 * units + mean % 65536 * units / 65536);
    }
    case LatencyShape::tailed: {
      const std::uint64_t second = mix(chance);
      const Duration usual = base + part_of(spread, second);
      return chance % 1000 == 0 ? usual + part_of(20 * spread, mix(second)) : usual;
    }
  }
  return base;
}

}  // namespace rpcnet::sim
