// Who knows of somebody dead tries the dead, again and again: that is how the sides of a partition
// find each other, and how one that was declared dead in error learns of it.
//
// It watches what the first few members order of their transport: a dial of one of the dead, or a
// datagram to one. What comes of it is for convergence to tell.
#pragma once

#include <map>
#include <vector>

#include "sim/oracles/oracle.h"

namespace rpcnet::sim {

class ReunionOracle final : public Oracle {
 public:
  explicit ReunionOracle(const Ground& ground);

  const char* name() const override { return "reunion"; }
  // The hosts below this are those whose wire it looks at.
  HostIndex watched() const { return static_cast<HostIndex>(observers_.size()); }
  void on_started(HostIndex host) override;
  void on_event(HostIndex host, const Event& event) override;
  void on_fact(HostIndex host, const Fact& fact) override;
  void on_order(HostIndex host, const Order& order) override;
  void on_tick() override;

 private:
  struct Observer {
    std::map<NodeId, Address> dead;  // in its view, and not yet forgotten
    std::map<LinkId, NodeId> peers;  // at the other end of gossip links that are up
    Moment tried;                    // one of the dead; or there were none to try
  };

  void forget_the_forgotten(HostIndex host);

  std::vector<Observer> observers_;
};

}  // namespace rpcnet::sim
