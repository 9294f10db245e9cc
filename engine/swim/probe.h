// Is it there? The probes that this node has in flight.
//
// One probe (SWIM 3.1, 4.1; memberlist):
//
//   0               ping by datagram
//   probe_timeout   ping through indirect_probes relays, and by a stream of the link
//   probe_interval  no answer by any way: the caller is told to suspect
//
// An answer of the member itself counts by whichever way it came, until the end. A member that is
// not connected is given one more interval, for the handshake. A link that breaks is no answer yet
// and no verdict: the member is dialled again and the relays are asked at once.
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

  // Begins unless the member is being probed already.
  void begin(Instant now, Slot slot, Outbox& out);

  // The same for a hint or for Phi: under a rate limit, and beside the round.
  void begin_out_of_turn(Instant now, Slot slot, Outbox& out);

  // False: nobody waits for this number (any more), or it is not this member's to answer.
  bool on_ack(std::uint64_t seq, Slot from);
  bool on_relayed_ack(std::uint64_t seq, Slot relay);
  void on_nack(std::uint64_t seq, Slot relay);

  void on_slow(Instant now, std::uint64_t seq, Outbox& out);

  // Who did not answer, and a link to it on which nothing at all came back meanwhile; nullopt if
  // the probe is over.
  struct Failure {
    Slot slot = 0;
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
    std::optional<LinkId> link;
    std::optional<std::pair<LinkId, StreamId>> stream;
    std::vector<Slot> relays;
    bool slow = false;  // relays and stream have been asked
  };

  using Position = std::vector<Probe>::iterator;

  Position find(std::uint64_t seq);
  Position find_slot(Slot slot);
  void ping(Instant now, Probe& probe, Outbox& out);
  void ask_relays(Instant now, Probe& probe, Outbox& out);
  void ping_by_stream(Instant now, Probe& probe, Outbox& out);
  void erase(Position position);

  Core& core_;
  Courier& courier_;
  std::vector<Probe> probes_;  // few at a time; in the order of their numbers
  TokenBucket out_of_turn_;
};

}  // namespace rpcnet::swim
