// Who was cut off from everybody, and was declared dead meanwhile, is taken back as Degraded: work
// that goes to it now may be lost with it again. Nobody is in a run without faults.
//
// Only where one member alone was cut off and nothing else happened near: sides of a partition, and
// networks that fail as a whole, degrade nobody.
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "sim/oracles/oracle.h"

namespace rpcnet::sim {

class IsolationOracle final : public Oracle {
 public:
  explicit IsolationOracle(const Ground& ground);

  const char* name() const override { return "isolation"; }
  void on_event(HostIndex host, const Event& event) override;
  void on_tick() override;

 private:
  struct Isolation {
    HostIndex member = 0;
    Moment from;
    Moment until;
    std::set<HostIndex> mourners;  // that declared it dead in time, and have not seen it return
  };
  // An observer saw it return and is to call it Degraded.
  struct Return {
    HostIndex observer = 0;
    HostIndex member = 0;
    Moment at;
  };

  std::vector<Isolation> isolations_;
  std::vector<Return> returns_;
  std::set<std::pair<HostIndex, HostIndex>> degraded_;  // by observer and member
};

}  // namespace rpcnet::sim
