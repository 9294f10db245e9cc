// Dense heartbeats between pairs of members, and the suspicion level that they feed.
//
// SWIM's random probing meets a given pair too rarely for statistics: once in half a minute at 60
// members. So whoever cares for a member (a director for its workers) watches it: both send each
// other a heartbeat every heartbeat_interval, which carries the sender's load and gives back what
// was heard. The wish rides on the watcher's own heartbeats and holds for watch_lease, so a watcher
// that is gone costs nothing for long. Whoever is asked to beat also hears the watcher's beats and
// knows as much of it.
//
// The set of pairs is all there is to an overlay: rings of monitors would only add pairs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "engine/phi/phi_detector.h"
#include "engine/swim/core.h"
#include "engine/swim/courier.h"

namespace rpcnet::swim {

class Monitor {
 public:
  Monitor(Core& core, Courier& courier) : core_(core), courier_(courier) {}

  void watch(Instant now, const NodeId& id, bool wanted);

  // The member came, or is no longer one.
  void on_member(Instant now, Slot slot);
  void on_gone(Slot slot);

  void on_heartbeat(Instant now, Slot slot, const Heartbeat& heartbeat);
  void on_beat_due(Instant now, Slot slot, Outbox& out);

  // True: Phi says that the member should be probed.
  bool on_phi_due(Instant now, Slot slot) const;

  // This process was stopped for so long.
  void delay(Instant now, Duration stall);

  void clear();

  const phi::PhiDetector* detector(Slot slot) const;
  bool over(Slot slot, std::uint32_t level_milli, Instant now) const;

 private:
  struct Pair {
    phi::PhiDetector phi;
    bool wanted = false;           // by us
    std::optional<Instant> lease;  // until when the peer wants ours
    std::uint64_t seq = 0;         // of our own beats
    std::uint64_t heard = 0;       // the peer's latest, and when it came
    Instant heard_at{};
  };

  Pair& pair(Instant now, Slot slot);
  void arm_phi(Instant now, Slot slot, const Pair& pair);

  Core& core_;
  Courier& courier_;
  std::set<NodeId> wanted_;  // also those that are no members now
  std::map<Slot, Pair> pairs_;
};

}  // namespace rpcnet::swim
