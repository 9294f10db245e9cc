// Failure detection: every death is known to all in time (completeness), and nobody who lives is
// declared dead without a reason (accuracy). Measures how long it took.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "sim/oracles/oracle.h"

namespace rpcnet::sim {

class DetectionOracle final : public Oracle {
 public:
  explicit DetectionOracle(const Ground& ground);

  const char* name() const override { return "detection"; }
  void on_started(HostIndex host) override;
  void on_stopping(HostIndex host) override;
  void on_event(HostIndex host, const Event& event) override;
  void on_fault(const Fault& fault, bool begins) override;
  void on_tick() override;
  void on_end() override;

  // From the death to the first and to the last live member's verdict, of deaths that nothing else
  // disturbed.
  const std::vector<Duration>& first() const { return first_; }
  const std::vector<Duration>& last() const { return last_; }
  std::uint64_t false_deaths() const { return false_deaths_; }

 private:
  struct Death {
    HostIndex host = 0;
    NodeId id;  // a later process there may have another
    Moment at;
    Moment began;
    std::set<HostIndex> unaware;  // live members that have not said so yet
    std::optional<Moment> known_first;
    bool alone = false;  // nothing else has happened of late, nor since then
  };

  void on_change();
  Duration bound_of(const Death& death) const;
  void check_patience(HostIndex observer, const Death& death);
  void check_farewell(HostIndex observer, const NodeId& subject);
  void on_failed(HostIndex observer, HostIndex subject);
  bool all_others_were_well(HostIndex host, Moment since) const;
  void check_own_absence(HostIndex host);
  void check_grace(HostIndex observer, const Member& subject);

  // One whose process is stopped, or was until of late.
  struct Absence {
    Moment began;
    std::uint64_t suspicions = 0;  // that it had begun until then
  };

  std::vector<Death> deaths_;                // that are still being learned
  std::vector<std::optional<Moment>> died_;  // latest death, by host
  Moment changed_;                           // a member's process began or ended
  std::map<NodeId, Moment> farewells_;       // that somebody acknowledged
  std::map<HostIndex, Absence> absences_;
  std::set<std::pair<NodeId, Incarnation>> declared_;  // dead, by anybody
  std::set<std::pair<HostIndex, Incarnation>> falsely_dead_;
  std::vector<Duration> first_;
  std::vector<Duration> last_;
  std::uint64_t false_deaths_ = 0;
};

}  // namespace rpcnet::sim
