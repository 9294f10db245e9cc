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

}  // namespace

Bounds bounds(const NodeConfig& config, std::size_t members) {
  const SwimConfig& swim = config.swim;
  const std::size_t count = std::max<std::size_t>(members, 2);
  const auto n = static_cast<std::int64_t>(count);
  const auto doublings = static_cast<std::int64_t>(std::bit_width(count));
  Bounds bounds{};
  bounds.suspicion = swim.probe_interval * swim.suspicion_factor *
                     std::max<std::int64_t>(1000, log10_milli(members)) / 1000;
  // Gossip doubles who knows in each interval at the least (fan-out is 3): log2 N rounds, and as
  // many again for the stragglers (SWIM 4.1), at which every transmission has been made.
  bounds.dissemination = swim.gossip_interval * (2 * doublings + 4);
  // Nobody probes the victim in k rounds with probability (1 - 1/(n-1))^(k(n-1)), about e^-k; 16
  // rounds are one in ten million. A prober's own worst case is 2n - 1 (SWIM 4.3).
  const std::int64_t rounds = std::min<std::int64_t>(2 * n - 1, 16);
  bounds.detection =
      swim.probe_interval * (rounds + 1) + bounds.suspicion + 2 * bounds.dissemination;
  // After faults: what was begun is finished (one detection), the dead are tried one an interval
  // (heal), one comparison of views spreads the rest, and accusations are refuted. Local health may
  // still slow probes down (Lifeguard IV.A: at most ninefold), which recovers with each success.
  const Duration sync = swim.sync_interval * std::max<std::int64_t>(1, doublings - 5);
  bounds.convergence = bounds.detection + 2 * bounds.suspicion + swim.probe_interval * 18 +
                       swim.heal_interval * std::min<std::int64_t>(4 * n, 60) + 2 * sync;
  // Calls have deadlines of seconds; a stream session has to be served to its end.
  bounds.quiet = std::chrono::seconds(30) + 3 * config.rpc_links.silence_max;
  return bounds;
}

}  // namespace rpcnet::sim
