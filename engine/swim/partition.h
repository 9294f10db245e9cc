// Is the cluster cut in pieces, and on which side are we?
//
// It is about reach and not about verdicts. The lost are the members that are suspect, or died
// within PartitionConfig::window; and while this node doubts its own network (own_network.h), and
// so accuses nobody, all whom it has not heard since: to be alone is to be partitioned. The known
// are all members and the lost. Where enough of the known are lost for PartitionConfig::grace, that
// is a partition, or the death of so many, which nobody on this side can tell apart.
//
// While it lasts the known are those of its beginning: the lost stay lost however long they are
// away, newcomers do not count (or a minority that scales itself up would take itself for the
// majority), and who leaves is taken off. It ends when fewer than the threshold are lost.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>

#include "engine/swim/core.h"

namespace rpcnet::swim {

class Partition {
 public:
  explicit Partition(Core& core) : core_(core) {}

  // The member's status is another now. `came`: it was not one before.
  void on_change(Instant now, Slot slot, bool came);

  // This node is in doubt of its own network since then; nullopt: no longer.
  void on_doubt(const std::optional<Instant>& since);

  // The member was heard.
  void on_heard(Slot slot);

  // Its slot is about to name somebody else.
  void forget(Slot slot);

  // To be called after changes, and when Wake::partition is due.
  void update(Instant now, Outbox& out);

  // Are there changes?
  bool changed() const { return changed_; }

  // This process was stopped: what is under way has to last anew.
  void restart(Instant now);

  void clear();

  // nullopt: none, as far as this node can tell.
  const std::optional<PartitionDetected>& state() const { return told_; }

 private:
  struct Loss {
    Instant since{};
    bool dead = false;
  };

  std::size_t lost() const { return lost_.size() + unheard_.size(); }
  bool exceeds(std::size_t known) const;
  PartitionDetected measure() const;
  bool holds_lowest() const;
  void drop_old(Instant now);
  void erase(Slot slot);
  void schedule(Instant now);

  Core& core_;
  std::map<Slot, Loss> lost_;
  std::set<std::pair<Instant, Slot>> dead_;  // the dead of them, by when they were lost
  std::set<Slot> unheard_;                   // since the doubt began; none of lost_
  std::set<Slot> newcomers_;                 // since it began
  std::size_t known_ = 0;                    // while it lasts
  std::optional<Instant> doubt_;
  bool changed_ = false;
  std::optional<Instant> since_;  // since when what holds differs from what was told
  std::optional<PartitionDetected> told_;
};

}  // namespace rpcnet::swim
