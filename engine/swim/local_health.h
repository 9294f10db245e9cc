// How well this node itself is doing, judged by what should have come and did not.
//
// Lifeguard (Dadgar, Phillips, Currey, DSN 2018, IV.A): a node that handles messages slowly sees
// failures everywhere. A score rises with each sign of that (a probe that got no answer, a relay
// that did not even send its nack, an accusation that had to be refuted, a stall that was measured)
// and falls with each success. Waits are multiplied by score + 1: who may be slow is patient.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/config.h"
#include "engine/instant.h"

namespace rpcnet::swim {

class LocalHealth {
 public:
  explicit LocalHealth(const SwimConfig& config)
      : max_(config.local_health_max),
        scales_interval_(config.local_health_scales_interval),
        scales_timeout_(config.local_health_scales_timeout) {}

  void worsen(std::uint32_t by) { score_ = std::min(max_, score_ + std::min(by, max_)); }
  void improve() { score_ -= score_ > 0 ? 1 : 0; }

  // 0: well.
  std::uint32_t score() const { return score_; }

  // Times between probes and their ends; the wait of a direct probe.
  Duration interval(Duration wait) const { return wait * (scales_interval_ ? score_ + 1 : 1); }
  Duration timeout(Duration wait) const { return wait * (scales_timeout_ ? score_ + 1 : 1); }

 private:
  std::uint32_t max_;
  bool scales_interval_;
  bool scales_timeout_;
  std::uint32_t score_ = 0;
};

}  // namespace rpcnet::swim
