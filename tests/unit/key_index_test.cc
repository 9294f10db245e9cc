// The hash table from keys to positions.
#include "engine/key_index.h"

#include <boost/test/unit_test.hpp>
#include <map>

#include "engine/rng.h"

using namespace rpcnet;

namespace {

void compare_with_map(std::uint64_t seed, std::uint64_t stride) {
  KeyIndex<CallId> index;
  std::map<std::uint64_t, std::uint32_t> model;
  Rng rng(seed);
  for (std::uint32_t i = 0; i < 50'000; ++i) {
    const std::uint64_t key = rng.below(300) * stride;
    if (rng.chance(1, 2)) {
      index.set(CallId{key}, i);
      model[key] = i;
    } else {
      BOOST_REQUIRE(index.erase(CallId{key}) == (model.erase(key) > 0));
    }
    BOOST_REQUIRE(index.size() == model.size());
    const std::uint64_t other = rng.below(300) * stride;
    const auto found = model.find(other);
    BOOST_REQUIRE(index.find(CallId{other}) ==
                  (found == model.end() ? KeyIndex<CallId>::kNone : found->second));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(key_index)

BOOST_AUTO_TEST_CASE(AnEmptyIndexKnowsNothing) {
  KeyIndex<CallId> index;
  BOOST_TEST(!index.contains(CallId{0}));
  BOOST_TEST(!index.erase(CallId{0}));
  BOOST_TEST(index.size() == 0);
}

BOOST_AUTO_TEST_CASE(SettingAgainMovesAKey) {
  KeyIndex<LinkId> index;
  index.set(LinkId{7}, 1);
  index.set(LinkId{7}, 2);
  BOOST_TEST(index.size() == 1);
  BOOST_TEST(index.find(LinkId{7}) == 2);
}

BOOST_AUTO_TEST_CASE(AgreesWithAMapWhateverTheKeys) {
  for (const std::uint64_t stride :
       {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{4096}, std::uint64_t{1} << 32,
        std::uint64_t{1} << 55, std::uint64_t{0x9e3779b97f4a7c15}}) {
    compare_with_map(stride, stride);
  }
}

BOOST_AUTO_TEST_CASE(AWindowOfRunningNumbersCanMoveForEver) {
  KeyIndex<CallId> index;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    index.set(CallId{i}, static_cast<std::uint32_t>(i % 64));
    if (i >= 64) BOOST_REQUIRE(index.erase(CallId{i - 64}));
  }
  BOOST_TEST(index.size() == 64);
}

BOOST_AUTO_TEST_SUITE_END()
