// Runs that stand still end by themselves, and say so.
#include "bins/sim/hang.h"

#include <boost/test/unit_test.hpp>
#include <ctime>

#include "bins/sim/child.h"

using namespace rpcnet;
using namespace rpcnet::bins;

namespace {

// Of processor time, which is what counts: a busy machine ends nobody.
void work_for(double seconds) {
  const std::clock_t begin = std::clock();
  while (static_cast<double>(std::clock() - begin) < seconds * CLOCKS_PER_SEC) {
  }
}

int status_of(bool progress) {
  Child child = fork_child([&](int) {
    sim::RunOptions options;
    end_if_it_hangs(options, 1);
    for (int i = 0; i < 12; ++i) {
      work_for(0.25);
      if (progress) options.progress(Duration(i));
    }
    return 7;
  });
  return finish(child);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(Hangs)

BOOST_AUTO_TEST_CASE(ARunThatStandsStillIsEnded) {
  BOOST_TEST(describe(status_of(false)) == "simulated time stood still");
}

BOOST_AUTO_TEST_CASE(ARunThatGoesOnIsNot) {
  BOOST_TEST(describe(status_of(true)) == "exit status 7");
}

BOOST_AUTO_TEST_SUITE_END()
