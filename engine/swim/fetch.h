// Asking for tags that are too long for a datagram.
//
// News of them says which version there is; whoever lacks it asks the one who told it, by a stream
// (sync.h, SyncWants), for all that it lacks and that one has, and then tells others in turn. So
// long tags spread as any news does, each node taking them once. Under a rate limit: a node that
// meets a whole cluster with long tags takes them in as it can.
#pragma once

#include <cstdint>
#include <map>

#include "engine/swim/core.h"
#include "engine/swim/sync.h"
#include "engine/swim/token_bucket.h"

namespace rpcnet::swim {

class Fetches {
 public:
  Fetches(Core& core, Sync& sync);

  // `teller` says that it has this version.
  void want(Instant now, Slot slot, std::uint64_t version, Slot teller);

  void on_due(Instant now, Outbox& out);

  // Its slot is about to name somebody else.
  void forget(Slot slot);
  void clear();

 private:
  struct Want {
    std::uint64_t version = 0;
    Slot teller = 0;
    Instant asked{Instant::min()};  // asked for and not come yet
    std::uint32_t times = 0;
  };

  void schedule(Instant now);

  Core& core_;
  Sync& sync_;
  std::map<Slot, Want> wants_;
  TokenBucket allowed_;
};

}  // namespace rpcnet::swim
