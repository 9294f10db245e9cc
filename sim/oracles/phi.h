// Phi, computed again from the arrivals of heartbeats as they reach a director, in long double and
// by the textbook: -log10 of the normal tail. What the director reports has to be that.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "sim/oracles/oracle.h"

namespace rpcnet::sim {

class PhiOracle final : public Oracle {
 public:
  explicit PhiOracle(const Ground& ground);

  const char* name() const override { return "phi"; }
  void on_started(HostIndex host) override;
  void on_fact(HostIndex host, const Fact& fact) override;
  void on_event(HostIndex host, const Event& event) override;
  void on_tick() override;

 private:
  // The window of one watched member (Phi 5.2; the first guess is Akka's).
  struct Window {
    std::deque<long double> gaps;  // seconds
    std::optional<Instant> last;
    std::optional<Instant> sampled;
  };
  struct Rhythm {
    Moment since;
    std::uint64_t heard = 0;
    Window all;
    // Without the first heartbeat, which may have come before the watch began.
    Window later;
  };

  void observe(Window& window, Instant now, const NodeConfig& config) const;
  long double level_milli(const Window& window, Instant now, const NodeConfig& config) const;

  std::vector<std::map<NodeId, Rhythm>> rhythms_;  // by member; only directors have any
  std::uint64_t ticks_ = 0;
};

}  // namespace rpcnet::sim
