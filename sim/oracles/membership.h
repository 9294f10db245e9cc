// Membership, event by event: incarnations only rise and only their owner raises them; the dead do
// not come back without a higher one and are not forgotten; tags are their owner's and do not go
// back; who was let in knows whom the others know; nobody is known who does not exist.
#pragma once

#include <deque>
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
  void on_end() override;

 private:
  struct Seen {
    Incarnation incarnation = 0;
    std::uint64_t tags_version = 0;
    Moment since;  // it is a member, or is none
    bool known = false;
    MemberStatus status{};
  };

  void take_remembered(HostIndex host);
  void look(HostIndex observer, const Member& member);
  void note_owner(HostIndex owner);
  void on_partition(HostIndex host, const PartitionDetected& told);
  void on_joined(HostIndex host, const Joined& joined);
  void check_memory(HostIndex observer);
  void look_at_changes();

  struct Said {               // by one name, in all lives
    Incarnation claimed = 0;  // the highest it ever had
    std::set<Tags> tags;      // all that it ever had
  };

  // A change of tags that all are to hear of.
  struct Change {
    HostIndex owner = 0;
    std::uint32_t life = 0;
    std::uint64_t version = 0;
    bool is_long = false;
    Moment at;
  };
  struct Spread {  // of changes and observers
    std::uint64_t in_time = 0;
    std::uint64_t all = 0;
  };

  Said& said(std::uint32_t number);
  Said& said(const NodeId& id) { return said(*world().number_of(id)); }

  // By observer, since its process began, and there by World::number_of a member.
  std::vector<std::vector<Seen>> seen_;
  std::vector<Seen> remembered_;  // by number, of all who remember
  std::vector<Said> said_;        // by number
  std::vector<Tags> own_tags_;    // by host, of this life
  std::vector<bool> cut_off_;     // by host: it has told of a partition, and not of its end
  std::optional<std::pair<HostIndex, Tags>> changing_;
  std::deque<Change> changes_;  // oldest first
  Spread spread_[2];            // of short tags, and of long ones
  std::uint64_t ticks_ = 0;
};

}  // namespace rpcnet::sim
