// E1: concurrent slow members (Lifeguard's Interval experiment).
//
// Of 128 members C block for D and run for I, in step, again and again for two minutes: their
// messages wait, their timers do not. Counted are the verdicts of failure on the others, who are
// healthy: at all members (FP), and at healthy ones (FP-). The sum over all D and I is what the
// paper's table IV sums.
#include <array>

#include "tests/experiments/experiment.h"
#include "tests/experiments/fault_makers.h"

namespace rpcnet::experiments {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kSlow = 0;
constexpr std::size_t kNodes = 128;

constexpr Duration kSettled = seconds(30);
constexpr Duration kActive = seconds(120);
constexpr Duration kAfter = seconds(60);

constexpr std::array kBlockedMs{512, 2048, 8192, 32768};
constexpr std::array kRunningMs{4, 64, 1024, 8192};

struct Count {
  std::uint64_t all = 0;      // FP
  std::uint64_t healthy = 0;  // FP-
  std::uint64_t slow = 0;     // verdicts on those that were slow: true ones, for the record
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
};

Count run_one(const Trial& trial, std::size_t slow_count, Duration blocked, Duration running) {
  Setup setup = setup_of(trial, kNodes);
  const std::vector<HostIndex> slow = Lab(setup).pick(kSlow, slow_count);
  setup.faults =
      again_and_again(block(slow, kSettled, kSettled), blocked, running, kSettled + kActive);
  Lab lab(setup);
  lab.gather(kSettled);
  lab.run_until(Moment(kSettled));
  lab.watcher().begin();
  const Traffic before = lab.traffic();
  lab.run_for(kActive + kAfter);
  Count count;
  std::vector<bool> is_slow(kNodes, false);
  for (const HostIndex host : slow) is_slow[host] = true;
  for (const Verdict& verdict : lab.watcher().verdicts()) {
    if (verdict.kind != MemberEventKind::failed) continue;
    if (is_slow[verdict.subject]) {
      ++count.slow;
    } else {
      ++count.all;
      if (!is_slow[verdict.observer]) ++count.healthy;
    }
  }
  count.messages = lab.traffic().messages - before.messages;
  count.bytes = lab.traffic().bytes - before.bytes;
  return count;
}

}  // namespace

std::vector<Case> e1_cases(bool quick) {
  if (quick) return {{"C=4", 1, 4}, {"C=16", 1, 6}};
  return {{"C=1", 2, 30}, {"C=4", 2, 40}, {"C=8", 2, 40}, {"C=16", 2, 60}, {"C=32", 2, 80}};
}

Json e1_run(const Trial& trial) {
  const auto slow = static_cast<std::size_t>(number(trial.name, "C"));
  Json cells = Json::array();
  for (const auto blocked : kBlockedMs) {
    for (const auto running : kRunningMs) {
      if (trial.quick && (running == 4 || running == 8192 || blocked == 512)) continue;
      const Count count = run_one(trial, slow, milliseconds(blocked), milliseconds(running));
      cells.push_back({{"D_ms", blocked},
                       {"I_ms", running},
                       {"fp", count.all},
                       {"fp_healthy", count.healthy},
                       {"slow_failed", count.slow},
                       {"messages", count.messages},
                       {"bytes", count.bytes}});
    }
  }
  return {{"cells", cells}};
}

}  // namespace rpcnet::experiments
