// Counting the lost.
#include "engine/swim/partition.h"

#include <algorithm>

namespace rpcnet::swim {

void Partition::on_change(Instant now, Slot slot, bool came) {
  const MemberStatus status = core_.table[slot].status;
  changed_ = true;
  unheard_.erase(slot);
  if (told_ && came && !lost_.contains(slot)) newcomers_.insert(slot);
  if (newcomers_.contains(slot)) return;
  if (told_ && status == MemberStatus::left) --known_;
  const bool lost = status == MemberStatus::suspect || status == MemberStatus::dead;
  if (!lost) return erase(slot);
  Loss& loss = lost_.try_emplace(slot, Loss{now, false}).first->second;
  const bool dead = status == MemberStatus::dead;
  if (dead == loss.dead) return;
  loss.dead = dead;
  if (dead) {
    dead_.emplace(loss.since, slot);
  } else {
    dead_.erase({loss.since, slot});
  }
}

void Partition::on_doubt(const std::optional<Instant>& since) {
  if (since == doubt_) return;
  doubt_ = since;
  changed_ = true;
  unheard_.clear();
  if (!since) return;
  for (const Slot slot : core_.table.living()) {
    if (slot == kSelf || lost_.contains(slot) || newcomers_.contains(slot)) continue;
    const auto& heard = core_.table[slot].last_heard;
    if (!heard || *heard < *since) unheard_.insert(slot);
  }
}

void Partition::on_heard(Slot slot) {
  if (!unheard_.empty() && unheard_.erase(slot) > 0) changed_ = true;
}

void Partition::forget(Slot slot) {
  if (told_ && lost_.contains(slot)) --known_;
  newcomers_.erase(slot);
  erase(slot);
}

void Partition::erase(Slot slot) {
  const auto found = lost_.find(slot);
  if (found == lost_.end()) return;
  dead_.erase({found->second.since, slot});
  lost_.erase(found);
}

void Partition::update(Instant now, Outbox& out) {
  changed_ = false;
  drop_old(now);
  const PartitionDetected is = measure();
  const bool partitioned = exceeds(is.known);
  const bool as_told = partitioned ? told_ && told_->quorum == is.quorum && told_->side == is.side
                                   : !told_.has_value();
  if (as_told) {
    since_.reset();
    if (told_) told_ = is;
  } else if (!partitioned) {
    out.push(PartitionHealed{is.reachable, is.known});
    since_.reset();
    told_.reset();
    newcomers_.clear();
  } else {
    if (!since_) since_ = now;
    if (now - *since_ >= core_.config.partition.grace) {
      known_ = is.known;
      told_ = is;
      since_.reset();
      out.push(is);
    }
  }
  schedule(now);
}

void Partition::restart(Instant now) {
  if (since_) since_ = now;
  schedule(now);
}

void Partition::clear() {
  lost_.clear();
  unheard_.clear();
  changed_ = false;
  dead_.clear();
  newcomers_.clear();
  since_.reset();
  told_.reset();
  core_.timers.disarm({Wake::partition, 0});
}

bool Partition::exceeds(std::size_t known) const {
  const PartitionConfig& config = core_.config.partition;
  return lost() >= config.lost_min && lost() * 1000 >= known * config.lost_permille;
}

PartitionDetected Partition::measure() const {
  PartitionDetected is;
  is.known = told_ ? known_ : core_.table.size() + dead_.size();
  is.reachable = is.known - std::min(is.known, lost());
  const std::size_t twice = 2 * is.reachable;
  is.side = twice > is.known    ? PartitionSide::majority
            : twice == is.known ? PartitionSide::half
                                : PartitionSide::minority;
  is.quorum = is.side == PartitionSide::majority ||
              (is.side == PartitionSide::half && exceeds(is.known) && holds_lowest());
  return is;
}

// Which half has the lowest name of the known: decided alike on both sides, if their views agreed.
bool Partition::holds_lowest() const {
  for (const Slot slot : core_.table.order()) {
    if (lost_.contains(slot) || unheard_.contains(slot)) return false;
    if (is_member(core_.table[slot].status) && !newcomers_.contains(slot)) return true;
  }
  return false;
}

// Before a partition the dead count for a window; while one lasts, for as long as it lasts.
void Partition::drop_old(Instant now) {
  if (told_) return;
  while (!dead_.empty() && now - dead_.begin()->first >= core_.config.partition.window) {
    erase(dead_.begin()->second);
  }
}

void Partition::schedule(Instant now) {
  std::optional<Instant> due;
  if (!told_ && !dead_.empty()) due = dead_.begin()->first + core_.config.partition.window;
  if (since_) {
    const Instant told_at = *since_ + core_.config.partition.grace;
    due = due ? std::min(*due, told_at) : told_at;
  }
  if (due) {
    core_.timers.arm({Wake::partition, 0}, std::max(*due, now));
  } else {
    core_.timers.disarm({Wake::partition, 0});
  }
}

}  // namespace rpcnet::swim
