// The rings: the same for all, both ways, of constant degree, whatever came and went.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/rng.h"
#include "engine/swim/rings.h"

using namespace rpcnet;
using namespace rpcnet::swim;

namespace {

NodeId name(std::size_t i) { return *NodeId::parse("n" + std::to_string(i)); }

// One node's table and rings.
struct View {
  Membership table;
  Rings rings;
  std::size_t self;

  View(std::size_t me, const SwimConfig& config)
      : table(name(me), {}), rings(config, table), self(me) {}

  void add(std::size_t i) {
    if (i == self) return;
    rings.add(table.add(name(i), {0, MemberStatus::alive, {}}));
  }
  void remove(std::size_t i) {
    const Slot slot = *table.find(name(i));
    table.set_liveness(slot, {0, MemberStatus::dead, {}}, std::nullopt);
    rings.remove(slot);
  }
  std::set<std::string> neighbours() const {
    std::set<std::string> names;
    for (const Slot slot : rings.neighbours()) names.insert(table[slot].id.text());
    return names;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(swim_rings)

// Goal: links go both ways and there are at most two a ring. Method: every node's view of the same
// 60 members, who came in another order at each.
BOOST_AUTO_TEST_CASE(NeighboursAreMutualAndFew) {
  const SwimConfig config;
  Rng rng(7);
  std::map<std::string, std::set<std::string>> of;
  for (std::size_t me = 0; me < 60; ++me) {
    View view(me, config);
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < 60; ++i) order.push_back(i);
    rng.shuffle(std::span(order));
    for (const std::size_t i : order) view.add(i);
    of[name(me).text()] = view.neighbours();
  }
  std::size_t links = 0;
  for (const auto& [me, neighbours] : of) {
    BOOST_TEST(neighbours.size() >= 2U);
    BOOST_TEST(neighbours.size() <= 2 * config.rings);
    for (const auto& other : neighbours) BOOST_TEST(of[other].contains(me));
    links += neighbours.size();
  }
  BOOST_TEST(links > 60 * 7);  // few coincide
}

// Goal: what is kept up step by step is what would be found anew.
BOOST_AUTO_TEST_CASE(ComingAndGoingLeavesTheSameNeighbours) {
  const SwimConfig config;
  Rng rng(11);
  View view(0, config);
  std::set<std::size_t> in;
  for (int step = 0; step < 2000; ++step) {
    const std::size_t i = 1 + rng.below(40);
    // A slot names one member only: who has gone does not come back here.
    if (!in.contains(i) && !view.table.find(name(i))) {
      in.insert(i);
      view.add(i);
    } else if (in.contains(i) && in.size() > 20) {
      in.erase(i);
      view.remove(i);
    }
    if (step % 50 != 0) continue;
    View anew(0, config);
    for (const std::size_t member : in) anew.add(member);
    BOOST_TEST(view.neighbours() == anew.neighbours());
  }
}

BOOST_AUTO_TEST_CASE(InASmallClusterEverybodyIsANeighbour) {
  const SwimConfig config;
  View view(0, config);
  for (std::size_t i = 1; i < 9; ++i) view.add(i);
  BOOST_TEST(view.neighbours().size() == 8U);
  for (std::size_t i = 9; i < 40; ++i) view.add(i);
  BOOST_TEST(view.neighbours().size() <= 8U);
  for (std::size_t i = 39; i >= 9; --i) view.remove(i);
  BOOST_TEST(view.neighbours().size() == 8U);
}

BOOST_AUTO_TEST_CASE(WithoutRingsThereAreNoNeighbours) {
  SwimConfig config;
  config.rings = 0;
  View view(0, config);
  for (std::size_t i = 1; i < 5; ++i) view.add(i);
  BOOST_TEST(view.neighbours().empty());
}

BOOST_AUTO_TEST_SUITE_END()
