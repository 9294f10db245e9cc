// Who is in the cluster, who lives, and what each member says about itself.
//
// SWIM (Das, Gupta, Motivala, DSN 2002) over QUIC links: probes find the dead, suspicion gives the
// accused time to object, news spreads by piggybacking and by gossip, and whole views are compared
// now and then so that nothing stays missing. Phi Accrual over the heartbeats of watched members
// warns earlier; it is evidence and never a verdict (DESIGN section 4). docs/swim.md tells the
// story; the parts are beside this file, one idea each.
//
// A machine in the sense of DESIGN invariant 2: typed facts, commands and deadlines in, orders and
// events out through the Outbox. Facts of links that are not ours are ignored, so that a caller
// may route by protocol or pass them all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/command.h"
#include "engine/config.h"
#include "engine/member.h"
#include "engine/member_health.h"
#include "engine/output.h"
#include "engine/rng.h"
#include "engine/swim/counters.h"
#include "engine/swim/health.h"
#include "engine/transport.h"

namespace rpcnet::swim {

struct SwimOptions {
  NodeId self;
  std::string cluster;
  Address advertise;
  SwimConfig swim{};
  PhiConfig phi{};
  LinksConfig links{};
  Rng rng;
  std::uint64_t first_link = 2;  // numbers of dialled links: first, first + step, ... all even
  std::uint64_t link_step = 2;
};

class Swim {
 public:
  explicit Swim(SwimOptions options);
  ~Swim();
  Swim(const Swim&) = delete;
  Swim& operator=(const Swim&) = delete;

  // Facts. All of the gossip protocol's links, and no others, become ours at on_link_up.
  void on_link_up(Instant now, const LinkUp& fact, Outbox& out);
  void on_link_down(Instant now, const LinkDown& fact, Outbox& out);
  void on_datagram(Instant now, const DatagramReceived& fact, Outbox& out);
  void on_datagram_limit(Instant now, const DatagramLimit& fact, Outbox& out);
  void on_stream_data(Instant now, const StreamData& fact, Outbox& out);
  void on_stream_reset(Instant now, const StreamReset& fact, Outbox& out);
  void on_stream_stopped(Instant now, const StreamStopped& fact, Outbox& out);
  void on_stream_drained(Instant now, const StreamDrained& fact, Outbox& out);
  void on_streams_allowed(Instant now, const StreamsAllowed& fact, Outbox& out);

  // Is this link one of ours? False for links never seen here or already ended.
  bool owns(LinkId link) const;

  // Commands. Before the first join a node answers whoever speaks to it, so that an application
  // need not order the starts. A list of seeds that is empty, or holds only our own address, makes
  // this node the first: there is nobody to let it in, and no Joined follows.
  Outcome join(Instant now, const Join& command, Outbox& out);
  Outcome leave(Instant now, Outbox& out);
  Outcome change_tags(Instant now, const ChangeTags& command, Outbox& out);

  // The transport or the RPC layer thinks that this member is ill: it is probed out of turn, under
  // a rate limit. Never a verdict. Unknown members are ignored.
  void suspect_hint(Instant now, const NodeId& id, Outbox& out);
  void suspect_hint(Instant now, const Address& address, Outbox& out);

  // Members known from the beginning, as from a snapshot: no news to anybody, and no events. Before
  // anything else. Costs least in NodeId order.
  void remember(std::span<const Member> members);

  // This process's own load; travels in what is sent from now on.
  void report_load(std::uint32_t active_calls);

  // Asks a member for dense heartbeats, which carry its load and feed Phi; false ends it. May be
  // said of a node that is not (or no longer) known: it takes effect when that node is a member.
  void watch(Instant now, const NodeId& id, bool wanted, Outbox& out);

  void on_deadline(Instant now, Outbox& out);
  // Something of this comes next: fetches what it will need.
  void expect() const;
  std::optional<Instant> deadline() const;

  // What is true now. Members are alive or suspect, this node among them; in NodeId order.
  std::vector<Member> members() const;
  std::vector<Member> tombstones() const;
  void for_each_member(const std::function<void(const MemberView&)>& visit) const;
  // The same with what a chooser of workers asks of each.
  void for_each_standing(
      Instant now, const std::function<void(const MemberView&, const Standing&)>& visit) const;
  std::size_t member_count() const;
  std::optional<Member> find(const NodeId& id) const;  // tombstones too
  Health health(const NodeId& id, Instant now) const;
  Snapshot snapshot() const;
  ClusterHealth cluster_health(Instant now) const;
  // The partition that lasts, as it was last told, with the present numbers; nullopt: none.
  const std::optional<PartitionDetected>& partition() const;
  const Counters& counters() const;
  bool joined() const;                 // since the last Join with seeds
  std::uint32_t local_health() const;  // 0 is well, SwimConfig::local_health_max the worst

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace rpcnet::swim
