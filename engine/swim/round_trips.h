// How long answers take, and so how long to wait for one.
//
// A smoothed round trip and its deviation for each member that is heard from often (RFC 6298, with
// its gains of 1/8 and 1/4), and one of all members together for those of whom nothing is known.
#pragma once

#include <map>
#include <optional>

#include "engine/config.h"
#include "engine/instant.h"
#include "engine/swim/membership.h"

namespace rpcnet::swim {

class RoundTrips {
 public:
  explicit RoundTrips(const SwimConfig& config)
      : adaptive_(config.adaptive_probes),
        least_(config.probe_timeout_min),
        most_(config.probe_timeout) {}

  // The member is one to keep numbers of its own for, or no longer.
  void keep(Slot slot) { own_.try_emplace(slot); }
  void forget(Slot slot) { own_.erase(slot); }

  void sample(Slot slot, Duration round_trip);

  // How long a direct probe waits for its answer: the round trip and four deviations, and `late`,
  // by which the peer says that it may be late; within the configured limits.
  Duration wait(Slot slot, Duration late) const;

 private:
  struct Estimate {
    Duration smoothed{};
    Duration deviation{};
    bool known = false;

    void add(Duration round_trip);
    Duration bound() const { return smoothed + 4 * deviation; }
  };

  bool adaptive_;
  Duration least_;
  Duration most_;
  std::map<Slot, Estimate> own_;
  Estimate all_;
};

}  // namespace rpcnet::swim
