// A registry chooses among whom its own node counts alive, by its strategy and not by accident.
//
// Each choice is made again from the view as it was before: never somebody dead, excluded or
// avoided while there is another; the least loaded, the next in turn, any with equal chance or one
// by weight, not the more loaded of two, the owner of a key. A key's owner changes only when that
// is gone, or to one that is new.
// The loads in the view are held against the ledger of calls, and the assignments against the
// choices made.
//
// To make a choice again costs as much as there are workers: of many workers only some choices are
// judged, drawn from the seed, so that what it costs a worker stays the same.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "sim/oracles/ledger.h"
#include "sim/oracles/oracle.h"

namespace rpcnet::sim {

class RegistryOracle final : public Oracle {
 public:
  struct Luck {  // of random choices: how often they were made, hoped for, and came
    double times = 0;
    double hoped = 0;
    std::uint64_t came = 0;
  };

  // What the chance of each worker may depend on.
  enum class Law : std::uint8_t { equal, by_weight, by_weight_and_load };

  RegistryOracle(const Ground& ground, const LedgerOracle& ledger);

  const char* name() const override { return "registry"; }
  void on_started(HostIndex host) override;
  void on_command(HostIndex host, const Command& command) override;
  void on_event(HostIndex host, const Event& event) override;
  void on_tick() override;
  bool settled() override;
  std::string unsettled() override { return missing_; }
  Duration patience() const override;
  void on_end() override;

  std::uint64_t choices() const { return choices_; }

 private:
  struct Asked {
    SelectWorker request;
    bool judged = false;
    std::vector<WorkerView> views;  // if it is: whose tags match, as they were before
  };
  struct Owner {  // of a key, when it was last asked for
    NodeId worker;
    std::set<NodeId> among;
  };
  struct Registry {
    OpenRegistry opened;
    std::optional<NodeId> last;
    std::map<std::string, Owner> owners;  // by key
  };

  using Candidates = std::vector<const WorkerView*>;
  static Candidates near_by(const OpenRegistry& opened, const Candidates& candidates);
  void judge_owner(HostIndex host, Registry& registry, const std::string& key,
                   const Candidates& candidates, const NodeId& chosen);
  void judge_chance(HostIndex host, LoadBalancingStrategy strategy, const Candidates& candidates,
                    const WorkerView& chosen);
  bool draws(HostIndex host);
  bool look(HostIndex host, const Asked& asked);
  void judge(HostIndex host, const Asked& asked, const std::optional<Member>& chosen);
  void note(HostIndex host, const Asked& asked, const NodeId& chosen);
  std::string difference();

  const LedgerOracle& ledger_;
  std::vector<std::map<std::uint32_t, Registry>> registries_;    // by host
  std::vector<std::map<NodeId, std::deque<Instant>>> assigned_;  // by host
  // Of each strategy, by worker, and by place in the order; all directors together.
  std::map<std::pair<LoadBalancingStrategy, std::string>, Luck> luck_;
  // How much better another law than its own explains the choices of a strategy: the logarithm of
  // the ratio of their probabilities, all directors together.
  std::map<std::pair<LoadBalancingStrategy, Law>, double> rivals_;
  std::vector<std::deque<Asked>> asked_;  // by host, and not answered yet
  std::string missing_;
  std::uint64_t asks_ = 0;
  std::uint64_t choices_ = 0;
};

}  // namespace rpcnet::sim
