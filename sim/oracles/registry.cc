// Looking at each choice.
#include "sim/oracles/registry.h"

#include <algorithm>

namespace rpcnet::sim {

void RegistryOracle::on_event(HostIndex host, const Event& event) {
  const auto* selected = std::get_if<WorkerSelected>(&event);
  if (selected == nullptr) return;
  const Node& node = *world().host(host).node;
  const auto works = [](const Member& member) {
    const auto role = member.tags.find("role");
    return is_member(member.status) && role != member.tags.end() && role->second == "worker";
  };
  if (selected->worker) {
    const auto now = node.find(selected->worker->id);
    if (!check(now && works(*now))) {
      fail(host, "chose " + selected->worker->id.text() + ", no live worker in its own view");
    } else if (!check(now->address == selected->worker->address)) {
      fail(host, "chose a stale address of " + selected->worker->id.text());
    }
    return;
  }
  const auto members = node.members();
  if (!check(std::none_of(members.begin(), members.end(), works))) {
    fail(host, "chose nobody though it knows a live worker");
  }
}

}  // namespace rpcnet::sim
