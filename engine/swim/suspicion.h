// Members that are accused, by whom, and until when they may object.
//
// A suspect is given time to refute before it is declared dead (SWIM 4.2). Every member that hears
// of the suspicion runs its own timer, so that no single one has to live to the end of it. Who
// accused is remembered as a set: independent accusers are what Lifeguard (IV.B) shortens the time
// by, and what tells one sick accuser from one sick member.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "engine/swim/core.h"

namespace rpcnet::swim {

class Suspicions {
 public:
  explicit Suspicions(Core& core) : core_(core) {}

  // Begins, or begins anew for a higher incarnation, and lasts at least `least`. Ends by
  // Wake::suspicion, after `limit` at the latest where one is given.
  void start(Instant now, Slot slot, const std::optional<NodeId>& accuser, Duration least,
             std::optional<Duration> limit);

  // True: an independent confirmation that shortens the suspicion, and that others should hear of.
  bool accuse(Instant now, Slot slot, const NodeId& accuser);

  // Somebody says that the suspect is dead. True if it has had at least `grace` to object to us;
  // else its time here ends that long after it began, if it would not end earlier.
  bool confirm(Instant now, Slot slot, Duration grace);
  void stop(Slot slot);

  // This process was stopped for so long: nobody could be heard objecting meanwhile. All get that
  // time back, and at least `grace` from now.
  void extend(Instant now, Duration stall, Duration grace);

  void clear();
  std::vector<NodeId> accused_by(Slot slot) const;  // in order
  std::set<NodeId> accusers(Slot slot) const;
  std::size_t size() const { return suspects_.size(); }

  template <typename See>
  void for_each(See&& see) const {
    for (const auto& [slot, suspicion] : suspects_) see(slot);
  }

 private:
  struct Suspicion {
    Instant since{};
    Duration least{};
    std::set<NodeId> accusers;
  };

  Duration length(const Suspicion& suspicion) const;

  Core& core_;
  std::map<Slot, Suspicion> suspects_;
};

}  // namespace rpcnet::swim
