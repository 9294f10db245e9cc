// Counting assignments in and out.
#include "engine/cluster/assignments.h"

#include <algorithm>

namespace rpcnet::cluster {

void Assignments::add(Instant now, const NodeId& worker) {
  auto& expiries = workers_[worker].expiries;
  while (!expiries.empty() && expiries.front() <= now) expiries.pop_front();
  expiries.push_back(now + ttl_);
}

void Assignments::on_report(const NodeId& worker, std::uint64_t sequence, std::uint32_t active) {
  Worker& known = workers_[worker];
  if (sequence == known.sequence) return;
  known.sequence = sequence;
  // As many assignments have become calls as the load rose; the oldest came first.
  const std::size_t arrived = active > known.active ? active - known.active : 0;
  known.active = active;
  const auto gone = std::min(arrived, known.expiries.size());
  known.expiries.erase(known.expiries.begin(),
                       known.expiries.begin() + static_cast<std::ptrdiff_t>(gone));
}

std::uint32_t Assignments::count(Instant now, const NodeId& worker) const {
  const auto found = workers_.find(worker);
  if (found == workers_.end()) return 0;
  const auto& expiries = found->second.expiries;
  const auto live = std::upper_bound(expiries.begin(), expiries.end(), now);
  return static_cast<std::uint32_t>(expiries.end() - live);
}

}  // namespace rpcnet::cluster
