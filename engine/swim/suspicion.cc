// Timers and accusers.
#include "engine/swim/suspicion.h"

#include <algorithm>

namespace rpcnet::swim {
namespace {

// More independent voices than this change nothing (Lifeguard's K is 3).
constexpr std::size_t kAccusersMax = 8;

}  // namespace

void Suspicions::start(Instant now, Slot slot, const std::optional<NodeId>& accuser, Duration least,
                       std::optional<Duration> limit) {
  Suspicion& suspicion = suspects_[slot];
  suspicion = {.since = now, .least = least, .accusers = {}};
  if (accuser) suspicion.accusers.insert(*accuser);
  const Duration whole = length(suspicion);
  core_.timers.arm({Wake::suspicion, slot}, now + std::min(whole, limit.value_or(whole)));
}

bool Suspicions::accuse(Instant now, Slot slot, const NodeId& accuser) {
  const auto found = suspects_.find(slot);
  if (found == suspects_.end() || found->second.accusers.size() >= kAccusersMax) return false;
  Suspicion& suspicion = found->second;
  if (!suspicion.accusers.insert(accuser).second) return false;
  if (suspicion.accusers.size() > core_.config.suspicion_confirmations + 1) return false;
  const Reason reason{Wake::suspicion, slot};
  const Instant end = std::max(now, suspicion.since + length(suspicion));
  const auto due = core_.timers.deadline(reason);
  if (!due || end < *due) core_.timers.arm(reason, end);
  return true;
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

std::set<NodeId> Suspicions::accusers(Slot slot) const {
  const auto found = suspects_.find(slot);
  return found == suspects_.end() ? std::set<NodeId>{} : found->second.accusers;
}

Duration Suspicions::length(const Suspicion& suspicion) const {
  const std::size_t accusers = suspicion.accusers.size();
  const std::size_t confirmations = accusers > 0 ? accusers - 1 : 0;
  return std::max(suspicion_length(core_.config, core_.table.size(), confirmations),
                  suspicion.least);
}

}  // namespace rpcnet::swim
