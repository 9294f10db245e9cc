// A cluster under experiment: N members and nothing else, in one of three modes, with faults.
//
// The world, the network and the faults are the simulator's; no oracle and no workload runs. What
// the members come to believe is noted by a Watcher. Everything follows from the set-up's seed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/fault_runner.h"
#include "sim/plan.h"
#include "sim/simulation.h"
#include "sim/world.h"
#include "tests/experiments/modes.h"
#include "tests/experiments/watcher.h"

namespace rpcnet::experiments {

using sim::Fault;
using sim::FaultKind;
using sim::HostIndex;
using sim::Moment;

struct Setup {
  std::size_t nodes = 128;
  Mode mode = Mode::ours;
  std::uint64_t seed = 1;
  std::size_t seeds = 1;  // the first hosts, through which all join
  bool joined = false;    // all know each other from the beginning
  // Hosts start within this time of each other.
  Duration start_spread = std::chrono::seconds(1);
  sim::Latency latency{};
  std::uint32_t loss_ppm = 0;
  std::vector<Fault> faults;  // times since the beginning
  sim::Fidelity fidelity = sim::Fidelity::messages;
  // Of the modelled transport; absent: as io/quic has it.
  std::optional<Duration> idle_timeout{};
  std::function<void(NodeConfig&)> tune{};  // after the mode's profile
};

// What the healthy members made of some faulty ones.
struct Faulty {
  bool settled = false;     // all of them hold all the faulty to be dead or degraded, at the end
  Duration first_change{};  // of an opinion of a faulty one at a healthy member
  Duration last_change{};
  std::size_t changes_max = 0;  // the most that a healthy member made
  std::size_t views_max = 0;    // different views that a healthy member had
  // Verdicts of failure.
  std::uint64_t removals_of_healthy = 0;
  std::uint64_t removals_of_healthy_at_healthy = 0;
  std::uint64_t removals_of_faulty = 0;
  std::uint64_t removals_of_faulty_at_healthy = 0;
};

// What membership has said, in its own count: messages and their bytes, without any transport.
struct Traffic {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
};

class Lab {
 public:
  explicit Lab(Setup setup);

  // Starts all hosts and runs until every member sees all, or until `limit`. False: not by then.
  bool gather(Duration limit);

  void run_until(Moment end);
  void run_for(Duration time) { run_until(now() + time); }
  // In small steps until `done` holds. False: not by `end`.
  bool run_until(Moment end, const std::function<bool()>& done);

  Moment now() const { return world_.now(); }
  void kill(HostIndex host) { world_.stop(host, sim::HostState::off); }
  void revive(HostIndex host) { world_.start(host); }

  // The same for the same (purpose, counter): uniform in [low, high].
  std::int64_t draw(std::uint64_t purpose, std::uint64_t counter, std::int64_t low,
                    std::int64_t high) const;
  // Distinct hosts that are no seeds.
  std::vector<HostIndex> pick(std::uint64_t purpose, std::size_t count) const;

  Faulty judge(const std::vector<HostIndex>& faulty, Moment since);
  Traffic traffic() const;
  std::uint64_t suspicions() const;  // that running members have had of others, in all

  sim::World& world() { return world_; }
  Watcher& watcher() { return watcher_; }
  std::size_t nodes() const { return plan_.hosts(); }
  const Setup& setup() const { return setup_; }

 private:
  std::unique_ptr<sim::Network> network();

  Setup setup_;
  sim::Plan plan_;
  sim::World world_;
  sim::FaultRunner faults_;
  Watcher watcher_;
};

}  // namespace rpcnet::experiments
