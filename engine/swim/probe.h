// Is it there? The probes that this node has in flight.
//
// One probe (SWIM 3.1, 4.1; memberlist):
//
//   0      ping by datagram
//   wait   ping through indirect_probes relays, and by a stream of the link
//   end    no answer by any way: the caller is told to suspect
//
// The wait is what this member's round trips ask for (round_trips.h), or probe_timeout where
// nothing is measured; the end is probe_interval. Of a member whose heartbeats are missing already
// it is four waits: the silence has given it its time. Both are longer while this node is not well
// (local_health.h). An answer of the member itself counts by whichever way it came, until the end.
// A member that is not connected is given one more interval, for the handshake. A link that breaks
// is no answer yet and no verdict: the member is dialled again and the relays are asked at once.
//
// Who pays for a failed probe (Lifeguard IV.A): where relays were asked, those that did not even
// say that they have no answer either; their nacks clear us, and the target is what is ill.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "engine/swim/core.h"
#include "engine/swim/courier.h"
#include "engine/swim/token_bucket.h"

namespace rpcnet::swim {

class Probes {
 public:
  Probes(Core& core, Courier& courier);

  // What heartbeats tell of a member: by how much it may be late, as it says itself; and whether it
  // is silent already.
  struct Signs {
    Duration late{};
    bool silent = false;
  };

  // Begins unless the member is being probed already.
  void begin(Instant now, Slot slot, const Signs& signs, Outbox& out);

  // The same for a hint or for Phi: under a rate limit, and beside the round.
  void begin_out_of_turn(Instant now, Slot slot, const Signs& signs, Outbox& out);

  // False: nobody waits for this number (any more), or it is not this member's to answer.
  bool on_ack(Instant now, std::uint64_t seq, Slot from);
  bool on_relayed_ack(Instant now, std::uint64_t seq, Slot relay);
  void on_nack(Instant now, std::uint64_t seq, Slot relay);

  void on_slow(Instant now, std::uint64_t seq, Outbox& out);

  // Who did not answer since when, and a link to it on which nothing at all came back meanwhile;
  // nullopt if the probe is over.
  struct Failure {
    Slot slot = 0;
    Instant since{};
    std::optional<LinkId> silent;
  };
  std::optional<Failure> on_end(std::uint64_t seq, Outbox& out);

  void on_link_down(Instant now, LinkId link, Outbox& out);

  // The member is no longer one.
  void forget(Slot slot);

  // This process was stopped: what it did not hear says nothing. Begins all over again.
  void restart(Instant now, Outbox& out);

  void clear();
  bool awaits(LinkId link, StreamId stream) const;  // is this the stream of a fallback ping?

 private:
  struct Probe {
    std::uint64_t seq = 0;
    Slot slot = 0;
    Instant since{};
    Instant end{};
    bool connected = false;  // when it began
    std::optional<LinkId> link;
    std::optional<std::pair<LinkId, StreamId>> stream;
    std::vector<Slot> relays;
    std::vector<Slot> nacked;  // of the relays
    Instant asked{};           // when they were
    bool slow = false;         // relays and stream have been asked
  };

  using Position = std::vector<Probe>::iterator;

  Position find(std::uint64_t seq);
  Position find_slot(Slot slot);
  void ping(Instant now, Probe& probe, Outbox& out);
  void ask_relays(Instant now, Probe& probe, Outbox& out);
  void ping_by_stream(Instant now, Probe& probe, Outbox& out);
  void succeed(Position position);
  void erase(Position position);

  Core& core_;
  Courier& courier_;
  std::vector<Probe> probes_;  // few at a time; in the order of their numbers
  TokenBucket out_of_turn_;
};

}  // namespace rpcnet::swim
