// Leaving in good order: told to a few members until enough of them have said that they know.
//
// The farewell asks for an answer and is repeated, each time to others, so one lost datagram does
// not turn a clean end into a failure. Whoever hears it spreads it. (rpcnet queued it, slept half a
// second, and revived the node at its next answered ping.)
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "engine/swim/core.h"
#include "engine/swim/courier.h"

namespace rpcnet::swim {

class Farewell {
 public:
  Farewell(Core& core, Courier& courier) : core_(core), courier_(courier) {}

  void begin(Instant now, Outbox& out);
  void on_repeat(Instant now, Outbox& out);
  void on_ack(std::uint64_t seq, Slot from, Outbox& out);
  void on_end(Outbox& out);

 private:
  void complete(Outbox& out);

  Core& core_;
  Courier& courier_;
  std::optional<std::uint64_t> seq_;
  std::set<Slot> acked_;
};

}  // namespace rpcnet::swim
