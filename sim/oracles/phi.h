// Phi, computed again from the heartbeats as they reach a director, in long double and by the
// textbook: -log10 of the normal tail. What the director reports has to be that, for both silences:
// of the worker, and of what it gives back of the director's own heartbeats.
#pragma once

#include <cstdint>
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
  // The hosts below this are those whose wire it looks at.
  HostIndex watched() const { return static_cast<HostIndex>(plan().directors); }
  void on_started(HostIndex host) override;
  void on_fact(HostIndex host, const Fact& fact) override;
  void on_order(HostIndex host, const Order& order) override;
  void on_event(HostIndex host, const Event& event) override;
  void on_tick() override;

 private:
  // The window of one rhythm (Phi 5.2; the first guess is Akka's).
  struct Window {
    std::deque<long double> gaps;  // seconds
    std::optional<Instant> last;   // the latest that surely ended the silence
    std::optional<Instant> sampled;
  };
  struct Heartbeat {
    NodeId sender;
    std::uint64_t seq = 0;
    Duration interval{};
    std::uint64_t echo = 0;
    bool want = false;
  };
  // One that the director is about to hear. Whether it takes it for one of a pair is known after.
  struct Pending {
    HostIndex host = 0;
    LinkId link;
    Heartbeat heartbeat;
    bool paired = false;  // already
    Instant at{};
  };
  struct Rhythm {
    Moment since;
    Duration promised{};
    std::uint64_t seq = 0;
    std::uint64_t echoed = 0;
    Window heard;
    Window answered;
    Instant latest{};  // anything that may have ended the silence
  };
  struct Range {
    long double low = 0;
    long double high = 0;
  };

  static std::optional<Heartbeat> read(BytesView bytes);
  bool paired(HostIndex host, const NodeId& id) const;
  void take_pending();
  void take(const Pending& pending);
  void observe(Window& window, Duration promised, Instant now, const NodeConfig& config) const;
  long double level_milli(const Window& window, Instant last, Instant now,
                          const NodeConfig& config) const;
  Range range(const Rhythm& rhythm, const Window& window, Instant now,
              const NodeConfig& config) const;

  std::vector<std::map<NodeId, Rhythm>> rhythms_;      // by member; only directors have any
  std::vector<std::map<NodeId, std::uint64_t>> sent_;  // the highest number of own heartbeats to it
  std::vector<std::map<LinkId, NodeId>> peers_;        // who is at the other end
  std::optional<Pending> pending_;
  std::uint64_t ticks_ = 0;
};

}  // namespace rpcnet::sim
