// Editing plans without breaking them.
#include "sim/plan_edits.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace rpcnet::sim {
namespace {

using std::chrono::milliseconds;

// Old numbers of hosts to new ones.
class Renumbering {
 public:
  Renumbering(std::size_t hosts, std::size_t first, std::size_t last) {
    HostIndex next = 0;
    for (std::size_t host = 0; host < hosts; ++host) {
      const bool stays = host < first || host >= last;
      numbers_.push_back(stays ? std::optional(next++) : std::nullopt);
    }
  }

  // False: there were hosts and none is left.
  bool apply(std::vector<HostIndex>& hosts) const {
    if (hosts.empty()) return true;
    std::vector<HostIndex> left;
    for (const HostIndex host : hosts) {
      if (numbers_[host]) left.push_back(*numbers_[host]);
    }
    hosts = std::move(left);
    return !hosts.empty();
  }

  bool apply(Fault& fault) const {
    // An empty list would mean everybody.
    if (!apply(fault.hosts) || !apply(fault.from) || !apply(fault.to)) return false;
    for (auto& group : fault.groups) apply(group);
    if (fault.packets.empty()) return true;
    std::erase_if(fault.packets,
                  [&](const PacketName& one) { return !numbers_[one.from] || !numbers_[one.to]; });
    for (PacketName& one : fault.packets) {
      one.from = *numbers_[one.from];
      one.to = *numbers_[one.to];
    }
    return !fault.packets.empty();
  }

 private:
  std::vector<std::optional<HostIndex>> numbers_;
};

// Has it anything left that it could be about?
bool is_hollow(Fault& fault) {
  if (fault.kind == FaultKind::drop) return fault.packets.empty();
  if (!is_network(fault.kind)) return fault.hosts.empty();
  if (fault.kind != FaultKind::partition) return false;
  std::erase_if(fault.groups, [](const auto& group) { return group.empty(); });
  return fault.groups.size() < 2;
}

}  // namespace

PlanSize size_of(const Plan& plan) { return {plan.faults.size(), plan.hosts(), plan.active}; }

void give_ids(Plan& plan) {
  for (std::size_t i = 0; i < plan.faults.size(); ++i) {
    if (!plan.faults[i].id) plan.faults[i].id = i;
  }
}

void drop_ids(Plan& plan) {
  for (std::size_t i = 0; i < plan.faults.size(); ++i) {
    if (plan.faults[i].id == i) plan.faults[i].id.reset();
  }
}

void mend(Plan& plan) {
  plan.zones = std::clamp<std::size_t>(plan.zones, 1, std::max<std::size_t>(plan.hosts(), 1));
  std::erase_if(plan.faults, is_hollow);
  for (const Fault& fault : plan.faults) {
    plan.active = std::max(plan.active, fault.at + milliseconds(1'000));
  }
  for (Fault& fault : plan.faults) {
    if (has_end(fault.kind)) fault.until = std::min(fault.until, plan.active);
  }
  std::stable_sort(plan.faults.begin(), plan.faults.end(),
                   [](const Fault& x, const Fault& y) { return x.at < y.at; });
}

Plan without_hosts(const Plan& plan, std::size_t first, std::size_t last) {
  Plan smaller = plan;
  const auto overlap = [&](std::size_t begin, std::size_t count) {
    const std::size_t low = std::max(first, begin);
    const std::size_t high = std::min(last, begin + count);
    return low < high ? high - low : 0;
  };
  smaller.directors -= overlap(0, plan.directors);
  smaller.workers -= overlap(plan.directors, plan.workers);
  smaller.clients -= overlap(plan.members(), plan.clients);
  const Renumbering renumbering(plan.hosts(), first, last);
  std::erase_if(smaller.faults, [&](Fault& fault) { return !renumbering.apply(fault); });
  std::erase_if(smaller.links, [&](LinkLatency& link) {
    return !renumbering.apply(link.from) || !renumbering.apply(link.to);
  });
  mend(smaller);
  return smaller;
}

}  // namespace rpcnet::sim
