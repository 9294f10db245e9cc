// Datagrams, from the order to send one to the fact that it arrived: nothing between the engines
// may lose what the network did not lose.
//
// It watches what the first few members say to each other: a transport does the same for all.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sim/oracles/oracle.h"

namespace rpcnet::sim {

class DeliveryOracle final : public Oracle {
 public:
  explicit DeliveryOracle(const Ground& ground);

  const char* name() const override { return "delivery"; }
  // The hosts below this are those whose wire it looks at.
  HostIndex watched() const { return static_cast<HostIndex>(speakers_.size()); }
  void on_started(HostIndex host) override;
  void on_stopping(HostIndex host) override;
  void on_fact(HostIndex host, const Fact& fact) override;
  void on_order(HostIndex host, const Order& order) override;
  void on_tick() override;

 private:
  struct Sent {
    LinkId link;
    HostIndex to = 0;
    std::uint64_t hash = 0;
    Moment at;
  };
  struct Peer {
    HostIndex host = 0;
    bool alive = false;  // the process that runs there is known to be at the other end
    bool ended = false;  // the one that was has ended
    std::optional<NodeId> id;
  };
  struct Speaker {
    std::map<LinkId, Peer> peers;       // at the other end of links that are up
    std::deque<Sent> sent;              // and not yet arrived, oldest first
    std::map<HostIndex, Moment> heard;  // when each peer's present process was first heard
  };

  void on_former(HostIndex host, const Peer& peer);
  bool is_excused(HostIndex host, const Sent& sent) const;

  std::vector<Speaker> speakers_;
};

}  // namespace rpcnet::sim
