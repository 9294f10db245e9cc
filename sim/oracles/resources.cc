// Counting what is left. Gossip never rests, so its streams are not counted against quiet; calls'
// are, and a node that has none open must have none in its transport but gossip's.
#include "sim/oracles/resources.h"

namespace rpcnet::sim {
namespace {

// Comparisons of views that may be under way at one node at any moment.
constexpr std::size_t kGossipStreams = 16;
// And what they hold: views, not calls.
constexpr std::uint64_t kGossipBytes = std::uint64_t{1} << 20;

// What comes of views is taken at once, but for the rest of a frame.
constexpr std::uint64_t kTaken = std::uint64_t{1} << 16;

}  // namespace

bool ResourcesOracle::settled() {
  left_.clear();
  for (HostIndex i = 0; i < plan().hosts() && left_.empty(); ++i) {
    const Host& host = world().host(i);
    if (!host.running()) continue;
    const std::size_t streams = world().network().open_streams(i);
    if (!check(host.node->outgoing() == 0)) left_ = name_of(i) + " has an outgoing call";
    else if (!check(host.node->serving() == 0)) left_ = name_of(i) + " has an incoming call";
    else if (!check(streams <= (plan().is_client(i) ? 0 : kGossipStreams))) {
      left_ = name_of(i) + " has " + std::to_string(streams) + " open streams";
    } else if (!check(world().network().unacknowledged(i) <=
                      (plan().is_client(i) ? 0 : kGossipBytes))) {
      left_ = name_of(i) + " holds " + std::to_string(world().network().unacknowledged(i)) +
              " bytes for its peers";
    } else if (!check(world().network().uncredited(i) <= (plan().is_client(i) ? 0 : kTaken))) {
      left_ = name_of(i) + " has not given back " +
              std::to_string(world().network().uncredited(i)) + " bytes of its links' windows";
    } else if (!check(!host.node->poll())) left_ = name_of(i) + " has outputs that nobody took";
  }
  return left_.empty();
}

void ResourcesOracle::on_tick() {
  for (HostIndex i = 0; i < plan().hosts(); ++i) {
    if (!world().host(i).running()) continue;
    const std::uint64_t bytes = world().network().stranded_credit(i);
    if (check(bytes == 0)) continue;
    return fail(i, "lost " + std::to_string(bytes) + " bytes of its links' windows for ever");
  }
}

void ResourcesOracle::on_end() {
  if (!settled()) fail(std::nullopt, left_);
}

}  // namespace rpcnet::sim
