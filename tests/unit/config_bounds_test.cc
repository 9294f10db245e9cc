// Configurations that would hang a node, or contradict themselves, are told in words.
#include "engine/config_bounds.h"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/profiles.h"

using namespace rpcnet;
using namespace std::chrono_literals;

namespace {

NodeConfig sound() { return {.id = *NodeId::parse("x")}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(config_bounds)

BOOST_AUTO_TEST_CASE(DefaultsAndEveryProfileAreWithin) {
  for (const auto name : profile_names()) {
    NodeConfig config = sound();
    const auto profile = *find_profile(name);
    config.swim = profile.swim;
    config.phi = profile.phi;
    BOOST_TEST(fault_of(config).value_or("") == "", name);
  }
  BOOST_TEST(!fault_of(RetryConfig{}));
  BOOST_TEST(!fault_of(HedgeConfig{}));
  BOOST_TEST(!fault_of(OutlierConfig{}));
  BOOST_TEST(!fault_of(BatchConfig{}));
}

BOOST_AUTO_TEST_CASE(AFaultNamesTheNumberItsValueAndWhatWasExpected) {
  NodeConfig config = sound();
  config.swim.sync_interval = 0ms;
  BOOST_TEST(fault_of(config).value() ==
             "SwimConfig::sync_interval is 0 ms, expected 1 ms to 3650 days");
  config = sound();
  config.swim.verdict.freeze_permille = 1001;
  BOOST_TEST(fault_of(config).value() ==
             "VerdictConfig::freeze_permille is 1001, expected 0 to 1000");
  const RetryConfig retry{.backoff_min = 2s, .backoff_max = 1s};
  BOOST_TEST(fault_of(retry).value() ==
             "RetryConfig::backoff_min is 2000 ms, expected at most backoff_max, 1000 ms");
  const OutlierConfig outliers{.interval = 1us};
  BOOST_TEST(fault_of(outliers).value() ==
             "OutlierConfig::interval is 1 us, expected 1 ms to 3650 days");
}

// Each alone is told, and it is the one that is told.
BOOST_AUTO_TEST_CASE(EachNumberThatCouldDoHarmHasBounds) {
  using Change = std::function<void(NodeConfig&)>;
  const std::vector<std::pair<std::string, Change>> wrong{
      {"LinksConfig of calls::handshake_timeout",
       [](auto& c) { c.rpc_links.handshake_timeout = 0ms; }},
      {"LinksConfig of calls::idle_max", [](auto& c) { c.rpc_links.idle_max = -1ms; }},
      {"LinksConfig of gossip::links_max", [](auto& c) { c.gossip_links.links_max = 0; }},
      {"LinksConfig of gossip::backoff_min", [](auto& c) { c.gossip_links.backoff_min = 1h; }},
      {"SwimConfig::probe_interval", [](auto& c) { c.swim.probe_interval = 0ms; }},
      {"SwimConfig::round_interval", [](auto& c) { c.swim.round_interval = -1s; }},
      {"SwimConfig::probe_timeout", [](auto& c) { c.swim.probe_timeout = Duration::max(); }},
      {"SwimConfig::rings", [](auto& c) { c.swim.rings = 101; }},
      {"SwimConfig::ring_interval", [](auto& c) { c.swim.ring_interval = 0ms; }},
      {"SwimConfig::heartbeat_interval", [](auto& c) { c.swim.heartbeat_interval = 0ms; }},
      {"SwimConfig::gossip_interval", [](auto& c) { c.swim.gossip_interval = 999us; }},
      {"SwimConfig::heal_interval", [](auto& c) { c.swim.heal_interval = 0ms; }},
      {"SwimConfig::retransmit_factor", [](auto& c) { c.swim.retransmit_factor = 0; }},
      {"SwimConfig::suspicion_max_factor", [](auto& c) { c.swim.suspicion_max_factor = 0; }},
      {"SwimConfig::flap_half_life", [](auto& c) { c.swim.flap_half_life = 0ms; }},
      {"SwimConfig::tags_max", [](auto& c) { c.swim.tags_max = 49153; }},
      {"SwimConfig::cross_zone_permille", [](auto& c) { c.swim.cross_zone_permille = 1001; }},
      {"PartitionConfig::lost_permille", [](auto& c) { c.swim.partition.lost_permille = 1001; }},
      {"PhiConfig::window", [](auto& c) { c.phi.window = 0; }},
      {"RpcConfig::message_max", [](auto& c) { c.rpc.message_max = 0; }},
      {"RpcConfig::send_buffer_max", [](auto& c) { c.rpc.send_buffer_max = 0; }},
      {"RegistryConfig::assignment_ttl", [](auto& c) { c.registry.assignment_ttl = -1ms; }},
  };
  for (const auto& [name, change] : wrong) {
    NodeConfig config = sound();
    change(config);
    BOOST_TEST(fault_of(config).value_or("").starts_with(name + " is "), name);
  }
}

BOOST_AUTO_TEST_CASE(CallsThatWouldNeverBeginOrEndAreTold) {
  BOOST_TEST(fault_of(RetryConfig{.attempts_max = 0}).has_value());
  BOOST_TEST(fault_of(HedgeConfig{.delay = -1ms}).has_value());
  BOOST_TEST(fault_of(OutlierConfig{.away_percent_max = 101}).has_value());
  BOOST_TEST(fault_of(OutlierConfig{.away_min = 1h}).has_value());
  BOOST_TEST(fault_of(BatchConfig{.batch_max = 0}).has_value());
  BOOST_TEST(fault_of(BatchConfig{.running_max = 0}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
