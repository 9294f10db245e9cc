// Membership, event by event: incarnations only rise and only their owner raises them; the dead do
// not come back without a higher one; nobody is known who does not exist.
#pragma once

#include <map>
#include <vector>

#include "sim/oracles/oracle.h"

namespace rpcnet::sim {

class MembershipOracle final : public Oracle {
 public:
  explicit MembershipOracle(const Ground& ground);

  const char* name() const override { return "membership"; }
  void on_started(HostIndex host) override;
  void on_stopping(HostIndex host) override;
  void on_event(HostIndex host, const Event& event) override;
  void on_tick() override;

 private:
  struct Seen {
    Incarnation incarnation = 0;
    MemberStatus status{};
  };

  void look(HostIndex observer, const Member& member);
  void note_owner(HostIndex owner);

  std::vector<std::map<NodeId, Seen>> seen_;   // by observer, since its process began
  std::map<NodeId, Incarnation> claimed_;      // the highest its owner ever had, by name
  std::uint64_t ticks_ = 0;
};

}  // namespace rpcnet::sim
