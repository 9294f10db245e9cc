// Timers and accusers.
#include "engine/swim/suspicion.h"

#include <algorithm>

namespace rpcnet::swim {
namespace {

// More independent voices than this change nothing (Lifeguard's K is 3).
constexpr std::size_t kAccusersMax = 8;

}  // namespace

void Suspicions::start(Instant now, Slot slot, const std::optional<NodeId>& accuser,
                       Duration timeout) {
  Suspicion& suspicion = suspects_[slot];
  suspicion = {.since = now, .accusers = {}};
  if (accuser) suspicion.accusers.insert(*accuser);
  core_.timers.arm({Wake::suspicion, slot}, now + timeout);
}

void Suspicions::accuse(Slot slot, const NodeId& accuser) {
  const auto found = suspects_.find(slot);
  if (found != suspects_.end() && found->second.accusers.size() < kAccusersMax) {
    found->second.accusers.insert(accuser);
  }
}

bool Suspicions::confirm(Instant now, Slot slot, Duration grace) {
  const auto found = suspects_.find(slot);
  if (found == suspects_.end()) return false;
  const Instant earliest = found->second.since + grace;
  if (now >= earliest) return true;
  const Reason reason{Wake::suspicion, slot};
  const auto due = core_.timers.deadline(reason);
  if (!due || earliest < *due) core_.timers.arm(reason, earliest);
  return false;
}

void Suspicions::stop(Slot slot) {
  suspects_.erase(slot);
  core_.timers.disarm({Wake::suspicion, slot});
}

void Suspicions::extend(Instant now, Duration stall, Duration grace) {
  for (auto& [slot, suspicion] : suspects_) {
    suspicion.since += stall;
    const Reason reason{Wake::suspicion, slot};
    const auto due = core_.timers.deadline(reason);
    if (due) core_.timers.arm(reason, std::max(*due + stall, now + grace));
  }
}

void Suspicions::clear() {
  while (!suspects_.empty()) stop(suspects_.begin()->first);
}

std::vector<NodeId> Suspicions::accused_by(Slot slot) const {
  const auto found = suspects_.find(slot);
  if (found == suspects_.end()) return {};
  return {found->second.accusers.begin(), found->second.accusers.end()};
}

std::size_t Suspicions::accusers(Slot slot) const {
  const auto found = suspects_.find(slot);
  return found == suspects_.end() ? 0 : found->second.accusers.size();
}

}  // namespace rpcnet::swim
