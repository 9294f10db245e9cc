// Isolations of the plan, and how their members come back.
#include "sim/oracles/isolation.h"

#include <algorithm>
#include <chrono>
#include <optional>

namespace rpcnet::sim {
namespace {

using std::chrono::seconds;

// How near another fault may be.
constexpr Duration kApart = seconds(10);
// A death that is declared later may be news to it only when it hears others again.
constexpr Duration kInTime = seconds(5);
// Told with those that return with it, and then at once.
constexpr Duration kSlack = seconds(2);

// The only member that the fault cuts off from all others, both ways.
std::optional<HostIndex> cut_off(const Plan& plan, const Fault& fault) {
  std::vector<HostIndex> side;
  if (fault.kind == FaultKind::cut && fault.both_ways && fault.from.empty() != fault.to.empty()) {
    side = fault.from.empty() ? fault.to : fault.from;
  } else if (fault.kind == FaultKind::partition && fault.groups.size() == 2) {
    const auto members = [&](const std::vector<HostIndex>& group) {
      return std::count_if(group.begin(), group.end(),
                           [&](HostIndex host) { return host < plan.members(); });
    };
    side = members(fault.groups[0]) <= members(fault.groups[1]) ? fault.groups[0] : fault.groups[1];
  }
  std::erase_if(side, [&](HostIndex host) { return host >= plan.members(); });
  return side.size() == 1 ? std::optional(side.front()) : std::nullopt;
}

}  // namespace

IsolationOracle::IsolationOracle(const Ground& ground) : Oracle(ground) {
  const auto& faults = plan().faults;
  for (const Fault& fault : faults) {
    const auto member = cut_off(plan(), fault);
    const bool alone = std::all_of(faults.begin(), faults.end(), [&](const Fault& other) {
      return &other == &fault || other.at > fault.until + kApart ||
             std::max(other.at, other.until) + kApart < fault.at;
    });
    if (!member || !alone) continue;
    isolations_.push_back({*member, Moment(fault.at), Moment(fault.until), {}});
  }
}

void IsolationOracle::on_event(HostIndex host, const Event& event) {
  const auto* change = std::get_if<MemberEvent>(&event);
  if (change == nullptr) return;
  const auto subject = world().index_of(change->member.id);
  if (!subject) return;
  if (change->kind == MemberEventKind::degraded) {
    degraded_.emplace(host, *subject);
    if (!check(!plan().faults.empty() || plan().loss_ppm > 0)) {
      fail(host, "calls " + name_of(*subject) + " degraded in a run without faults");
    }
  }
  const SwimConfig& swim = world().host(host).setup.config.swim;
  // Without rings nobody doubts its own network (engine/swim/own_network.h).
  if (swim.rings == 0 || swim.own_network_proof == 0 || swim.degraded_refutations == 0) return;
  for (Isolation& isolation : isolations_) {
    if (isolation.member != *subject || host == *subject) continue;
    if (change->kind == MemberEventKind::failed && world().now() >= isolation.from &&
        world().now() + kInTime <= isolation.until) {
      isolation.mourners.insert(host);
    }
    if (change->kind == MemberEventKind::recovered && isolation.mourners.erase(host) == 1 &&
        world().now() >= isolation.until) {
      returns_.push_back({host, *subject, world().now()});
    }
  }
}

void IsolationOracle::on_tick() {
  std::erase_if(returns_, [&](const Return& back) {
    if (world().now() < back.at + kSlack) return false;
    if (!check(degraded_.contains({back.observer, back.member}))) {
      fail(back.observer, "took " + name_of(back.member) +
                              " back with all that it was given before, though it was cut off");
    }
    return true;
  });
  check(true);
}

}  // namespace rpcnet::sim
