// The tail and its inverse against numbers computed another way.
#include "engine/phi/normal_tail.h"

#include <boost/test/unit_test.hpp>
#include <cmath>

using namespace rpcnet::phi;

namespace {

// -log10(1 - CDF(z)) in extended precision: erfcl near, Laplace's continued fraction for Mills'
// ratio far out, with far more terms than are needed.
long double reference_level(long double z) {
  if (z < 5) return -std::log10(std::erfc(z / std::sqrt(2.0L)) / 2);
  long double fraction = 0;
  for (int k = 4000; k > 0; --k) fraction = k / (z + fraction);
  const long double pi = std::acos(-1.0L);
  return z * z / 2 * std::log10(std::exp(1.0L)) + std::log10(std::sqrt(2 * pi)) +
         std::log10(z + fraction);
}

long double reference_deviations(long double level) {
  long double low = 0;
  long double high = 60;
  for (int i = 0; i < 200; ++i) {
    const long double middle = (low + high) / 2;
    (reference_level(middle) < level ? low : high) = middle;
  }
  return low;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(phi_normal_tail)

// Textbook values: phi 1, 3, 5, 8 at 1.28, 3.09, 4.26, 5.61 deviations.
BOOST_AUTO_TEST_CASE(AgreesWithTheTextbook) {
  BOOST_TEST(deviations_micro(1000) == 1'281'552);
  BOOST_TEST(deviations_micro(3000) == 3'090'232);
  BOOST_TEST(deviations_micro(5000) == 4'264'891);
  BOOST_TEST(deviations_micro(8000) == 5'612'001);
  BOOST_TEST(deviations_micro(12'000) == 7'034'484);
  BOOST_TEST(level_milli(0) == 301U);  // one half
  BOOST_TEST(level_milli(3.0903) == 3000U);
  BOOST_TEST(level_milli(5.61201) == 8000U);
}

BOOST_AUTO_TEST_CASE(AgreesWithASlowReference) {
  for (int i = -40; i <= 3700; ++i) {
    const long double z = i / 100.0L;
    const long double expected = reference_level(z) * 1000;
    BOOST_TEST(
        std::abs(static_cast<long double>(level_milli(static_cast<double>(z))) - expected) < 1.01L,
        "at " << static_cast<double>(z));
  }
}

BOOST_AUTO_TEST_CASE(TheInverseAgreesWithASlowReference) {
  for (std::uint32_t level = kInvertibleMilliMin; level <= kLevelMilliMax; level += 173) {
    const long double expected = reference_deviations(level / 1000.0L) * 1'000'000;
    const long double bound = level < 40'000 ? 1500 : 5000;
    BOOST_TEST(std::abs(static_cast<long double>(deviations_micro(level)) - expected) < bound,
               "at " << level);
  }
}

BOOST_AUTO_TEST_CASE(BothDirectionsAreMonotone) {
  std::uint32_t level = 0;
  for (int i = -1000; i < 40'000; ++i) {
    const std::uint32_t next = level_milli(i / 1000.0);
    BOOST_TEST_REQUIRE(next >= level, "at " << i);
    level = next;
  }
  std::int64_t deviations = 0;
  for (std::uint32_t i = 0; i <= kLevelMilliMax + 1000; ++i) {
    const std::int64_t next = deviations_micro(i);
    BOOST_TEST_REQUIRE(next >= deviations, "at " << i);
    deviations = next;
  }
}

BOOST_AUTO_TEST_CASE(IsSoundAtTheEnds) {
  BOOST_TEST(level_milli(-1e9) == 0U);
  BOOST_TEST(level_milli(1e9) == kLevelMilliMax);
  BOOST_TEST(level_milli(1e150) == kLevelMilliMax);
  BOOST_TEST(deviations_micro(0) == deviations_micro(kInvertibleMilliMin));
  BOOST_TEST(deviations_micro(0xffff'ffff) == deviations_micro(kLevelMilliMax));
}

BOOST_AUTO_TEST_SUITE_END()
