// E11 to E14: pauses and clocks, all paths of a member at once, cold connections, a flapper.
//
//   E11  three of 64 members stand still for 5, 30, 300 s, or their clocks jump ahead by an hour.
//   (A
//        step of the wall clock reaches no engine: it has no such input.)
//   E12  all paths of one member die together for 5 to 60 s (dskit 1034)
//   E13  every connection has been closed for idleness before the next probe
//   E14  one member is cut off half of the time, in turns of 2, 10 or 30 s
#include "tests/experiments/experiment.h"
#include "tests/experiments/fault_makers.h"

namespace rpcnet::experiments {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kNodes = 64;
constexpr Duration kSettled = seconds(30);

// After the faults: one view, for good?
Json run_and_heal(const Trial& trial, Setup setup, const std::vector<HostIndex>& faulty,
                  Duration active) {
  Lab lab(setup);
  const bool gathered = lab.gather(kSettled);
  lab.run_until(Moment(kSettled));
  lab.watcher().begin();
  lab.run_for(active);
  const Moment over = lab.now();
  const Faulty seen = lab.judge(faulty, Moment(kSettled));
  const bool healed =
      lab.run_until(over + seconds(120), [&] { return lab.watcher().all_see_all(); });
  const double took = in_seconds(lab.now() - over);
  lab.run_for(seconds(60));
  static_cast<void>(trial);
  return {
      {"gathered", gathered},
      {"healed", healed},
      {"healed_s", took},
      {"stays", lab.watcher().all_see_all()},
      {"healthy_removed", seen.removals_of_healthy_at_healthy},
      {"healthy_removed_by_faulty", seen.removals_of_healthy - seen.removals_of_healthy_at_healthy},
      {"faulty_removed", seen.removals_of_faulty_at_healthy},
      {"changes_a_member", seen.changes_max},
      {"views_max", seen.views_max},
      {"suspicions", lab.suspicions()}};
}

}  // namespace

std::vector<Case> e11_cases(bool quick) {
  const std::uint64_t seeds = quick ? 1 : 5;
  return {{"pause_s=5", seeds, 0.5},
          {"pause_s=30", seeds, 0.5},
          {"pause_s=300", seeds, 1},
          {"jump_s=3600", seeds, 0.5}};
}

Json e11_run(const Trial& trial) {
  Setup setup = setup_of(trial, kNodes);
  const std::vector<HostIndex> faulty = Lab(setup).pick(0, 3);
  const Duration pause = seconds(number(trial.name, "pause_s"));
  const Duration jump = seconds(number(trial.name, "jump_s"));
  if (pause > Duration::zero()) {
    setup.faults = {host_fault(FaultKind::pause, faulty, kSettled, kSettled + pause)};
  } else {
    setup.faults = {
        host_fault(FaultKind::clock_jump, faulty, kSettled, kSettled,
                   std::chrono::duration_cast<std::chrono::microseconds>(jump).count())};
  }
  return run_and_heal(trial, setup, faulty, pause + seconds(1));
}

std::vector<Case> e12_cases(bool quick) {
  const std::uint64_t seeds = quick ? 1 : 5;
  return {{"stall_s=5", seeds, 0.5}, {"stall_s=20", seeds, 0.5}, {"stall_s=60", seeds, 0.5}};
}

Json e12_run(const Trial& trial) {
  Setup setup = setup_of(trial, kNodes);
  const std::vector<HostIndex> faulty = Lab(setup).pick(0, 1);
  const Duration stall = seconds(number(trial.name, "stall_s"));
  Fault fault = cut(faulty, {}, kSettled, kSettled + stall);
  fault.both_ways = true;
  setup.faults = {fault};
  return run_and_heal(trial, setup, faulty, stall);
}

std::vector<Case> e13_cases(bool quick) {
  const std::uint64_t seeds = quick ? 1 : 3;
  return {{"rtt_ms=1 loss_pct=0", seeds, 2},
          {"rtt_ms=100 loss_pct=0", seeds, 2},
          {"rtt_ms=100 loss_pct=2", seeds, 2}};
}

Json e13_run(const Trial& trial) {
  Setup setup = setup_of(trial, kNodes);
  const Duration one_way = milliseconds(number(trial.name, "rtt_ms")) / 2;
  setup.latency = {sim::LatencyShape::uniform, one_way, one_way / 5};
  setup.loss_ppm = static_cast<std::uint32_t>(number(trial.name, "loss_pct") * 10'000);
  setup.idle_timeout = milliseconds(1500);
  return run_and_heal(trial, setup, {}, seconds(trial.quick ? 120 : 600));
}

std::vector<Case> e14_cases(bool quick) {
  const std::uint64_t seeds = quick ? 1 : 3;
  return {{"turn_s=2", seeds, 1}, {"turn_s=10", seeds, 1}, {"turn_s=30", seeds, 1}};
}

Json e14_run(const Trial& trial) {
  const Duration active = seconds(trial.quick ? 120 : 600);
  Setup setup = setup_of(trial, kNodes);
  const std::vector<HostIndex> faulty = Lab(setup).pick(0, 1);
  const Duration turn = seconds(number(trial.name, "turn_s"));
  Fault fault = cut(faulty, {}, kSettled, kSettled);
  fault.both_ways = true;
  setup.faults = again_and_again(fault, turn, turn, kSettled + active);
  return run_and_heal(trial, setup, faulty, active + turn * 2);
}

}  // namespace rpcnet::experiments
