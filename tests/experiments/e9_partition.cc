// E9: the network falls apart for minutes, an hour or a day, and comes together again.
//
// Measured is the time from its healing until every member sees all.
#include "tests/experiments/experiment.h"
#include "tests/experiments/fault_makers.h"

namespace rpcnet::experiments {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kSettled = seconds(30);

}  // namespace

std::vector<Case> e9_cases(bool quick) {
  if (quick) return {{"50/50 min=2", 2, 1}, {"90/10 min=2", 2, 1}, {"single min=2", 2, 1}};
  return {{"50/50 min=2", 3, 1},     {"90/10 min=2", 3, 1},     {"single min=2", 3, 1},
          {"50/50 min=60", 2, 6},    {"90/10 min=60", 2, 6},    {"single min=60", 2, 6},
          {"50/50 min=1500", 1, 90}, {"90/10 min=1500", 1, 90}, {"single min=1500", 1, 90}};
}

Json e9_run(const Trial& trial) {
  constexpr HostIndex kNodes = 40;
  const Duration lasts = minutes(number(trial.name, "min"));
  const HostIndex few = trial.name.starts_with("50")   ? kNodes / 2
                        : trial.name.starts_with("90") ? kNodes / 10
                                                       : 1;
  Setup setup = setup_of(trial, kNodes);
  // The seed stays with the larger part.
  setup.faults = {
      partition({range(0, kNodes - few), range(kNodes - few, kNodes)}, kSettled, kSettled + lasts)};
  Lab lab(setup);
  const bool gathered = lab.gather(kSettled);
  lab.run_until(Moment(kSettled + lasts));
  const std::vector<HostIndex> large = range(0, kNodes - few);
  const bool apart = lab.watcher().see_exactly(large, large);
  const bool healed =
      lab.run_until(lab.now() + seconds(300), [&] { return lab.watcher().all_see_all(); });
  const double took = in_seconds(lab.now() - Moment(kSettled + lasts));
  lab.watcher().begin();
  lab.run_for(seconds(60));
  return {{"gathered", gathered},
          {"apart", apart},
          {"healed", healed},
          {"healed_s", took},
          {"stays", healed && lab.watcher().all_see_all()},
          {"verdicts_after", lab.watcher().verdicts().size()}};
}

}  // namespace rpcnet::experiments
