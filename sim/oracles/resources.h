// After quiet nothing is left: no call, no stream, no growing queue. And at no time is room of a
// link's window lost: what arrived is given back, or somebody holds it who will.
#pragma once

#include "sim/oracles/oracle.h"

namespace rpcnet::sim {

class ResourcesOracle final : public Oracle {
 public:
  using Oracle::Oracle;

  const char* name() const override { return "resources"; }
  bool settled() override;
  std::string unsettled() override { return left_; }
  Duration patience() const override { return bounds().quiet; }
  void on_tick() override;
  void on_end() override;

 private:
  std::string left_;
};

}  // namespace rpcnet::sim
