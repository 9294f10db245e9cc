// A registry never chooses whom its own node counts dead, or whose tags do not match, or nobody
// while there is somebody.
#pragma once

#include "sim/oracles/oracle.h"

namespace rpcnet::sim {

class RegistryOracle final : public Oracle {
 public:
  using Oracle::Oracle;

  const char* name() const override { return "registry"; }
  void on_event(HostIndex host, const Event& event) override;
};

}  // namespace rpcnet::sim
