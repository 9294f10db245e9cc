// What members say to each other, read off the wire: how often news is told, whether relays are
// asked before somebody is accused, and that nobody accuses others for its own absence.
//
// It watches the datagrams of the first few members only: what they all do alike, a few show.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "sim/oracles/oracle.h"

namespace rpcnet::sim {

class GossipOracle final : public Oracle {
 public:
  explicit GossipOracle(const Ground& ground);

  const char* name() const override { return "gossip"; }
  // The hosts below this are those whose wire it looks at.
  HostIndex watched() const { return static_cast<HostIndex>(tellers_.size()); }
  void on_started(HostIndex host) override;
  void on_event(HostIndex host, const Event& event) override;
  void on_fact(HostIndex host, const Fact& fact) override;
  void on_order(HostIndex host, const Order& order) override;
  void on_tick() override;
  void on_end() override;

 private:
  // One piece of news, as one member tells it.
  struct News {
    MemberStatus status{};
    Incarnation incarnation = 0;
    std::uint64_t told = 0;
    std::size_t fewest = 0;  // members that the teller knew meanwhile
    std::size_t most = 0;
    Moment first;
    Moment last;
    bool judged = false;  // it was over, and how often it was told was right
  };
  struct Teller {
    std::map<NodeId, News> news;
    std::uint64_t accusations = 0;
    std::uint64_t relays_asked = 0;
    std::size_t members = 1;
    std::size_t most_members = 1;
    std::map<std::uint64_t, NodeId> peers;  // at the other end of all links it ever had
    std::set<std::uint64_t> up;             // links
    std::optional<Moment> failed_dial;      // what waited for it was never sent
  };

  void on_relay_asked(HostIndex host, const std::optional<NodeId>& relay, BytesView body);
  void on_update(HostIndex host, const std::optional<NodeId>& to, bool liveness, BytesView content);
  void on_accusation(HostIndex host, const NodeId& subject);
  bool judge_news(HostIndex host);

  std::vector<Teller> tellers_;
};

}  // namespace rpcnet::sim
