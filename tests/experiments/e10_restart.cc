// E10: a mass restart (memberlist issue 311).
//
// All members but the seed have been accused many times, so that their incarnations are high; all
// are then killed and start again, remembering nothing, while some that were not restarted still
// hold their deaths. Measured is the time until every member sees all.
#include "tests/experiments/experiment.h"
#include "tests/experiments/fault_makers.h"

namespace rpcnet::experiments {
namespace {

using std::chrono::seconds;

constexpr Duration kSettled = seconds(40);

}  // namespace

std::vector<Case> e10_cases(bool quick) {
  if (quick) return {{"N=100 down_s=5", 1, 1}, {"N=100 down_s=40", 1, 1}};
  return {{"N=1000 down_s=5", 1, 120}, {"N=1000 down_s=40", 1, 120}};
}

Json e10_run(const Trial& trial) {
  const auto nodes = static_cast<std::size_t>(number(trial.name, "N"));
  Setup setup = setup_of(trial, nodes);
  setup.seeds = 3;
  // Nine in ten go down together; one in ten stays and holds their deaths.
  std::vector<HostIndex> restarted;
  for (HostIndex host = 3; host < nodes; ++host) {
    if (host % 10 != 0) restarted.push_back(host);
  }
  const Duration down = seconds(number(trial.name, "down_s"));
  // Three short cuts before it raise the incarnations of those that are restarted.
  setup.faults =
      again_and_again(cut({}, {restarted.begin(), restarted.begin() + 20}, kSettled, kSettled),
                      seconds(6), seconds(14), kSettled + seconds(60));
  Lab lab(setup);
  const bool gathered = lab.gather(kSettled);
  lab.run_until(Moment(kSettled + seconds(60)));
  for (const HostIndex host : restarted) lab.kill(host);
  lab.run_for(down);
  for (const HostIndex host : restarted) lab.revive(host);
  const Moment at = lab.now();
  const bool healed = lab.run_until(at + seconds(300), [&] { return lab.watcher().all_see_all(); });
  const double took = in_seconds(lab.now() - at);
  lab.watcher().begin();
  lab.run_for(seconds(60));
  return {{"gathered", gathered},
          {"healed", healed},
          {"healed_s", took},
          {"stays", healed && lab.watcher().all_see_all()},
          {"verdicts_after", lab.watcher().verdicts().size()}};
}

}  // namespace rpcnet::experiments
