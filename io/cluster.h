// The cluster: who is in it, who can work, and calls that find a worker by themselves.
//
//   rpcnet::ClusterMembership cluster(host);
//   cluster.set_tag("role", "worker");
//   std::vector<std::string> seeds{"seed.example:61000"};
//   rpcnet::Status joined = co_await cluster.join(seeds);
//
//   rpcnet::WorkerRegistry registry(cluster, rpcnet::LoadBalancingStrategy::LeastConnections);
//   registry.start();
//   auto worker = registry.select_worker("gpu=true");
//
// These are handles on a Host: small, to be used on its thread, and harmless (everything answers
// `cancelled`) once the Host is gone.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/cluster/worker_view.h"
#include "engine/command.h"
#include "engine/member.h"
#include "engine/member_health.h"
#include "io/call.h"
#include "io/completion.h"
#include "io/host.h"
#include "io/result.h"

namespace rpcnet {

namespace core {
class EventQueue;
struct Route;
}  // namespace core

// The reader of an EventStream was too slow: this many events that others have overtaken are left
// out. What follows still tells the last state of every member, and each one's story as it can
// happen.
struct Coalesced {
  std::uint64_t events = 0;
};

using ClusterEvent =
    std::variant<MemberEvent, MembersCut, PartitionDetected, PartitionHealed, Coalesced>;

// The events of the membership since it was subscribed to; those of one member in the order of its
// life (docs/swim.md). Bounded: of what a slow reader has not taken, what was overtaken is left out
// once more than HostOptions::event_queue_max wait. Destroying it unsubscribes.
class EventStream {
 public:
  explicit EventStream(std::shared_ptr<core::EventQueue> queue) : queue_(std::move(queue)) {}

  // The next event (std::optional<ClusterEvent>); absent when the host has stopped, or after
  // close().
  template <typename Token = Awaited>
  auto next(Token&& token = Token()) {
    return core::complete(executor(), start_next(), std::forward<Token>(token));
  }

  // The same without waiting; absent when there is none now.
  std::optional<ClusterEvent> try_next();

  // No more events: whoever waits gets what has come and then none.
  void close();

 private:
  asio::any_io_executor executor() const;
  asio::awaitable<std::optional<ClusterEvent>> start_next();

  std::shared_ptr<core::EventQueue> queue_;
};

class ClusterMembership {
 public:
  explicit ClusterMembership(const Host& host);

  // Joins through any of these addresses ("host:port"); all are tried at once, and tried again for
  // as long as it takes, also after the seeds were lost. Completes when the first has let us in; at
  // once when none is given, or only our own address: this node is then the first of its cluster.
  // Fails only for what waiting cannot mend: a malformed address, names that all do not exist, a
  // host that is no member; or `unauthenticated`, seeds that all refused this node's certificate,
  // or it theirs, for SwimConfig::refused_join_timeout. Then it is still tried on in the
  // background, and cancelling the waiting does not end the joining either.
  template <typename Token = Awaited>
  auto join(std::vector<std::string> seeds, Token&& token = Token()) {
    return core::complete(executor(), start_join(std::move(seeds)), std::forward<Token>(token));
  }

  // Says farewell, so that the others see NodeLeft and not a failure. Not ok: nobody confirmed it.
  template <typename Token = Awaited>
  auto leave(Token&& token = Token()) {
    return core::complete(executor(), start_leave(), std::forward<Token>(token));
  }

  // This node's own words about itself, 4 KiB in all by default. Keys: 1 to 64 of [a-z0-9._-].
  Status set_tag(std::string key, std::string value);
  Status set_tags(Tags tags);
  Status remove_tag(std::string key);

  std::vector<Member> members() const;  // alive and suspect, this node among them
  std::optional<Member> find(const NodeId& id) const;
  Member self() const;

  // Why each member is thought ill or well: who accuses it, how long it has been silent, its phi.
  ClusterHealth health() const;

  // The partition that lasts, as far as this side can tell; absent: none.
  std::optional<PartitionDetected> partition() const;
  // PartitionPolicy::read_only asks the application to stop its writes now.
  bool read_only() const;

  EventStream events() const;

  const std::shared_ptr<core::Core>& core() const { return core_; }

 private:
  asio::any_io_executor executor() const;
  asio::awaitable<Status> start_join(std::vector<std::string> seeds);
  asio::awaitable<Status> start_leave();
  Status change(std::vector<std::pair<std::string, std::optional<std::string>>> changes);
  std::shared_ptr<core::Core> core_;
};

// A member chosen to work.
struct Worker {
  NodeId id;
  Address address;
  Tags tags;

  // Is `id` the name in its certificate, or made of its address?
  bool named = true;
  // For WorkerRegistry::release.
  std::uint64_t ticket = 0;

  // Whom to call: nobody but this worker may answer at its address; any node of our cluster if only
  // the address is known.
  Peer peer() const { return Peer{address, named ? std::optional<NodeId>(id) : std::nullopt}; }
  // Its tag "label", or its id.
  const std::string& label() const;
};

// Keeps track of those that can work, and chooses among them by their real load. They are members
// of the cluster; or, for a host that is no member, those that it is told of:
//
//   rpcnet::WorkerRegistry registry(host, rpcnet::LoadBalancingStrategy::PowerOfTwo);
//   registry.start();
//   co_await registry.use(targets);  // addresses
class WorkerRegistry {
 public:
  // Workers that update() or use() tell of.
  explicit WorkerRegistry(const Host& host,
                          LoadBalancingStrategy strategy = LoadBalancingStrategy::PowerOfTwo,
                          std::string filter = {});

  // `filter`: the tags that make a member a worker.
  explicit WorkerRegistry(const ClusterMembership& cluster,
                          LoadBalancingStrategy strategy = LoadBalancingStrategy::LeastConnections,
                          std::string filter = "role=worker");

  // Needed once before the rest; a second time is harmless. invalid_argument: a malformed filter.
  Status start();

  // Before start(): workers whose tag "zone" is this are preferred. Calls go to other zones when
  // none is there, and with `spill` above 0 also when those here have on average so many calls
  // each, and more than those elsewhere.
  void prefer_zone(std::string zone, std::uint32_t spill = 0);

  // Chooses at once. `filter` narrows the choice ("gpu=true", "zone=eu-1,gpu=true"; empty: any).
  // Those in `excluded`, such as the worker just lost, are taken only if nobody else is left.
  // `key` is what ConsistentHash goes by. unavailable: no worker matches.
  Result<Worker> select_worker(std::string_view filter = {},
                               const std::vector<NodeId>& excluded = {}, std::string_view key = {});

  // The call that the worker was chosen for is over: it no longer counts as its load here. Calls
  // through a ClusterClient do this by themselves; whoever chooses for others leaves it to the
  // worker's reports.
  void release(const Worker& worker);

  // Replaces the workers of a registry that was made from a Host.
  Status update(std::vector<RosterEntry> workers);
  // The same from "host:port" texts; names are looked up once. Any node of our cluster may answer
  // there. Result: the first text that could not be used, with the others in use all the same.
  template <typename Token = Awaited>
  auto use(std::vector<std::string> targets, Token&& token = Token()) {
    return core::complete(executor(), start_use(*this, std::move(targets)),
                          std::forward<Token>(token));
  }

  // All of them, with their load, in the order of their ids.
  std::vector<WorkerView> workers() const;

  LoadBalancingStrategy strategy() const { return strategy_; }
  const std::shared_ptr<core::Core>& core() const { return core_; }

 private:
  // Shared by copies.
  struct State {
    std::uint32_t number = 0;  // 0: not started
    bool roster = false;
    bool named = true;  // the ids of the roster are those of certificates
  };

  static asio::awaitable<Status> start_use(WorkerRegistry self, std::vector<std::string> targets);
  asio::any_io_executor executor() const;

  std::shared_ptr<core::Core> core_;
  LoadBalancingStrategy strategy_;
  std::string filter_;
  std::string zone_;
  std::uint32_t zone_spill_ = 0;
  std::shared_ptr<State> state_;
};

struct WorkerCallOptions {
  CallOptions call{};
  std::string_view filter{};  // copied when call_worker is called
  // How many workers are tried at most; 0: as HostOptions::retry says.
  std::uint32_t attempts_max = 0;
  // The call may be executed twice without harm: then it is also tried again after a failure in
  // its midst. Otherwise only where it is certain that it did not begin.
  bool idempotent = false;
};

// Calls some worker, and another one if that one cannot be reached. Channel(client) is the same for
// generated clients.
class ClusterClient {
 public:
  ClusterClient(const Host& host, WorkerRegistry registry);

  // Result<Bytes>
  template <typename Token = Awaited>
  auto call_worker(std::string method, Bytes request, WorkerCallOptions options = {},
                   Token&& token = Token()) {
    return core::complete(executor(), start_call(std::move(method), std::move(request), options),
                          std::forward<Token>(token));
  }

  // For the other classes of the library. `attempts_max` 0: as HostOptions::retry says.
  std::shared_ptr<const core::Route> route(std::string filter, std::uint32_t attempts_max) const;

 private:
  asio::any_io_executor executor() const;
  asio::awaitable<Result<Bytes>> start_call(std::string method, Bytes request,
                                            const WorkerCallOptions& options);

  std::shared_ptr<const core::Route> route_;
};

}  // namespace rpcnet
