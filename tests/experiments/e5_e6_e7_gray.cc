// E5, E6, E7: one in a hundred members crashes, or is faulty without being dead (Rapid's figures).
//
//   E5  ten of a thousand lose power at once
//   E6  ten of a thousand receive nothing for 20 s, recover for 20 s, and so on
//   E7  80 % of what ten of a thousand receive, or send, is lost
//
// A member settles when its opinion of the faulty no longer changes: no work for them, dead or
// degraded. Nobody healthy may be removed at a healthy member, and the views that it has on the
// way are counted.
#include "tests/experiments/experiment.h"
#include "tests/experiments/fault_makers.h"

namespace rpcnet::experiments {
namespace {

using std::chrono::seconds;

constexpr Duration kSettled = seconds(60);

std::size_t nodes_of(const Trial& trial) {
  return static_cast<std::size_t>(number(trial.name, "N"));
}

Json run_with(const Trial& trial, Duration active,
              const std::function<std::vector<Fault>(const std::vector<HostIndex>&)>& make) {
  Setup setup = setup_of(trial, nodes_of(trial));
  const std::vector<HostIndex> faulty =
      Lab(setup).pick(0, std::max<std::size_t>(setup.nodes / 100, 2));
  setup.faults = make(faulty);
  Lab lab(setup);
  const bool gathered = lab.gather(kSettled);
  lab.run_until(Moment(kSettled));
  lab.watcher().begin();
  lab.run_for(active);
  const Faulty seen = lab.judge(faulty, Moment(kSettled));
  return {{"gathered", gathered},
          {"settled", seen.settled},
          {"settled_s", in_seconds(seen.last_change)},
          {"first_s", in_seconds(seen.first_change)},
          {"healthy_removed", seen.removals_of_healthy_at_healthy},
          {"changes_a_member", seen.changes_max},
          {"views_max", seen.views_max}};
}

}  // namespace

std::vector<Case> e5_cases(bool quick) {
  if (quick) return {{"N=200", 1, 3}};
  return {{"N=1000", 3, 60}};
}

Json e5_run(const Trial& trial) {
  return run_with(trial, seconds(120), [](const std::vector<HostIndex>& faulty) {
    return std::vector<Fault>{host_fault(FaultKind::power_off, faulty, kSettled)};
  });
}

std::vector<Case> e6_cases(bool quick) {
  if (quick) return {{"N=200", 1, 4}};
  return {{"N=1000", 1, 150}};
}

Json e6_run(const Trial& trial) {
  const Duration active = seconds(trial.quick ? 120 : 300);
  return run_with(trial, active, [&](const std::vector<HostIndex>& faulty) {
    return again_and_again(cut({}, faulty, kSettled, kSettled), seconds(20), seconds(20),
                           kSettled + active);
  });
}

std::vector<Case> e7_cases(bool quick) {
  if (quick) return {{"N=200 in", 1, 4}, {"N=200 out", 1, 4}};
  return {{"N=1000 in", 1, 150}, {"N=1000 out", 1, 150}};
}

Json e7_run(const Trial& trial) {
  const Duration active = seconds(trial.quick ? 120 : 300);
  const bool in = trial.name.find(" in") != std::string::npos;
  return run_with(trial, active, [&](const std::vector<HostIndex>& faulty) {
    return std::vector<Fault>{in ? loss({}, faulty, 800'000, kSettled, kSettled + active)
                                 : loss(faulty, {}, 800'000, kSettled, kSettled + active)};
  });
}

}  // namespace rpcnet::experiments
