// Does this node's own network work? It is asked before the node accuses another.
//
// The proof is a round trip with another member that began after the accused fell silent. A node
// that was cut off, stopped, or starved has none, whoever seems dead to it; when half the cluster
// is gone the other half proves it. Who has no proof is in doubt of itself until enough others have
// answered again. It accuses nobody meanwhile, looks for somebody who answers (swim.cc) and takes
// whom it does not hear for out of reach (partition.h). But not for ever: where nobody has answered
// for a long time, all others may be what has failed.
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
  void prove(Instant now, Instant began, Slot peer);

  // Have enough members but `accused` answered what was asked since then? `members` counts all, us
  // and the accused too; half of the others are enough in a small cluster. Also true once that has
  // been false for as long as we are patient. What began before the doubt was over is not proven:
  // the network may have come back in its midst.
  bool proven(Instant now, Instant since, Slot accused, std::size_t members);

  // Since when nobody proves our network; nullopt: it works as far as we know.
  const std::optional<Instant>& doubted() const { return doubted_; }

  // Something came from a member.
  void hear(Instant now);

  // Has this node been alone: in doubt, and for so long without a word from anybody, until now or a
  // moment ago? The smaller side of a partition is not.
  bool alone(Instant now, Duration silence) const;

  // Was it in doubt at any time since then?
  bool doubted_since(Instant since) const {
    return doubted_ || (recovered_ && *recovered_ >= since);
  }

 private:
  struct Trip {
    Instant began{};
    Slot peer = 0;
  };

  std::size_t answered(Instant since, std::optional<Slot> but) const;

  std::size_t wanted_;
  Duration patience_;
  std::vector<Trip> trips_;  // the latest of each of a few peers
  std::optional<Instant> doubted_;
  std::size_t lacking_ = 0;  // so many must answer to end the doubt
  std::optional<Instant> recovered_;
  std::optional<Instant> heard_;
  Duration silence_{};  // the latest long one, and when it ended
  Instant broken_{};
};

}  // namespace rpcnet::swim
