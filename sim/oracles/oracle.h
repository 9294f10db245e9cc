// An oracle knows what must be true, without asking the code that it checks.
//
// It watches a world through a Tap, counts what it checked, and ends the run at the first thing
// that is wrong. One that never checked anything makes the run vacuous.
#pragma once

#include <cstdint>
#include <string>

#include "sim/oracles/bounds.h"
#include "sim/plan.h"
#include "sim/tap.h"
#include "sim/world.h"

namespace rpcnet::sim {

class FaultRunner;

struct Ground {  // what every oracle stands on
  World& world;
  const Plan& plan;
  const FaultRunner& faults;
  Bounds bounds;
};

class Oracle : public Tap {
 public:
  explicit Oracle(const Ground& ground) : ground_(ground) {}

  virtual const char* name() const = 0;

  // After calm: is everything as it must be in the end?
  virtual bool settled() { return true; }
  // What is still missing, for the message when the time is up.
  virtual std::string unsettled() { return {}; }
  // How long after calm it may take to settle.
  virtual Duration patience() const { return Duration::zero(); }

  std::uint64_t checks() const { return checks_; }

 protected:
  bool check(bool holds) {
    ++checks_;
    return holds;
  }
  void fail(std::optional<HostIndex> host, std::string what) {
    ground_.world.fail(name(), std::move(what), host);
  }
  World& world() { return ground_.world; }
  const World& world() const { return ground_.world; }
  const Plan& plan() const { return ground_.plan; }
  const FaultRunner& faults() const { return ground_.faults; }
  const Bounds& bounds() const { return ground_.bounds; }
  std::string name_of(HostIndex host) const { return ground_.plan.host_name(host); }

 private:
  Ground ground_;
  std::uint64_t checks_ = 0;
};

}  // namespace rpcnet::sim
