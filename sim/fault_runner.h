// Makes a plan's faults happen in a world, and counts what each of them changed.
//
// A fault that changed nothing tested nothing: a run that has one is vacuous. (FoundationDB shipped
// a fault whose effect was never read; only a count of effects would have told.)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/plan.h"
#include "sim/tap.h"
#include "sim/world.h"

namespace rpcnet::sim {

class FaultRunner final : public Tap {
 public:
  // Schedules everything. `plan` and `world` outlive it.
  FaultRunner(World& world, const Plan& plan);

  void on_event(HostIndex host, const Event& event) override;

  std::uint64_t effects(std::size_t index) const;

  // Is a fault of the network or of a process's pace under way now, or was one since `since`?
  bool disturbed_since(Moment since) const;
  // Did something hold up this process, or bend its clock, since then?
  bool held_up_since(HostIndex host, Moment since) const;
  bool holds_up(HostIndex host) const { return holding_[host] > 0; }  // now
  // Did a pause of the process end, or its clock jump, since then?
  bool was_absent_since(HostIndex host, Moment since) const;
  // Is a fault of the network under way, or was one since then?
  bool network_disturbed_since(Moment since) const;
  // Has this process said farewell by the plan's order?
  bool has_left(HostIndex host) const { return left_[host]; }

 private:
  void handle(const Happening& happening);
  void begin(std::size_t index);
  void end(std::size_t index);
  void happen(std::size_t index, HostIndex host);
  void drain(std::size_t index, HostIndex host);
  void say_farewell(std::size_t index, HostIndex host, std::uint32_t life);

  World& world_;
  const Plan& plan_;
  std::vector<std::uint64_t> effects_;
  std::vector<std::vector<std::uint64_t>> deferred_before_;
  std::vector<bool> active_;
  std::vector<bool> left_;
  int networks_ = 0;  // faults of the network that are under way
  std::optional<Moment> last_network_;
  std::vector<int> holding_;                         // faults that do so now, by host
  std::vector<std::optional<Moment>> last_held_up_;  // by host
  std::vector<std::optional<Moment>> last_absent_;   // by host
  int disturbing_ = 0;
  Moment last_disturbed_{};
  bool ever_disturbed_ = false;
};

}  // namespace rpcnet::sim
