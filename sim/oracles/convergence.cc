// Comparing views with the truth. It stops at the first difference, so that looking often is cheap
// while there is one.
#include "sim/oracles/convergence.h"

#include <algorithm>
#include <vector>

#include "sim/fault_runner.h"

namespace rpcnet::sim {
namespace {

MemberView view_of(const Member& member) {
  return {member.id,          member.address,      member.status,
          member.incarnation, member.tags_version, member.tags};
}

bool is(const MemberView& view, const Member& member) {
  return view.id == member.id && view.address == member.address && view.status == member.status &&
         view.incarnation == member.incarnation && view.tags_version == member.tags_version &&
         view.tags == member.tags;
}

std::string text_of(const MemberView& member) {
  return member.id.text() + " " + to_text(member.status) + " at incarnation " +
         std::to_string(member.incarnation) + " with tags version " +
         std::to_string(member.tags_version);
}

}  // namespace

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
    std::string wrong;
    std::size_t seen = 0;
    host.node->for_each_member([&](const MemberView& member) {
      const std::size_t at = seen++;
      if (!wrong.empty() || at >= truth.size() || is(member, truth[at])) return;
      wrong =
          name_of(i) + " sees " + text_of(member) + "; the truth is " + text_of(view_of(truth[at]));
    });
    if (seen != truth.size()) {
      return name_of(i) + " sees " + std::to_string(seen) + " members of " +
             std::to_string(truth.size());
    }
    if (!wrong.empty()) return wrong;
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
