// What all parts of membership share: the table, the queue of news, the links, the deadlines, the
// random numbers and the counters. The parts know this and not each other; swim.cc joins them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "engine/config.h"
#include "engine/links.h"
#include "engine/rng.h"
#include "engine/swim/counters.h"
#include "engine/swim/dissemination.h"
#include "engine/swim/local_health.h"
#include "engine/swim/membership.h"
#include "engine/swim/own_network.h"
#include "engine/swim/round_trips.h"
#include "engine/swim/scale.h"
#include "engine/swim/swim.h"
#include "engine/timers.h"

namespace rpcnet::swim {

// Why to wake up. The number says for whom: a slot, a probe's number, a seed's place.
enum class Wake : std::uint8_t {
  round,       // the next member's turn to be probed
  probe_slow,  // a direct probe got no answer yet: ask relays and the stream
  probe_end,   // it got none at all
  errand,      // an indirect probe for somebody else
  suspicion,   // it ran out
  gossip,      // push pending news
  compare,     // compare views with somebody
  sync,        // a comparison that makes no progress
  seed,        // contact a seed
  heal,        // contact a dead member
  heartbeat,
  phi,       // a watched member has been silent for too long
  rings,     // who the neighbours are has changed
  flap,      // half of a member's refutations are forgotten
  returns,   // those that were isolated are told to be back
  farewell,  // repeat it
  farewell_end,
  tombstone,  // the oldest one is to be forgotten
  verdict,    // look again at those whose suspicion ran out
  partition,  // look again at how many are lost
  fetch,      // ask for tags that news was too short for
};

struct Reason {
  Wake wake{};
  std::uint64_t number = 0;

  friend auto operator<=>(const Reason&, const Reason&) = default;
};

constexpr std::uint64_t hash_bits(const Reason& reason) {
  return reason.number << 5 | static_cast<std::uint64_t>(reason.wake);
}

struct Core {
  explicit Core(SwimOptions options)
      : self(std::move(options.self)),
        cluster(std::move(options.cluster)),
        advertise(options.advertise),
        config(options.swim),
        phi(options.phi),
        tombstone_ttl(config.tombstone_ttl),
        table(self, advertise),
        health(config),
        network(config),
        trips(config),
        links(Protocol::gossip, options.links, options.rng.fork(1), options.first_link,
              options.link_step),
        rng(options.rng.fork(2)) {}
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  Peer peer(Slot slot) const { return {table[slot].address, table[slot].id}; }

  // The link to a member: the one that it was last heard on, else whatever reaches it. Of several,
  // the others may be dead without our knowing yet (the member was restarted).
  Link* reach(Instant now, Slot slot, Outbox& out) {
    Link* known = table[slot].link ? links.find(*table[slot].link) : nullptr;
    const bool good = known != nullptr && known->up && known->node == table[slot].id;
    return good ? known : links.reach(now, peer(slot), out);
  }

  // A duration moved at random by up to a quarter either way, so that nodes that began together do
  // not stay in step.
  Duration jittered(Duration duration) {
    const auto spread = static_cast<std::uint64_t>(duration.count() / 2 + 1);
    return duration - duration / 4 + Duration(static_cast<std::int64_t>(rng.below(spread)));
  }

  // What depends on the number of members (scale.h), computed when that has changed.
  std::uint32_t transmit_limit() { return scaled().transmit_limit; }
  Duration suspicion_min() { return scaled().suspicion_min; }

  const NodeId self;
  const std::string cluster;
  const Address advertise;
  const SwimConfig config;
  const PhiConfig phi;
  Duration tombstone_ttl;  // now: on the lesser side of a partition they are kept longer
  Membership table;
  Dissemination news;
  LocalHealth health;
  OwnNetwork network;
  RoundTrips trips;
  Links links;
  Timers<Reason> timers;
  Rng rng;
  Counters counters;
  std::uint64_t seq = 0;           // numbers what asks for an answer, over all parts
  std::uint32_t active_calls = 0;  // our own load

 private:
  struct Scaled {
    std::size_t members = 0;
    std::uint32_t transmit_limit = 0;
    Duration suspicion_min{};
  };

  const Scaled& scaled() {
    const std::size_t members = table.size();
    if (scaled_.members != members) {
      scaled_ = {members,
                 config.retransmit_in_steps
                     ? transmit_limit_in_steps(config.retransmit_factor, members)
                     : swim::transmit_limit(config.retransmit_factor, members),
                 swim::suspicion_min(config, members)};
    }
    return scaled_;
  }

  Scaled scaled_;
};

}  // namespace rpcnet::swim
