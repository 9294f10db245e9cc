// Waiting for company, and for the network.
#include "engine/swim/verdict.h"

#include <algorithm>
#include <utility>

namespace rpcnet::swim {

void Verdicts::add(Instant now, Slot slot) {
  if (ripe_.empty()) first_ = now;
  ripe_.insert(slot);
}

std::vector<Slot> Verdicts::take(Instant now) {
  // Who refuted meanwhile, or is accused anew, is no longer among them.
  std::erase_if(ripe_, [this](Slot slot) {
    return core_.table[slot].status != MemberStatus::suspect ||
           core_.timers.deadline({Wake::suspicion, slot});
  });
  if (ripe_.empty()) {
    core_.timers.disarm({Wake::verdict, 0});
    return {};
  }
  if (frozen(now)) {
    held_ = true;
    const Instant end = *frozen_since_ + core_.config.verdict.freeze_max;
    core_.timers.arm({Wake::verdict, 0}, std::min(end, now + core_.config.gossip_interval));
    return {};
  }
  // The network is back, and some have refuted: so may the others, now that they can.
  if (std::exchange(held_, false) && !frozen_since_) {
    postpone(now, core_.config.probe_interval * 2);
    return {};
  }
  if (others_follow(now)) {
    core_.timers.arm({Wake::verdict, 0}, first_ + core_.config.verdict.cut_wait);
    return {};
  }
  std::vector<Slot> cut(ripe_.begin(), ripe_.end());
  core_.timers.disarm({Wake::verdict, 0});
  ripe_.clear();
  return cut;
}

void Verdicts::postpone(Instant now, Duration grace) {
  for (const Slot slot : ripe_) core_.timers.arm({Wake::suspicion, slot}, now + grace);
  clear();
}

void Verdicts::clear() {
  core_.timers.disarm({Wake::verdict, 0});
  ripe_.clear();
  held_ = false;
}

bool Verdicts::frozen(Instant now) {
  const VerdictConfig& config = core_.config.verdict;
  const std::size_t suspects = suspicions_.size();
  const bool mass = suspects >= config.freeze_min &&
                    suspects * 1000 >= core_.table.size() * config.freeze_permille;
  if (!mass) {
    frozen_since_.reset();
    return false;
  }
  // One that ended while nobody ripened was not seen to end.
  if (!frozen_since_ || now - mass_seen_ > config.freeze_max) frozen_since_ = now;
  mass_seen_ = now;
  return now < *frozen_since_ + config.freeze_max;
}

bool Verdicts::others_follow(Instant now) const {
  const Instant end = first_ + core_.config.verdict.cut_wait;
  if (now >= end) return false;
  bool follow = false;
  suspicions_.for_each([&](Slot slot) {
    if (follow) return;
    const auto due = core_.timers.deadline({Wake::suspicion, slot});
    follow = due && *due <= end;
  });
  return follow;
}

}  // namespace rpcnet::swim
