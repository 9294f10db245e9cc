// In the end all see the same: the live members, alive, as they describe themselves.
#pragma once

#include <optional>
#include <string>

#include "sim/oracles/oracle.h"

namespace rpcnet::sim {

class ConvergenceOracle final : public Oracle {
 public:
  using Oracle::Oracle;

  const char* name() const override { return "convergence"; }
  void on_calm() override { calm_at_ = world().now(); }
  bool settled() override;
  std::string unsettled() override { return difference_; }
  Duration patience() const override { return bounds().convergence + hold(); }

  std::optional<Duration> took() const { return took_; }

 private:
  // Empty: all views are one and true.
  std::string difference();

  // One view has to last while an old rumour, already on its way, may still come and be refuted.
  Duration hold() const { return bounds().dissemination + std::chrono::seconds(1); }

  Moment calm_at_{};
  std::optional<Moment> since_;  // views were one then
  std::optional<Duration> took_;
  std::string difference_;
};

}  // namespace rpcnet::sim
