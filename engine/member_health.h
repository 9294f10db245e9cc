// Why a member is thought ill, or well: what one node knows of another, for an operator to read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/instant.h"
#include "engine/member.h"

namespace rpcnet {

struct MemberHealth {
  Member member;
  // Of a suspect: who accuses it, as far as we heard, in NodeId order; of a dead one: who said so.
  std::vector<NodeId> accusers;
  std::optional<Duration> suspicion_left;  // until it is declared dead, if it does not object
  std::optional<Duration> silent_for;      // since any message of its own; absent: never heard
  // Since it last gave back or answered something of ours, which proves both ways; absent: no
  // heartbeats are exchanged with it.
  std::optional<Duration> unanswered_for;
  // Suspicion levels times 1000 (Phi 4), by its silence and by that of its answers; 0 while no
  // heartbeats are exchanged with it.
  std::uint32_t phi_heard_milli = 0;
  std::uint32_t phi_answered_milli = 0;
  std::uint64_t samples = 0;       // heartbeat gaps behind them
  std::uint32_t local_health = 0;  // its own, as it says; 0 is well
  std::uint32_t active_calls = 0;  // as it reported itself
  bool degraded = false;           // accused by several, and refuting it again and again
  bool avoid = false;              // gets work only if nobody else is left
};

// All that a node thinks of its cluster's health.
struct ClusterHealth {
  // Lifeguard's score of this node itself: 0 is well, more means that it doubts its own ears.
  std::uint32_t local_health = 0;
  std::uint64_t stalls = 0;  // how often it woke much too late
  std::optional<PartitionDetected> partition;
  std::vector<MemberHealth> members;  // in NodeId order, the dead and left too, this node apart
};

// "worker-b suspect at 10.0.0.3:61000, incarnation 2; accused by director, worker-a; dead in 3.2 s;
// silent for 4.1 s; phi 9.3; no answer for 4.9 s, phi 9.4; 0 calls; avoided".
std::string to_text(const MemberHealth& health);

}  // namespace rpcnet
