// Comparisons of views (docs/wire.md, Comparing views), read off the wire: who was told in one that
// it lacks something has it when the comparison is over, whoever asked.
//
// It watches what the first few members compare among each other, and judges only by what went over
// the wire and what the nodes show.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "sim/oracles/oracle.h"

namespace rpcnet::sim {

class ViewsOracle final : public Oracle {
 public:
  explicit ViewsOracle(const Ground& ground);

  const char* name() const override { return "views"; }
  // The hosts below this are those whose wire it looks at.
  HostIndex watched() const { return static_cast<HostIndex>(observers_.size()); }
  void on_started(HostIndex host) override { forget(host); }
  void on_stopping(HostIndex host) override { forget(host); }
  void on_fact(HostIndex host, const Fact& fact) override;
  void on_order(HostIndex host, const Order& order) override;
  void on_tick() override;

 private:
  using StreamKey = std::pair<LinkId, StreamId>;
  // What is claimed of a member; of two claims the greater holds.
  struct Claim {
    NodeId id;
    Incarnation incarnation = 0;
    MemberStatus status{};
    auto rank() const { return std::pair(incarnation, status); }
  };
  using Claims = std::vector<Claim>;
  // One direction of a stream.
  struct Half {
    Bytes bytes;          // of a frame that is not whole yet
    Claims claims;        // of the digests in it
    bool differ = false;  // the views do
  };
  struct Observer {
    std::map<LinkId, HostIndex> peers;  // at the other end of gossip links
    std::map<StreamKey, Half> in;
    std::map<StreamKey, Half> out;
    // Of members that it was told, and has to know by the next tick.
    Claims owed;
  };

  void forget(HostIndex host);
  template <typename See>
  void read(Half& half, BytesView bytes, See see);
  Claims view_of(HostIndex host) const;

  std::vector<Observer> observers_;
  // What one member knew when it had told another all; oldest first.
  std::map<std::pair<HostIndex, HostIndex>, std::deque<Claims>> told_;
};

}  // namespace rpcnet::sim
