// The bounds, in integers.
#include "sim/oracles/bounds.h"

#include <algorithm>
#include <bit>

namespace rpcnet::sim {
namespace {

// log10 in thousandths, rounded up: steps of a table are enough, since all bounds only grow by it.
std::int64_t log10_milli(std::size_t n) {
  std::int64_t whole = 0;
  std::size_t power = 1;
  while (power * 10 <= n) {
    power *= 10;
    whole += 1000;
  }
  static constexpr std::int64_t kDigits[] = {0, 302, 478, 603, 699, 779, 846, 904, 955, 1000};
  const std::size_t digit = n / power;
  const bool exact = digit * power == n;
  return whole + kDigits[exact ? digit - 1 : std::min<std::size_t>(digit, 9)];
}

// The longest that a packet may be under way when nothing is wrong.
Duration longest(const Latency& latency) {
  switch (latency.shape) {
    case LatencyShape::fixed: return latency.base;
    case LatencyShape::uniform: return latency.base + latency.spread;
    case LatencyShape::exponential: return latency.base + 16 * latency.spread;
    case LatencyShape::tailed: return latency.base + 21 * latency.spread;
  }
  return latency.base;
}

}  // namespace

Bounds bounds(const NodeConfig& config, const Plan& plan) {
  const SwimConfig& swim = config.swim;
  const std::size_t members = plan.members();
  const std::size_t count = std::max<std::size_t>(members, 2);
  const auto n = static_cast<std::int64_t>(count);
  const auto doublings = static_cast<std::int64_t>(std::bit_width(count));
  // Clocks may be slow: what takes an interval there takes longer here.
  const auto slowest = [&](Duration duration) {
    return duration + duration / 1'000'000 * plan.clock_drift_ppm;
  };
  Duration way = longest(plan.latency);
  for (const LinkLatency& link : plan.links) way = std::max(way, longest(link.latency));
  // RFC 9002 6.2: what is lost is sent again after two round trips, then after four, and eight.
  const Duration again =
      plan.loss_ppm > 0 ? 7 * (4 * way + std::chrono::milliseconds(10)) : Duration::zero();

  Bounds bounds{};
  bounds.way = way;
  // Nobody but the first accuser may be left to confirm it.
  const Duration least =
      std::max(swim.suspicion_floor, swim.probe_interval * swim.suspicion_min_milli / 1000 *
                                         std::max<std::int64_t>(1000, log10_milli(members)) / 1000);
  bounds.suspicion = slowest(least * std::max<std::uint32_t>(swim.suspicion_max_factor, 1) +
                             swim.verdict.cut_wait);
  // Gossip doubles who knows in each interval at the least (fan-out is 3): log2 N rounds, and as
  // many again for the stragglers (SWIM 4.1), at which every transmission has been made.
  bounds.dissemination = slowest(swim.gossip_interval * (2 * doublings + 4)) + way + again;
  // Without rings: nobody probes the victim in k rounds with probability (1 - 1/(n-1))^(k(n-1)),
  // about e^-k; 16 rounds are one in ten million. A prober's own worst case is 2n - 1 (SWIM 4.3).
  const std::int64_t rounds = std::min<std::int64_t>(2 * n - 1, 16);
  // With rings: the observers' heartbeats miss the victim's after a few of its intervals (loss
  // stretches the mean and the deviation), Phi's pause is longer while they are not well, and a
  // probe is. All of that again where its observers have died too and others take their place, and
  // nobody may be left to prove an observer's own network.
  const Duration silence = 6 * swim.ring_interval + 3 * config.phi.pause + 3 * swim.probe_interval;
  const bool rings = swim.rings > 0 && config.phi.probe_at_milli > 0;
  const Duration noticed = rings ? 2 * silence + bounds.suspicion + bounds.dissemination
                                 : swim.round_interval * rounds + swim.probe_interval;
  const Duration doubt = swim.own_network_proof > 0 ? swim.own_network_patience : Duration::zero();
  bounds.detection = slowest(noticed + doubt) + bounds.suspicion + 2 * bounds.dissemination;
  // Its observers are alive, and so are those who prove their networks and confirm the suspicion.
  bounds.detection_alone =
      rings ? slowest(silence + least + swim.verdict.cut_wait) + 2 * bounds.dissemination
            : bounds.detection;
  // After faults, at the same time: what was begun is finished (one detection), and each member
  // tries one of the dead an interval; that nobody on one side meets the other in 16 of them has
  // probability e^-16. Then one comparison of views for who missed the news, late accusations are
  // refuted before they are verdicts, and both are spread.
  // Who was thought dead and is not may be the next to die: its suspicion lasts longer.
  const Duration damped = plan.faults.empty() ? Duration::zero() : slowest(swim.flap_suspicion);
  const std::int64_t sync_intervals = std::max<std::int64_t>(1, doublings - 4);
  bounds.convergence = std::max(bounds.detection, slowest(swim.heal_interval * 16)) + damped +
                       slowest(swim.sync_interval * sync_intervals) + bounds.suspicion +
                       2 * bounds.dissemination;
  // One way, and a round trip for what the sender's congestion window may hold back.
  bounds.freed_unlost = 3 * way + std::chrono::milliseconds(50);
  bounds.freed = way + again + std::chrono::milliseconds(50);
  // Silence is judged every quarter of its limit, and what is under way counts as a sign of life.
  bounds.silence = slowest(config.rpc_links.silence_max * 3 / 2) + way + std::chrono::seconds(1);
  // QUIC's idle timeout, then as above.
  bounds.lost_peer = slowest(plan.idle_timeout + std::chrono::seconds(1)) + bounds.freed;
  // A stream session is served to its end, which may be lost and found three times; other calls
  // have deadlines of three seconds, or little to say.
  const Duration session =
      std::chrono::milliseconds(plan.workload.tokens * (plan.workload.token_ms + 5));
  bounds.quiet = slowest(session) + 3 * (config.rpc_links.silence_max + std::chrono::seconds(2)) +
                 std::chrono::seconds(10) + bounds.lost_peer;
  return bounds;
}

}  // namespace rpcnet::sim
