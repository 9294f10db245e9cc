// Merging is a semilattice: order, grouping and repetition of news do not matter.
#include "engine/swim/claim.h"

#include <rapidcheck.h>
#include <boost/test/unit_test.hpp>

#include "engine/rng.h"

using namespace rpcnet;
using namespace rpcnet::swim;

namespace {

// Few values each, so that ties of every kind are frequent.
State any_state() {
  const auto small = [] { return *rc::gen::inRange<std::uint8_t>(0, 3); };
  State state;
  state.liveness.incarnation = small();
  state.liveness.status = static_cast<MemberStatus>(*rc::gen::inRange(0, 4));
  state.liveness.address = Address::v4(10, 0, 0, small(), 1);
  state.tags.version = small();
  for (const auto* key : {"a", "b"}) {
    if (*rc::gen::arbitrary<bool>()) state.tags.tags[key] = std::string(small(), 'x');
  }
  return state;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(swim_claim_properties)

BOOST_AUTO_TEST_CASE(MergingIsCommutativeAssociativeAndIdempotent) {
  BOOST_TEST(rc::check("semilattice", [] {
    const State a = any_state();
    const State b = any_state();
    const State c = any_state();
    RC_ASSERT(merge(a, b) == merge(b, a));
    RC_ASSERT(merge(merge(a, b), c) == merge(a, merge(b, c)));
    RC_ASSERT(merge(a, a) == a);
  }));
}

// rpcnet 5.1 no. 7: at equal incarnations the last arrival won.
BOOST_AUTO_TEST_CASE(AnyOrderOfArrivalEndsInOneView) {
  BOOST_TEST(rc::check("order of arrival", [] {
    std::vector<State> news;
    for (int i = 0; i < 6; ++i) news.push_back(any_state());
    auto shuffled = *rc::gen::just(news);
    Rng rng(*rc::gen::arbitrary<std::uint64_t>());
    rng.shuffle(std::span(shuffled));
    const auto fold = [](const std::vector<State>& states) {
      State view = states.front();
      for (const State& state : states) view = merge(view, state);
      return view;
    };
    RC_ASSERT(fold(news) == fold(shuffled));
  }));
}

BOOST_AUTO_TEST_CASE(AHigherIncarnationWinsAndAtEqualOnesTheGraverStatus) {
  BOOST_TEST(rc::check("precedence", [] {
    const State a = any_state();
    const State b = any_state();
    const State both = merge(a, b);
    RC_ASSERT(both.liveness.incarnation ==
              std::max(a.liveness.incarnation, b.liveness.incarnation));
    if (a.liveness.incarnation == b.liveness.incarnation) {
      RC_ASSERT(both.liveness.status == std::max(a.liveness.status, b.liveness.status));
    }
    RC_ASSERT(both.tags.version == std::max(a.tags.version, b.tags.version));
  }));
}

BOOST_AUTO_TEST_SUITE_END()
