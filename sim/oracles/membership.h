// Membership, event by event: incarnations only rise and only their owner raises them; the dead do
// not come back without a higher one and are not forgotten; tags are their owner's and do not go
// back; who was let in knows whom the others know; nobody is known who does not exist.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "sim/oracles/oracle.h"

namespace rpcnet::sim {

class MembershipOracle final : public Oracle {
 public:
  explicit MembershipOracle(const Ground& ground);

  const char* name() const override { return "membership"; }
  void on_started(HostIndex host) override;
  void on_stopping(HostIndex host) override;
  void on_command(HostIndex host, const Command& command) override;
  void on_outcome(HostIndex host, Outcome outcome) override;
  void on_event(HostIndex host, const Event& event) override;
  void on_tick() override;

 private:
  struct Seen {
    Incarnation incarnation = 0;
    MemberStatus status{};
    std::uint64_t tags_version = 0;
    Moment since;  // it is a member, or is none
  };

  void look(HostIndex observer, const Member& member);
  void note_owner(HostIndex owner);
  void on_joined(HostIndex host, const Joined& joined);
  void check_memory(HostIndex observer);

  std::vector<std::map<NodeId, Seen>> seen_;  // by observer, since its process began
  std::map<NodeId, Incarnation> claimed_;     // the highest its owner ever had, by name
  std::map<NodeId, std::set<Tags>> spoken_;   // all tags that a name ever had
  std::vector<Tags> own_tags_;                // by host, of this life
  std::optional<std::pair<HostIndex, Tags>> changing_;
  std::uint64_t ticks_ = 0;
};

}  // namespace rpcnet::sim
