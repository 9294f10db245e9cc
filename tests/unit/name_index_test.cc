// Against std::map, over additions and removals that collide.
#include "engine/name_index.h"

#include <boost/test/unit_test.hpp>
#include <map>
#include <string>

#include "engine/rng.h"

using namespace rpcnet;

BOOST_AUTO_TEST_SUITE(name_index)

BOOST_AUTO_TEST_CASE(FindsWhatAMapFinds) {
  Rng rng(1);
  NameIndex index;
  std::map<std::string, std::uint32_t> known;
  std::map<std::uint32_t, std::string> names;
  // All names have one of four hashes, so that most cells are away from their home.
  const auto hash = [](const std::string& name) { return hash_name(name) % 4; };
  std::uint32_t next = 0;
  for (int step = 0; step < 20'000; ++step) {
    const std::string name = "n" + std::to_string(rng.below(60));
    const auto found = index.find(hash(name), [&](std::uint32_t at) { return names[at] == name; });
    const auto expected = known.find(name);
    BOOST_REQUIRE(found == (expected == known.end() ? NameIndex::kNone : expected->second));
    if (step == 10'000) index.reserve(500);
    if (expected == known.end()) {
      index.add(hash(name), next);
      known[name] = next;
      names[next++] = name;
    } else if (rng.chance(1, 2)) {
      index.remove(hash(name), expected->second);
      names.erase(expected->second);
      known.erase(expected);
    }
  }
}

BOOST_AUTO_TEST_CASE(HashesDependOnEveryByteOfTheName) {
  const std::string name = "a-name-of-more-than-16-bytes";
  for (std::size_t size = 1; size <= name.size(); ++size) {
    const std::string whole = name.substr(0, size);
    for (std::size_t i = 0; i < size; ++i) {
      std::string other = whole;
      other[i] = 'z';
      BOOST_TEST(hash_name(whole) != hash_name(other));
    }
    BOOST_TEST(hash_name(whole) != hash_name(name.substr(0, size - 1)));
  }
}

BOOST_AUTO_TEST_SUITE_END()
