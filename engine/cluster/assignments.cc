// Counting assignments in and out.
#include "engine/cluster/assignments.h"

#include <algorithm>

namespace rpcnet::cluster {

void Assignments::add(Instant now, const NodeId& worker) {
  auto& expiries = workers_[worker].expiries;
  while (!expiries.empty() && expiries.front() <= now) expiries.pop_front();
  expiries.push_back(now + ttl_);
}

// As many assignments have become calls as the load rose.
std::size_t Assignments::Worker::arrived(std::uint64_t reported, std::uint32_t active_now) const {
  if (reported == sequence || active_now <= active) return 0;
  return std::min<std::size_t>(active_now - active, expiries.size());
}

void Assignments::on_report(const NodeId& worker, std::uint64_t sequence, std::uint32_t active) {
  Worker& known = workers_[worker];
  const auto gone = static_cast<std::ptrdiff_t>(known.arrived(sequence, active));
  known.expiries.erase(known.expiries.begin(), known.expiries.begin() + gone);  // the oldest first
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
  const auto& expiries = known.expiries;
  const auto live = std::upper_bound(expiries.begin(), expiries.end(), now);
  const auto arrived = static_cast<std::ptrdiff_t>(known.arrived(sequence, active));
  return static_cast<std::uint32_t>(expiries.end() - std::max(live, expiries.begin() + arrived));
}

}  // namespace rpcnet::cluster
