// Comparing views with the truth. It stops at the first difference, so that looking often is cheap
// while there is one.
#include "sim/oracles/convergence.h"

#include <algorithm>
#include <vector>

#include "sim/fault_runner.h"

namespace rpcnet::sim {

std::string ConvergenceOracle::difference() {
  std::vector<Member> truth;
  for (HostIndex i = 0; i < plan().members(); ++i) {
    const Host& host = world().host(i);
    if (!host.running() || faults().has_left(i)) continue;
    const auto self = host.node->find(host.setup.config.id);
    if (!self) return name_of(i) + " does not know itself";
    truth.push_back(*self);
  }
  const auto before = [](const Member& x, const Member& y) { return x.id < y.id; };
  std::sort(truth.begin(), truth.end(), before);
  for (HostIndex i = 0; i < plan().members(); ++i) {
    const Host& host = world().host(i);
    if (!host.running() || faults().has_left(i)) continue;
    const std::vector<Member> view = host.node->members();
    if (view.size() != truth.size()) {
      return name_of(i) + " sees " + std::to_string(view.size()) + " members of " +
             std::to_string(truth.size());
    }
    for (std::size_t m = 0; m < view.size(); ++m) {
      if (view[m] == truth[m]) continue;
      return name_of(i) + " sees " + view[m].id.text() + " " + to_text(view[m].status) +
             " at incarnation " + std::to_string(view[m].incarnation) + " with tags version " +
             std::to_string(view[m].tags_version) + "; the truth is " + truth[m].id.text() + " " +
             to_text(truth[m].status) + " " + std::to_string(truth[m].incarnation) + " " +
             std::to_string(truth[m].tags_version);
    }
  }
  return {};
}

bool ConvergenceOracle::settled() {
  if (took_) return true;
  const Moment now = world().now();
  if (since_ && now - *since_ < hold()) return false;
  difference_ = difference();
  if (!check(difference_.empty())) {
    since_.reset();
    return false;
  }
  if (!since_) since_ = now;
  if (now - *since_ < hold()) return false;
  took_ = *since_ - calm_at_;
  return true;
}

}  // namespace rpcnet::sim
