// E4: a large cluster starts at once, through one or three seeds.
//
// Measured is the simulated time until every member sees all, and how many sizes of the cluster
// the members have told on the way (Rapid's table: memberlist tells nearly all of them).
#include <algorithm>
#include <set>

#include "tests/experiments/experiment.h"

namespace rpcnet::experiments {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

}  // namespace

std::vector<Case> e4_cases(bool quick) {
  if (quick) return {{"N=200 seeds=1", 1, 3}, {"N=200 seeds=3", 1, 3}};
  return {{"N=500 seeds=1", 2, 15},
          {"N=1000 seeds=1", 1, 60},
          {"N=2000 seeds=1", 1, 400},
          {"N=2000 seeds=3", 1, 400}};
}

Json e4_run(const Trial& trial) {
  Setup setup = setup_of(trial, static_cast<std::size_t>(number(trial.name, "N")));
  setup.seeds = static_cast<std::size_t>(number(trial.name, "seeds"));
  Lab lab(setup);
  lab.watcher().count_sizes();
  const bool gathered = lab.gather(seconds(300));
  return {{"gathered", gathered},
          {"one_view_s", in_seconds(lab.now() - Moment{})},
          {"sizes_told", lab.watcher().sizes_told()}};
}

}  // namespace rpcnet::experiments
