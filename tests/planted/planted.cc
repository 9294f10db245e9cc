// Oracles that fail on purpose, each in runs of one name: what shrinking, `check` and the exit
// statuses are for has to be seen at work, and the simulator's own bugs are no test of it.
#include <cstdint>
#include <map>
#include <string>

#include "bins/sim/more_oracles.h"
#include "engine/assert.h"
#include "sim/oracles/oracle.h"

namespace rpcnet::sim {
namespace {

class Planted : public Oracle {
 public:
  using Oracle::Oracle;
  const char* name() const override { return "planted"; }
  void on_tick() override { check(true); }
};

// Needs three faults in order: a cut, then a pause of somebody who runs, then a restart of him.
class NeedsThreeInOrder final : public Planted {
 public:
  using Planted::Planted;

  void on_fault(const Fault& fault, bool begins) override {
    if (!begins) return;
    cut_ = cut_ || fault.kind == FaultKind::cut;
    if (fault.kind != FaultKind::pause || !cut_) return;
    for (const HostIndex host : fault.hosts) {
      if (world().host(host).running()) paused_[host] = world().host(host).life;
    }
  }
  void on_started(HostIndex host) override {
    const auto paused = paused_.find(host);
    if (paused != paused_.end() && world().host(host).life > paused->second) {
      fail(host, "came back after a cut and a pause");
    }
  }

 private:
  bool cut_ = false;
  std::map<HostIndex, std::uint32_t> paused_;  // in which life
};

// Needs somebody to be suspected wrongly, for which a few packets are enough.
class NeedsSilence final : public Planted {
 public:
  using Planted::Planted;

  void on_event(HostIndex host, const Event& event) override {
    const auto* notice = std::get_if<Notice>(&event);
    if (notice != nullptr && notice->kind == NoticeKind::refuted) fail(host, "was accused");
  }
};

// An assertion of our own, as the engine's would fail.
class Asserts final : public Planted {
 public:
  using Planted::Planted;

  void on_stopping(HostIndex host) override {
    const bool nobody_ever_dies = plan().is_client(host);
    ENGINE_ASSERT(nobody_ever_dies);
  }
};

// An address decides what a node is told: address randomisation makes two runs differ. The stack's,
// since the address sanitizer has its heap always at the same place.
class LooksAtAddresses final : public Planted {
 public:
  using Planted::Planted;

  void on_tick() override {
    Planted::on_tick();
    if (++ticks_ != 20 || !world().host(0).running()) return;
    const auto address = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    world().submit(0, ChangeTags{{{"address", std::to_string(address >> 4)}}});
  }

 private:
  int ticks_ = 0;
};

template <typename T>
OracleMaker only_in(std::string name) {
  return [name = std::move(name)](const Ground& ground) -> std::unique_ptr<Oracle> {
    if (ground.plan.name == name) return std::make_unique<T>(ground);
    return std::make_unique<Planted>(ground);
  };
}

}  // namespace
}  // namespace rpcnet::sim

namespace rpcnet::bins {

std::vector<sim::OracleMaker> more_oracles() {
  return {sim::only_in<sim::NeedsThreeInOrder>("three-in-order"),
          sim::only_in<sim::NeedsSilence>("accused"), sim::only_in<sim::Asserts>("asserts"),
          sim::only_in<sim::LooksAtAddresses>("addresses")};
}

}  // namespace rpcnet::bins
