// E3: members whose processor is taken away (Lifeguard's figure 1).
//
// Of 100 members d are starved for 20 s of every 30: each input, a timer too, costs 100 ms then.
// Everybody runs, so every verdict of failure is false; those at healthy members are worse, and
// those on healthy members worst.
#include "tests/experiments/experiment.h"
#include "tests/experiments/fault_makers.h"

namespace rpcnet::experiments {
namespace {

using std::chrono::seconds;

constexpr std::size_t kNodes = 100;
constexpr Duration kSettled = seconds(30);
constexpr std::int64_t kInputMicros = 100'000;

}  // namespace

std::vector<Case> e3_cases(bool quick) {
  if (quick) return {{"d=4", 1, 1}, {"d=16", 1, 1}};
  return {{"d=1", 3, 2}, {"d=2", 3, 2},  {"d=4", 3, 2},
          {"d=8", 3, 2}, {"d=16", 3, 2}, {"d=32", 3, 3}};
}

Json e3_run(const Trial& trial) {
  const Duration active = seconds(trial.quick ? 120 : 300);
  Setup setup = setup_of(trial, kNodes);
  const std::vector<HostIndex> slow =
      Lab(setup).pick(0, static_cast<std::size_t>(number(trial.name, "d")));
  const Fault starved = host_fault(FaultKind::slow, slow, kSettled, kSettled, kInputMicros);
  setup.faults = again_and_again(starved, seconds(20), seconds(10), kSettled + active);
  Lab lab(setup);
  lab.gather(kSettled);
  lab.run_until(Moment(kSettled));
  lab.watcher().begin();
  lab.run_for(active + seconds(60));
  const Faulty faulty = lab.judge(slow, Moment(kSettled));
  return {{"fp", faulty.removals_of_healthy + faulty.removals_of_faulty},
          {"fp_at_healthy",
           faulty.removals_of_healthy_at_healthy + faulty.removals_of_faulty_at_healthy},
          {"fp_of_healthy", faulty.removals_of_healthy},
          {"fp_healthy", faulty.removals_of_healthy_at_healthy},
          {"one_view", lab.watcher().all_see_all()}};
}

}  // namespace rpcnet::experiments
