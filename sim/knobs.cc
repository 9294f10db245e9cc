// The tunables of NodeConfig that a plan may set, by name.
#include <algorithm>
#include <array>
#include <chrono>

#include "sim/plan.h"

namespace rpcnet::sim {
namespace {

struct Knob {
  std::string_view name;
  void (*set)(NodeConfig&, std::int64_t);
};

using std::chrono::milliseconds;

constexpr std::array kKnobs{
    Knob{"probe_interval_ms",
         [](NodeConfig& c, std::int64_t v) { c.swim.probe_interval = milliseconds(v); }},
    Knob{"probe_timeout_ms",
         [](NodeConfig& c, std::int64_t v) { c.swim.probe_timeout = milliseconds(v); }},
    Knob{"indirect_probes",
         [](NodeConfig& c, std::int64_t v) {
           c.swim.indirect_probes = static_cast<std::size_t>(v);
         }},
    Knob{"suspicion_factor",
         [](NodeConfig& c, std::int64_t v) {
           c.swim.suspicion_factor = static_cast<std::uint32_t>(v);
         }},
    Knob{"retransmit_factor",
         [](NodeConfig& c, std::int64_t v) {
           c.swim.retransmit_factor = static_cast<std::uint32_t>(v);
         }},
    Knob{"gossip_interval_ms",
         [](NodeConfig& c, std::int64_t v) { c.swim.gossip_interval = milliseconds(v); }},
    Knob{"gossip_fanout",
         [](NodeConfig& c, std::int64_t v) { c.swim.gossip_fanout = static_cast<std::size_t>(v); }},
    Knob{"sync_interval_ms",
         [](NodeConfig& c, std::int64_t v) { c.swim.sync_interval = milliseconds(v); }},
    Knob{"heartbeat_interval_ms",
         [](NodeConfig& c, std::int64_t v) { c.swim.heartbeat_interval = milliseconds(v); }},
    Knob{"heal_interval_ms",
         [](NodeConfig& c, std::int64_t v) { c.swim.heal_interval = milliseconds(v); }},
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
