// The tail as a series, its inverse as a table.
#include "engine/phi/normal_tail.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

namespace rpcnet::phi {
namespace {

// Standard deviations, in millionths, beyond which the tail is 10^-level. Computed by bisection on
// erfc, and on Laplace's continued fraction for Mills' ratio where erfc has no digits left; the
// test computes them again. Three pieces because the curve flattens: between two entries the
// straight line is off by at most 0.001 of a deviation, in the last piece by 0.005.
constexpr std::array<std::int32_t, 57> kFrom1By125{
    1281552, 1439606, 1587196, 1726045, 1857461, 1982463, 2101859, 2216308, 2326348, 2432430,
    2534935, 2634186, 2730462, 2824006, 2915029, 3003716, 3090232, 3174724, 3257323, 3338146,
    3417300, 3494880, 3570974, 3645662, 3719016, 3791104, 3861988, 3931723, 4000362, 4067955,
    4134547, 4200179, 4264891, 4328719, 4391699, 4453862, 4515238, 4575857, 4635744, 4694925,
    4753424, 4811264, 4868465, 4925049, 4981034, 5036438, 5091279, 5145574, 5199338, 5252585,
    5305332, 5357590, 5409374, 5460695, 5511566, 5561997, 5612001,
};
constexpr std::array<std::int32_t, 65> kFrom8By500{
    5612001,  5807942,  5997807,  6182122,  6361341,  6535859,  6706023,  6872141,  7034484,
    7193296,  7348796,  7501181,  7650628,  7797300,  7941345,  8082898,  8222082,  8359012,
    8493793,  8626523,  8757290,  8886181,  9013271,  9138635,  9262340,  9384450,  9505025,
    9624121,  9741790,  9858083,  9973046,  10086723, 10199157, 10310388, 10420452, 10529386,
    10637224, 10743997, 10849737, 10954473, 11058232, 11161042, 11262928, 11363915, 11464025,
    11563281, 11661704, 11759315, 11856133, 11952178, 12047468, 12142019, 12235850, 12328976,
    12421412, 12513174, 12604276, 12694733, 12784557, 12873761, 12962359, 13050363, 13137783,
    13224633, 13310921,
};
constexpr std::array<std::int32_t, 66> kFrom40By4000{
    13310921, 13982272, 14623127, 15237288, 15827830, 16397278, 16947739, 17480989, 17998546,
    18501717, 18991636, 19469296, 19935573, 20391243, 20836996, 21273454, 21701172, 22120656,
    22532362, 22936709, 23334075, 23724811, 24109237, 24487648, 24860320, 25227504, 25589436,
    25946335, 26298405, 26645836, 26988808, 27327488, 27662032, 27992588, 28319296, 28642286,
    28961684, 29277605, 29590161, 29899458, 30205594, 30508666, 30808762, 31105970, 31400370,
    31692041, 31981057, 32267490, 32551407, 32832873, 33111952, 33388702, 33663181, 33935444,
    34205544, 34473531, 34739454, 35003360, 35265295, 35525301, 35783421, 36039696, 36294164,
    36546862, 36797828, 37047096,
};

std::int64_t interpolate(std::span<const std::int32_t> table, std::uint32_t offset,
                         std::uint32_t step) {
  const std::size_t index = offset / step;
  if (index + 1 >= table.size()) return table.back();
  const std::int64_t low = table[index];
  const std::int64_t high = table[index + 1];
  return low + (high - low) * (offset % step) / step;
}

}  // namespace

std::uint32_t level_milli(double deviations) {
  double level = 0;
  if (deviations < 8) {
    level = -std::log10(std::erfc(deviations / std::sqrt(2.0)) / 2);
  } else {
    // 1 - CDF(z) ~ exp(-z^2/2) / (z sqrt(2 pi)) * (1 - 1/z^2 + 3/z^4 - 15/z^6) (Abramowitz and
    // Stegun 26.2.12): in logarithms, so that nothing underflows however long the silence.
    const double square = deviations * deviations;
    const double series = 1 - 1 / square + 3 / (square * square) - 15 / (square * square * square);
    level = square / 2 * std::log10(std::exp(1.0)) +
            std::log10(deviations * std::sqrt(2 * std::acos(-1.0))) - std::log10(series);
  }
  return static_cast<std::uint32_t>(std::clamp(level * 1000, 0.0, double{kLevelMilliMax}));
}

std::int64_t deviations_micro(std::uint32_t level) {
  level = std::clamp(level, kInvertibleMilliMin, kLevelMilliMax);
  if (level < 8000) return interpolate(kFrom1By125, level - 1000, 125);
  if (level < 40'000) return interpolate(kFrom8By500, level - 8000, 500);
  return interpolate(kFrom40By4000, level - 40'000, 4000);
}

}  // namespace rpcnet::phi
