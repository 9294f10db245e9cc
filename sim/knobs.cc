// The tunables of NodeConfig that a plan may set, by name.
#include <algorithm>
#include <array>
#include <chrono>
#include <type_traits>

#include "engine/profiles.h"
#include "sim/plan.h"

namespace rpcnet::sim {
namespace {

struct Knob {
  std::string_view name;
  void (*set)(NodeConfig&, std::int64_t);
};

using std::chrono::milliseconds;

// A duration in milliseconds.
template <Duration SwimConfig::* member>
void set_ms(NodeConfig& config, std::int64_t value) {
  config.swim.*member = milliseconds(value);
}
template <Duration PhiConfig::* member>
void set_phi_ms(NodeConfig& config, std::int64_t value) {
  config.phi.*member = milliseconds(value);
}

// A plain number, or a switch that is 0 or 1.
template <auto member>
void set_number(NodeConfig& config, std::int64_t value) {
  auto& field = config.swim.*member;
  field = static_cast<std::remove_reference_t<decltype(field)>>(value);
}

constexpr std::array kKnobs{
    Knob{"probe_interval_ms", set_ms<&SwimConfig::probe_interval>},
    Knob{"round_interval_ms", set_ms<&SwimConfig::round_interval>},
    Knob{"probe_timeout_ms", set_ms<&SwimConfig::probe_timeout>},
    Knob{"adaptive_probes", set_number<&SwimConfig::adaptive_probes>},
    Knob{"probe_timeout_min_ms", set_ms<&SwimConfig::probe_timeout_min>},
    Knob{"indirect_probes", set_number<&SwimConfig::indirect_probes>},
    Knob{"stream_probes", set_number<&SwimConfig::stream_probes>},
    Knob{"nacks", set_number<&SwimConfig::nacks>},
    Knob{"local_health_max", set_number<&SwimConfig::local_health_max>},
    Knob{"local_health_scales_interval", set_number<&SwimConfig::local_health_scales_interval>},
    Knob{"local_health_scales_timeout", set_number<&SwimConfig::local_health_scales_timeout>},
    Knob{"own_network_proof", set_number<&SwimConfig::own_network_proof>},
    Knob{"own_network_patience_ms", set_ms<&SwimConfig::own_network_patience>},
    Knob{"suspicion_min_milli", set_number<&SwimConfig::suspicion_min_milli>},
    Knob{"suspicion_floor_ms", set_ms<&SwimConfig::suspicion_floor>},
    Knob{"suspicion_max_factor", set_number<&SwimConfig::suspicion_max_factor>},
    Knob{"suspicion_confirmations", set_number<&SwimConfig::suspicion_confirmations>},
    Knob{"suspicion_short_when_few", set_number<&SwimConfig::suspicion_short_when_few>},
    Knob{"hearsay_grace_ms", set_ms<&SwimConfig::hearsay_grace>},
    Knob{"buddy", set_number<&SwimConfig::buddy>},
    Knob{"degraded_accusers", set_number<&SwimConfig::degraded_accusers>},
    Knob{"degraded_refutations", set_number<&SwimConfig::degraded_refutations>},
    Knob{"flap_half_life_ms", set_ms<&SwimConfig::flap_half_life>},
    Knob{"flap_suspicion_ms", set_ms<&SwimConfig::flap_suspicion>},
    Knob{"rings", set_number<&SwimConfig::rings>},
    Knob{"full_mesh_max", set_number<&SwimConfig::full_mesh_max>},
    Knob{"ring_interval_ms", set_ms<&SwimConfig::ring_interval>},
    Knob{"heartbeat_interval_ms", set_ms<&SwimConfig::heartbeat_interval>},
    Knob{"watch_lease_ms", set_ms<&SwimConfig::watch_lease>},
    Knob{"retransmit_factor", set_number<&SwimConfig::retransmit_factor>},
    Knob{"gossip_interval_ms", set_ms<&SwimConfig::gossip_interval>},
    Knob{"gossip_delay_ms", set_ms<&SwimConfig::gossip_delay>},
    Knob{"gossip_fanout", set_number<&SwimConfig::gossip_fanout>},
    Knob{"sync_interval_ms", set_ms<&SwimConfig::sync_interval>},
    Knob{"heal_interval_ms", set_ms<&SwimConfig::heal_interval>},
    Knob{"retransmit_in_steps", set_number<&SwimConfig::retransmit_in_steps>},
    Knob{"gossip_to_dead_ms", set_ms<&SwimConfig::gossip_to_dead>},
    Knob{"sync_whole", set_number<&SwimConfig::sync_whole>},
    Knob{"reminders", set_number<&SwimConfig::reminders>},
    Knob{"handshake_allowance", set_number<&SwimConfig::handshake_allowance>},
    Knob{"nacks_late", set_number<&SwimConfig::nacks_late>},
    Knob{"stalls_subtracted", set_number<&SwimConfig::stalls_subtracted>},
    Knob{"tombstone_ttl_ms", set_ms<&SwimConfig::tombstone_ttl>},
    Knob{"phi_pause_ms", set_phi_ms<&PhiConfig::pause>},
    Knob{"phi_deviation_min_ms", set_phi_ms<&PhiConfig::deviation_min>},
    Knob{"phi_avoid_at_milli",
         [](NodeConfig& c, std::int64_t v) {
           c.phi.avoid_at_milli = static_cast<std::uint32_t>(v);
         }},
    Knob{"phi_probe_at_milli",
         [](NodeConfig& c, std::int64_t v) {
           c.phi.probe_at_milli = static_cast<std::uint32_t>(v);
         }},
    Knob{"cut_wait_ms",
         [](NodeConfig& c, std::int64_t v) { c.swim.verdict.cut_wait = milliseconds(v); }},
    Knob{"freeze_max_ms",
         [](NodeConfig& c, std::int64_t v) { c.swim.verdict.freeze_max = milliseconds(v); }},
    // In the order of PartitionPolicy: go_on, read_only, keep_majority.
    Knob{"partition_policy",
         [](NodeConfig& c, std::int64_t v) {
           c.swim.partition.policy = static_cast<PartitionPolicy>(std::min<std::int64_t>(v, 2));
         }},
    Knob{"partition_grace_ms",
         [](NodeConfig& c, std::int64_t v) { c.swim.partition.grace = milliseconds(v); }},
    Knob{"sync_bytes_per_s",
         [](NodeConfig& c, std::int64_t v) {
           c.swim.sync_bytes_per_s = static_cast<std::size_t>(v);
         }},
    Knob{"cross_zone_permille",
         [](NodeConfig& c, std::int64_t v) {
           c.swim.cross_zone_permille = static_cast<std::uint32_t>(v);
         }},
    Knob{"idle_max_ms",
         [](NodeConfig& c, std::int64_t v) { c.rpc_links.idle_max = milliseconds(v); }},
    Knob{"spare_idle_max_ms",
         [](NodeConfig& c, std::int64_t v) { c.rpc_links.spare_idle_max = milliseconds(v); }},
    Knob{"silence_max_ms",
         [](NodeConfig& c, std::int64_t v) { c.rpc_links.silence_max = milliseconds(v); }},
    Knob{"message_max",
         [](NodeConfig& c, std::int64_t v) { c.rpc.message_max = static_cast<std::size_t>(v); }},
    Knob{"calls_max",
         [](NodeConfig& c, std::int64_t v) { c.rpc.calls_max = static_cast<std::size_t>(v); }},
    Knob{
        "send_buffer_max",
        [](NodeConfig& c, std::int64_t v) { c.rpc.send_buffer_max = static_cast<std::size_t>(v); }},
};

}  // namespace

bool set_profile(NodeConfig& config, std::string_view name) {
  const auto profile = find_profile(name);
  if (!profile) return false;
  config.swim = profile->swim;
  config.phi = profile->phi;
  return true;
}

bool set_knob(NodeConfig& config, std::string_view name, std::int64_t value) {
  const auto found = std::find_if(kKnobs.begin(), kKnobs.end(),
                                  [&](const Knob& knob) { return knob.name == name; });
  if (found == kKnobs.end()) return false;
  found->set(config, value);
  return true;
}

std::vector<std::string_view> knob_names() {
  std::vector<std::string_view> names;
  for (const Knob& knob : kKnobs) names.push_back(knob.name);
  return names;
}

}  // namespace rpcnet::sim
