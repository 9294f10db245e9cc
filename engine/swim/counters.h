// What membership has counted since the process began. Only ever grows.
#pragma once

#include <cstdint>

namespace rpcnet::swim {

struct Counters {
  std::uint64_t messages_sent = 0;      // datagrams and stream frames
  std::uint64_t messages_received = 0;  // those that were well formed and allowed
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;

  std::uint64_t malformed = 0;      // not the grammar of docs/wire.md: the link was closed
  std::uint64_t unknown = 0;        // a version or type that this build does not know: dropped
  std::uint64_t refused_links = 0;  // wrong cluster, wrong node, no certificate, duplicate node
  std::uint64_t misaddressed = 0;   // pings for a name that is not ours

  std::uint64_t probes = 0;              // rounds begun
  std::uint64_t probes_out_of_turn = 0;  // those of them begun for a hint or for Phi
  std::uint64_t probes_indirect = 0;     // those that had to ask relays
  std::uint64_t probes_failed = 0;       // those that got no answer by any way
  std::uint64_t probes_unproven = 0;     // failed, but nobody else answered either: asked again
  std::uint64_t acks_relayed = 0;        // answers that came through a relay
  std::uint64_t acks_by_stream = 0;      // answers that came by the fallback stream
  std::uint64_t nacks = 0;               // a relay lives but its probe got no answer
  std::uint64_t relays_served = 0;       // indirect probes made for others
  std::uint64_t relays_refused = 0;      // turned away at the maximum

  std::uint64_t suspicions = 0;     // members that became suspect in this view
  std::uint64_t refutations = 0;    // claims about this node that it refuted
  std::uint64_t declared_dead = 0;  // suspicions that ran out here
  std::uint64_t downgraded = 0;     // deaths told to us of a member that was alive: suspected first

  std::uint64_t updates_sent = 0;
  std::uint64_t updates_applied = 0;
  std::uint64_t syncs_started = 0;
  std::uint64_t syncs_served = 0;
  std::uint64_t syncs_completed = 0;  // begun here and finished
  std::uint64_t syncs_failed = 0;     // begun here: refused, timed out or cut off
  std::uint64_t syncs_refused = 0;    // asked of us and turned away at the maximum

  std::uint64_t fetches = 0;  // streams that asked for long tags
  std::uint64_t fetches_served = 0;

  std::uint64_t heartbeats_sent = 0;
  std::uint64_t heartbeats_received = 0;
  std::uint64_t stalls = 0;  // times this process woke up much later than it wanted
};

}  // namespace rpcnet::swim
