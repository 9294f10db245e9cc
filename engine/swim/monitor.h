// Dense heartbeats between pairs of members, and the two suspicion levels that they feed.
//
// SWIM's random probing meets a given pair too rarely for statistics: once in half a minute at 60
// members, once in ten minutes at 1000. So each node exchanges heartbeats with its neighbours in
// the rings (rings.h), and whoever cares for a member (a director for its workers) watches it, at a
// quicker pace. The wish rides on the heartbeats of whoever has it and holds for watch_lease, so
// one that is gone costs nothing for long. The pace of a pair is the quicker of the two wishes.
//
// A heartbeat gives back the number of the last one that was heard, and how long ago. A pair that
// begins anew numbers on, so what is given back was said in this life of the process. So it is a
// measured round trip, and there are two silences to be surprised by (phi_detector.h):
//
//   heard      nothing comes from the member
//   answered   nothing of ours is given back: what we say does not reach it, or its words not us
//
// The second sees a path that fails one way, where the first sees a member in good health. The
// level of a pair is the higher of the two.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "engine/phi/phi_detector.h"
#include "engine/swim/core.h"
#include "engine/swim/courier.h"
#include "engine/swim/probe.h"
#include "engine/swim/rings.h"

namespace rpcnet::swim {

class Monitor {
 public:
  Monitor(Core& core, Courier& courier);

  void watch(Instant now, const NodeId& id, bool wanted);

  // The member came, or is no longer one.
  void on_member(Instant now, Slot slot);
  void on_gone(Instant now, Slot slot);

  // Adopts the neighbours of now.
  void on_rings_due(Instant now);

  // Anything at all came from the member.
  void on_heard(Instant now, Slot slot);
  void on_heartbeat(Instant now, Slot slot, const Heartbeat& heartbeat, Outbox& out);
  // It answered what was asked of it directly: both ways work.
  void on_answered(Instant now, Slot slot);
  void on_beat_due(Instant now, Slot slot, Outbox& out);

  // True: Phi says that the member should be probed.
  bool on_phi_due(Instant now, Slot slot);

  // This process was stopped for so long, or woke so late.
  void delay(Instant now, Duration stall);
  void note_late(Duration late) { late_ = std::max(late_, late); }

  void clear();

  struct Levels {
    std::uint32_t heard_milli = 0;
    std::uint32_t answered_milli = 0;
    std::uint64_t samples = 0;  // heartbeat gaps
    std::optional<Instant> answered;
    std::uint32_t local_health = 0;  // its own, as it says
  };
  std::optional<Levels> levels(Slot slot, Instant now) const;

  // Is the higher level at least this? 0 is never reached.
  bool over(Slot slot, std::uint32_t level_milli, Instant now) const;

  // Heartbeats do for this member what probes would.
  bool observes(Slot slot, Instant now) const;
  bool is_neighbour(Slot slot) const;

  Probes::Signs signs(Slot slot, Instant now) const;

 private:
  struct Pair {
    phi::PhiDetector heard;
    phi::PhiDetector answered;
    Duration interval{};           // of our own beats
    Duration promised{};           // of the peer's
    bool watched = false;          // by us
    bool neighbour = false;        // in a ring
    std::optional<Instant> lease;  // until when the peer wants ours
    Duration leased{};             // and at which pace
    std::uint64_t seq = 0;         // of our latest beat
    bool begun = false;            // one has been sent
    std::uint64_t echoed = 0;      // the latest that was given back
    std::uint64_t last_seq = 0;    // the peer's latest, and when it came
    Instant last_at{};
    std::array<std::pair<std::uint64_t, Instant>, 4> sent{};  // our latest beats
    Duration late{};
    std::uint32_t local_health = 0;
  };

  Pair& pair(Instant now, Slot slot);
  void set_pace(Instant now, Slot slot, Pair& pair);
  void drop(Slot slot);
  void arm_phi(Instant now, Slot slot, const Pair& pair);
  std::optional<Instant> when(const Pair& pair, std::uint32_t level_milli) const;
  void beat(Instant now, Slot slot, Pair& peer, Outbox& out);
  void take_echo(Instant now, Slot slot, Pair& pair, const Heartbeat& heartbeat);

  Core& core_;
  Courier& courier_;
  Rings rings_;
  std::set<NodeId> watched_;  // also those that are no members now
  std::map<Slot, Pair> pairs_;
  std::uint64_t beats_ = 0;        // the highest number of any pair
  Duration late_{};                // our own recent lateness, halved with each beat
  std::optional<Instant> relief_;  // when an answer last bettered local health
};

}  // namespace rpcnet::swim
