// The numbers of each mode, where they differ from the LAN's.
#include "engine/profiles.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace rpcnet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Longer than any process runs.
constexpr Duration kNever = std::chrono::hours(24 * 365);

struct Named {
  std::string_view name;
  Profile (*make)();
};

constexpr std::array kProfiles{
    Named{"lan", lan},
    Named{"wan", wan},
    Named{"local", local},
    Named{"pure_swim", pure_swim},
    Named{"memberlist", memberlist},
};

}  // namespace

Profile lan() { return {}; }

// memberlist's WAN profile takes five times its LAN's period and six times its timeout. Measured
// deadlines follow the path by themselves, so here it is what cannot be measured that is longer.
Profile wan() {
  Profile profile;
  SwimConfig& swim = profile.swim;
  swim.probe_interval = seconds(3);
  swim.round_interval = seconds(10);
  swim.probe_timeout = milliseconds(1500);
  swim.probe_timeout_min = milliseconds(200);
  swim.hearsay_grace = seconds(2);
  swim.own_network_patience = seconds(40);
  swim.ring_interval = seconds(2);
  swim.heartbeat_interval = seconds(1);
  swim.watch_lease = seconds(10);
  swim.gossip_interval = milliseconds(500);
  swim.gossip_delay = milliseconds(50);
  swim.suspicion_floor = seconds(4);
  swim.gossip_fanout = 4;
  swim.sync_interval = seconds(30);
  swim.heal_interval = seconds(2);
  swim.leave_timeout = seconds(5);
  profile.phi.deviation_min = milliseconds(100);
  profile.phi.pause = seconds(2);
  profile.phi.gap_max = seconds(8);
  return profile;
}

// memberlist's local profile: shorter timeouts, one relay, since one path is as good as another.
Profile local() {
  Profile profile;
  SwimConfig& swim = profile.swim;
  swim.probe_timeout = milliseconds(200);
  swim.probe_timeout_min = milliseconds(20);
  swim.indirect_probes = 1;
  swim.ring_interval = milliseconds(500);
  swim.heartbeat_interval = milliseconds(250);
  swim.gossip_interval = milliseconds(100);
  swim.gossip_delay = milliseconds(10);
  swim.sync_interval = seconds(10);
  profile.phi.deviation_min = milliseconds(25);
  profile.phi.pause = milliseconds(300);
  return profile;
}

Profile pure_swim() {
  Profile profile;
  SwimConfig& swim = profile.swim;
  swim.round_interval = swim.probe_interval;
  swim.adaptive_probes = false;
  swim.stream_probes = false;
  swim.nacks = false;
  swim.local_health_max = 0;
  swim.own_network_proof = 0;
  swim.suspicion_min_milli = 5000;  // Lifeguard's SWIM has alpha = 5
  swim.suspicion_max_factor = 1;
  swim.suspicion_confirmations = 0;
  swim.suspicion_floor = Duration::zero();
  swim.hearsay_grace = Duration::zero();
  swim.gossip_delay = swim.gossip_interval;
  swim.buddy = false;
  swim.degraded_refutations = 0;
  swim.flap_suspicion = Duration::zero();
  swim.rings = 0;
  swim.verdict.cut_wait = Duration::zero();
  swim.verdict.freeze_max = Duration::zero();
  profile.phi.avoid_at_milli = 0;
  profile.phi.probe_at_milli = 0;
  return profile;
}

Profile memberlist() {
  Profile profile = pure_swim();
  SwimConfig& swim = profile.swim;
  swim.stream_probes = true;
  swim.nacks = true;
  swim.nacks_late = true;
  swim.local_health_max = 7;
  swim.local_health_scales_timeout = false;
  swim.suspicion_min_milli = 4000;
  swim.suspicion_max_factor = 6;
  swim.suspicion_confirmations = 2;
  swim.suspicion_short_when_few = true;
  swim.buddy = true;
  swim.retransmit_factor = 4;
  swim.retransmit_in_steps = true;
  swim.gossip_to_dead = seconds(30);
  swim.sync_interval = seconds(30);
  swim.sync_whole = true;
  swim.reminders = false;
  swim.handshake_allowance = false;
  swim.stalls_subtracted = false;
  swim.heal_interval = kNever;
  swim.tombstone_ttl = seconds(30);
  return profile;
}

std::optional<Profile> find_profile(std::string_view name) {
  const auto found = std::find_if(kProfiles.begin(), kProfiles.end(),
                                  [&](const Named& one) { return one.name == name; });
  if (found == kProfiles.end()) return std::nullopt;
  return found->make();
}

std::vector<std::string_view> profile_names() {
  std::vector<std::string_view> names;
  for (const Named& one : kProfiles) names.push_back(one.name);
  return names;
}

}  // namespace rpcnet
