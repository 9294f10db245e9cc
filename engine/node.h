// The machine that a process is: membership, calls and worker registries behind three verbs.
//
//   node.handle(now, fact or command);            // something happened, or is wanted
//   while (auto output = node.poll()) ...;        // do it, tell it
//   wait_until(node.deadline());                  // nullopt: nothing is scheduled
//
// Contract:
// - One thread. Time never goes backwards (asserted).
// - Drain poll() to empty before waiting. The order of outputs is part of the result.
// - deadline() is const and cheap; it may change after any handle(). handle_deadline() early or
//   without need is a no-op; late, it does all that is due in (time, sequence) order.
// - Bytes inside facts are borrowed during the call.
// - handle() never calls out: it may be called from inside a transport's callback.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/cluster/worker_view.h"
#include "engine/command.h"
#include "engine/config.h"
#include "engine/member_health.h"
#include "engine/output.h"
#include "engine/rpc/counters.h"
#include "engine/swim/counters.h"
#include "engine/swim/health.h"
#include "engine/transport.h"

namespace rpcnet {

class Node {
 public:
  // `remembered`: members that are known from the beginning, as from a snapshot. Nobody is told of
  // them, the application neither: they are no news.
  explicit Node(NodeConfig config, std::span<const Member> remembered = {});
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  void handle(Instant now, const Fact& fact);
  Outcome handle(Instant now, Command&& command);

  // An advice from below that nobody listens at an address any more (ICMP, a lost link). It makes
  // membership probe that member out of turn; it is never a verdict (DESIGN section 3).
  void handle_unreachable(Instant now, const Address& address);

  void handle_deadline(Instant now);

  // Says that an input will come soon, or at last (`next`) that it comes next: fetches what that
  // will need. A driver of thousands of nodes finds none of them in a cache.
  void expect(bool next) const;

  // The next output, to be read or moved from; nullptr: there is none. It stays until the next
  // poll(), whatever is handled meanwhile.
  Output* poll();
  // What is still to be polled, first to last: for those who watch and take nothing.
  std::size_t pending() const;
  const Output& pending(std::size_t index) const;
  std::optional<Instant> deadline() const;

  // What is true now. Views are copies in NodeId order.
  const NodeConfig& config() const;
  std::vector<Member> members() const;     // alive and suspect ones, this node among them
  std::vector<Member> tombstones() const;  // dead and left ones that are still remembered
  // The same one by one and uncopied. The node must not be touched meanwhile.
  void for_each_member(const std::function<void(const MemberView&)>& visit) const;
  std::optional<Member> find(const NodeId& id) const;
  std::vector<WorkerView> workers(std::uint32_t registry, Instant now) const;
  // Why each member is thought ill or well, for an operator. Empty of a node that is no member.
  ClusterHealth health(Instant now) const;
  // For the next life of this node (Join::former). Empty of a node that is no member.
  Snapshot snapshot() const;
  // The partition that lasts, with the present numbers; nullopt: none, as far as this side can
  // tell.
  std::optional<PartitionDetected> partition() const;
  // Under PartitionPolicy::read_only, on a side without a quorum: the application should not write.
  bool read_only() const;
  bool is_writable(CallId call) const;
  std::size_t serving() const;   // incoming calls that are open: this process's load
  std::size_t outgoing() const;  // outgoing calls that are open
  const rpc::Counters& rpc_counters() const;
  const swim::Counters& swim_counters() const;
  swim::Health health(const NodeId& id, Instant now) const;  // of a member, as this node knows it
  std::uint32_t local_health() const;  // 0 is well (engine/swim/local_health.h)

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace rpcnet
