// ClusterConfig: membership, failure detection and balancing, in the words of the cluster chapter.
//
// The fields are the engine's own (engine/config.h has each one's meaning and reason); the with_...
// functions are the few that most users want.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "engine/config.h"

namespace rpcnet {

struct ClusterConfig {
  SwimConfig swim{};
  PhiConfig phi{};
  RegistryConfig registry{};
  std::optional<LinksConfig> links{};  // how members are dialled; absent: as NodeConfig says

  // How often news is passed on.
  ClusterConfig& with_gossip_interval(Duration interval) {
    swim.gossip_interval = interval;
    return *this;
  }

  // How often a member is probed: failures are noticed faster with less, at the price of traffic.
  // The probe's own patience is half of it.
  ClusterConfig& with_health_check_interval(Duration interval) {
    swim.probe_interval = interval;
    swim.probe_timeout = interval / 2;
    return *this;
  }

  // The level of suspicion (Phi 4) at which a silent member is probed out of turn; the balancer
  // avoids it from 3/5 of that on.
  ClusterConfig& with_phi_threshold(double phi_level) {
    phi.probe_at_milli = static_cast<std::uint32_t>(std::clamp(phi_level, 0.1, 1000.0) * 1000.0);
    phi.avoid_at_milli = phi.probe_at_milli / 5 * 3;
    return *this;
  }

  // How often members that watch each other say that they live, and how loaded they are.
  ClusterConfig& with_heartbeat_interval(Duration interval) {
    swim.heartbeat_interval = interval;
    return *this;
  }

  // What the side of a partition that has no quorum does.
  ClusterConfig& with_partition_policy(PartitionPolicy policy) {
    swim.partition.policy = policy;
    return *this;
  }

  // How long an accused member has to refute at the least: this many probe intervals, more in large
  // clusters.
  ClusterConfig& with_suspicion_factor(std::uint32_t factor) {
    swim.suspicion_min_milli = factor * 1000;
    return *this;
  }
};

}  // namespace rpcnet
