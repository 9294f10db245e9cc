// Does this node's own network work? It is asked before the node accuses another.
//
// The proof is a round trip with another member that began after the accused fell silent. A node
// that was cut off, stopped, or starved has none, whoever seems dead to it; when half the cluster
// is gone the other half proves it. But not for ever: where nobody has answered for a long time,
// all others may be what has failed.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/config.h"
#include "engine/instant.h"
#include "engine/swim/membership.h"

namespace rpcnet::swim {

class OwnNetwork {
 public:
  explicit OwnNetwork(const SwimConfig& config)
      : wanted_(config.own_network_proof), patience_(config.own_network_patience) {}

  // A round trip with `peer` has ended that began at `began`.
  void prove(Instant began, Slot peer);

  // Have enough members but `accused` answered what was asked since then? `members` counts all, us
  // and the accused too. Also true once that has been false for as long as we are patient. What
  // began before the doubt was over is not proven: the network may have come back in its midst.
  bool proven(Instant now, Instant since, Slot accused, std::size_t members);

 private:
  struct Trip {
    Instant began{};
    Slot peer = 0;
  };

  std::size_t wanted_;
  Duration patience_;
  std::vector<Trip> trips_;  // the latest of each of a few peers
  std::optional<Instant> doubted_;
  std::optional<Instant> recovered_;
};

}  // namespace rpcnet::swim
