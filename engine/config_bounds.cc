// One line for each number that could do harm.
#include "engine/config_bounds.h"

#include <cstdint>
#include <string_view>

#include "engine/bounds.h"

namespace rpcnet {
namespace {

constexpr Duration kTick = Bounds::kTick;

std::optional<std::string> fault_of(std::string_view owner, const LinksConfig& config) {
  return Bounds(owner)
      .time("handshake_timeout", config.handshake_timeout, kTick)
      .time("silence_max", config.silence_max)
      .backoff(config.backoff_min, config.backoff_max)
      .number("links_max", config.links_max, 1)
      .number("per_peer_max", config.per_peer_max, 1)
      .time("spare_idle_max", config.spare_idle_max)
      .time("idle_max", config.idle_max)
      .number("datagrams_waiting_max", config.datagrams_waiting_max, 1)
      .fault();
}

std::optional<std::string> fault_of(const VerdictConfig& config) {
  return Bounds("VerdictConfig")
      .time("cut_wait", config.cut_wait)
      .number("freeze_permille", config.freeze_permille, 0, 1000)
      .time("freeze_max", config.freeze_max)
      .fault();
}

std::optional<std::string> fault_of(const PartitionConfig& config) {
  return Bounds("PartitionConfig")
      .number("lost_permille", config.lost_permille, 0, 1000)
      .time("window", config.window)
      .time("grace", config.grace)
      .time("memory", config.memory)
      .fault();
}

std::optional<std::string> fault_of(const SwimConfig& config) {
  return Bounds("SwimConfig")
      .time("probe_interval", config.probe_interval, kTick)
      .time("round_interval", config.round_interval, kTick)
      .time("probe_timeout", config.probe_timeout, kTick)
      .time("probe_timeout_min", config.probe_timeout_min)
      .number("indirect_probes", config.indirect_probes, 0, 1000)
      .number("local_health_max", config.local_health_max, 0, 1000)
      .time("own_network_patience", config.own_network_patience)
      .number("suspicion_min_milli", config.suspicion_min_milli, 0, 1'000'000)
      .time("suspicion_floor", config.suspicion_floor)
      .number("suspicion_max_factor", config.suspicion_max_factor, 1, 1000)
      .time("hearsay_grace", config.hearsay_grace)
      .time("flap_half_life", config.flap_half_life, kTick)
      .time("flap_suspicion", config.flap_suspicion)
      .time("return_wait", config.return_wait)
      .number("rings", config.rings, 0, 100)
      .time("ring_interval", config.ring_interval, kTick)
      .time("heartbeat_interval", config.heartbeat_interval, kTick)
      .time("watch_lease", config.watch_lease, kTick)
      .number("retransmit_factor", config.retransmit_factor, 1, 1000)
      .time("gossip_interval", config.gossip_interval, kTick)
      .time("gossip_delay", config.gossip_delay)
      .number("gossip_fanout", config.gossip_fanout, 0, 1000)
      .time("sync_interval", config.sync_interval, kTick)
      .time("heal_interval", config.heal_interval, kTick)
      .time("refused_join_timeout", config.refused_join_timeout)
      .time("gossip_to_dead", config.gossip_to_dead)
      .time("tombstone_ttl", config.tombstone_ttl)
      .number("members_max", config.members_max, 1)
      .time("leave_timeout", config.leave_timeout)
      .number("tags_max", config.tags_max, 0, 48 << 10)
      .number("sync_bytes_per_s", config.sync_bytes_per_s, 1)
      .number("cross_zone_permille", config.cross_zone_permille, 0, 1000)
      .fault();
}

std::optional<std::string> fault_of(const PhiConfig& config) {
  return Bounds("PhiConfig")
      .number("window", config.window, 1, 100'000)
      .time("deviation_min", config.deviation_min, kTick)
      .time("pause", config.pause)
      .time("gap_max", config.gap_max, kTick)
      .fault();
}

std::optional<std::string> fault_of(const RpcConfig& config) {
  return Bounds("RpcConfig")
      .number("message_max", config.message_max, 1, std::uint64_t{1} << 31)
      .number("metadata_max", config.metadata_max, 1, std::uint64_t{1} << 24)
      .number("calls_max", config.calls_max, 1)
      .number("send_buffer_max", config.send_buffer_max, 1, std::uint64_t{1} << 40)
      .fault();
}

}  // namespace

std::optional<std::string> fault_of(const NodeConfig& config) {
  if (auto fault = fault_of("LinksConfig of calls", config.rpc_links)) return fault;
  if (auto fault = fault_of("LinksConfig of gossip", config.gossip_links)) return fault;
  if (auto fault = fault_of(config.swim)) return fault;
  if (auto fault = fault_of(config.swim.verdict)) return fault;
  if (auto fault = fault_of(config.swim.partition)) return fault;
  if (auto fault = fault_of(config.phi)) return fault;
  if (auto fault = fault_of(config.rpc)) return fault;
  return Bounds("RegistryConfig").time("assignment_ttl", config.registry.assignment_ttl).fault();
}

std::optional<std::string> fault_of(const RetryConfig& config) {
  return Bounds("RetryConfig")
      .number("attempts_max", config.attempts_max, 1)
      .backoff(config.backoff_min, config.backoff_max)
      .fault();
}

std::optional<std::string> fault_of(const HedgeConfig& config) {
  return Bounds("HedgeConfig")
      .time("delay", config.delay)
      .number("attempts_max", config.attempts_max, 1, 100)
      .fault();
}

std::optional<std::string> fault_of(const OutlierConfig& config) {
  return Bounds("OutlierConfig")
      .time("latency_slack", config.latency_slack)
      .time("interval", config.interval, kTick)
      .time("away_min", config.away_min, kTick)
      .time("away_max", config.away_max)
      .order("away_min", config.away_min, "away_max", config.away_max)
      .number("away_percent_max", config.away_percent_max, 0, 100)
      .fault();
}

std::optional<std::string> fault_of(const BatchConfig& config) {
  return Bounds("BatchConfig")
      .number("batch_max", config.batch_max, 1)
      .time("wait_max", config.wait_max)
      .number("queue_max", config.queue_max, 1)
      .number("running_max", config.running_max, 1)
      .fault();
}

}  // namespace rpcnet
