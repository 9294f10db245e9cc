// Counting assignments in and out.
#include "engine/cluster/assignments.h"

#include <algorithm>

namespace rpcnet::cluster {

void Assignments::add(Instant now, const NodeId& worker, std::uint64_t request) {
  auto& open = workers_[worker].open;
  while (!open.empty() && open.front().expiry <= now) open.pop_front();
  open.push_back({now + ttl_, request});
}

void Assignments::release(const NodeId& worker, std::uint64_t request) {
  const auto found = workers_.find(worker);
  if (found == workers_.end()) return;
  auto& open = found->second.open;
  const auto released = std::find_if(open.begin(), open.end(), [request](const auto& assignment) {
    return assignment.request == request;
  });
  if (released != open.end()) open.erase(released);
}

// As many assignments have become calls as the load rose.
std::size_t Assignments::Worker::arrived(std::uint64_t reported, std::uint32_t active_now) const {
  if (reported == sequence || active_now <= active) return 0;
  return std::min<std::size_t>(active_now - active, open.size());
}

void Assignments::on_report(const NodeId& worker, std::uint64_t sequence, std::uint32_t active) {
  Worker& known = workers_[worker];
  const auto gone = static_cast<std::ptrdiff_t>(known.arrived(sequence, active));
  known.open.erase(known.open.begin(), known.open.begin() + gone);  // the oldest first
  if (sequence == known.sequence) return;
  known.sequence = sequence;
  known.active = active;
}

std::uint32_t Assignments::count(Instant now, const NodeId& worker) const {
  return count(now, worker, 0, 0);
}

std::uint32_t Assignments::count(Instant now, const NodeId& worker, std::uint64_t sequence,
                                 std::uint32_t active) const {
  const auto found = workers_.find(worker);
  if (found == workers_.end()) return 0;
  const Worker& known = found->second;
  const auto& open = known.open;
  const auto live = std::upper_bound(
      open.begin(), open.end(), now,
      [](Instant at, const Assignment& assignment) { return at < assignment.expiry; });
  const auto arrived = static_cast<std::ptrdiff_t>(known.arrived(sequence, active));
  return static_cast<std::uint32_t>(open.end() - std::max(live, open.begin() + arrived));
}

}  // namespace rpcnet::cluster
