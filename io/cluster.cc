// Handles on a Core.
#include "io/cluster.h"

#include <utility>

#include "io/core/conduct.h"
#include "io/core/core.h"
#include "io/resolve.h"

namespace rpcnet {
namespace {

asio::awaitable<std::optional<ClusterEvent>> next_event(std::shared_ptr<core::EventQueue> queue) {
  auto event = queue->take();
  while (!event && !queue->closed) {
    co_await queue->arrived.wait();
    event = queue->take();
  }
  co_return event;
}

Status not_registered() {
  return error(StatusCode::failed_precondition, "WorkerRegistry::start was not called");
}

}  // namespace

// ------------------------------------------------------------------------------------ EventStream

asio::any_io_executor EventStream::executor() const {
  return queue_->arrived.runner().context().get_executor();
}

asio::awaitable<std::optional<ClusterEvent>> EventStream::start_next() {
  return next_event(queue_);
}

std::optional<ClusterEvent> EventStream::try_next() { return queue_->take(); }

void EventStream::close() { queue_->close(); }

// ------------------------------------------------------------------------------ ClusterMembership

ClusterMembership::ClusterMembership(const Host& host) : core_(host.core()) {}

asio::any_io_executor ClusterMembership::executor() const {
  return core_->context().get_executor();
}

asio::awaitable<Status> ClusterMembership::start_join(std::vector<std::string> seeds) {
  return core::Core::join(core_, std::move(seeds));
}

asio::awaitable<Status> ClusterMembership::start_leave() { return core::Core::leave(core_); }

Status ClusterMembership::change(
    std::vector<std::pair<std::string, std::optional<std::string>>> changes) {
  if (core_->stopped()) return core::host_stopped();
  std::string key = changes.empty() ? "" : changes.front().first;
  switch (core_->command(ChangeTags{std::move(changes)})) {
    case Outcome::done: return {};
    case Outcome::bad_tag:
      return error(StatusCode::invalid_argument,
                   "tag \"" + key + "\": a key must be of 1 to 64 of [a-z0-9._-]");
    case Outcome::tags_too_large:
      return error(StatusCode::resource_exhausted,
                   "tags would be over tags_max of " +
                       std::to_string(core_->node().config().swim.tags_max) + " bytes in all");
    case Outcome::already_left:
      return error(StatusCode::failed_precondition, "this node has left its cluster");
    default: return error(StatusCode::failed_precondition, "this host is no member of a cluster");
  }
}

Status ClusterMembership::set_tag(std::string key, std::string value) {
  return change({{std::move(key), std::move(value)}});
}

Status ClusterMembership::set_tags(Tags tags) {
  std::vector<std::pair<std::string, std::optional<std::string>>> changes;
  for (auto& [key, value] : tags) changes.emplace_back(key, std::move(value));
  return change(std::move(changes));
}

Status ClusterMembership::remove_tag(std::string key) {
  return change({{std::move(key), std::nullopt}});
}

std::vector<Member> ClusterMembership::members() const { return core_->node().members(); }

std::optional<Member> ClusterMembership::find(const NodeId& id) const {
  return core_->node().find(id);
}

Member ClusterMembership::self() const {
  const NodeConfig& config = core_->node().config();
  if (auto known = core_->node().find(config.id)) return std::move(*known);
  return Member{.id = config.id, .address = config.advertise, .tags = {}};
}

ClusterHealth ClusterMembership::health() const { return core_->node().health(core_->now()); }

std::optional<PartitionDetected> ClusterMembership::partition() const {
  return core_->node().partition();
}

bool ClusterMembership::read_only() const { return core_->node().read_only(); }

EventStream ClusterMembership::events() const { return EventStream(core_->subscribe()); }

// --------------------------------------------------------------------------------- WorkerRegistry

const std::string& Worker::label() const {
  const auto found = tags.find("label");
  return found != tags.end() ? found->second : id.text();
}

WorkerRegistry::WorkerRegistry(const ClusterMembership& cluster, LoadBalancingStrategy strategy,
                               std::string filter)
    : core_(cluster.core()),
      strategy_(strategy),
      filter_(std::move(filter)),
      state_(std::make_shared<State>()) {}

WorkerRegistry::WorkerRegistry(const Host& host, LoadBalancingStrategy strategy, std::string filter)
    : core_(host.core()),
      strategy_(strategy),
      filter_(std::move(filter)),
      state_(std::make_shared<State>()) {
  state_->roster = true;
}

asio::any_io_executor WorkerRegistry::executor() const { return core_->context().get_executor(); }

void WorkerRegistry::prefer_zone(std::string zone, std::uint32_t spill) {
  zone_ = std::move(zone);
  zone_spill_ = spill;
}

Status WorkerRegistry::start() {
  if (core_->stopped()) return core::host_stopped();
  if (state_->number != 0) return {};
  auto filter = parse_tag_filter(filter_);
  if (!filter) {
    return error(StatusCode::invalid_argument,
                 "\"" + filter_ + "\" is no tag filter; expected key=value,key=value");
  }
  const std::uint32_t number = core_->new_registry();
  const Outcome outcome = core_->command(
      OpenRegistry{number, std::move(*filter), strategy_, zone_, zone_spill_, state_->roster});
  if (outcome != Outcome::done) {
    return error(StatusCode::failed_precondition,
                 std::string("cannot open a registry: ") + to_text(outcome));
  }
  state_->number = number;
  return {};
}

Status WorkerRegistry::update(std::vector<RosterEntry> workers) {
  if (core_->stopped()) return core::host_stopped();
  if (state_->number == 0) return not_registered();
  const Outcome outcome = core_->command(UpdateRoster{state_->number, std::move(workers)});
  if (outcome == Outcome::done) return {};
  return error(StatusCode::failed_precondition,
               "the workers of this registry are members; one made from a Host takes others");
}

asio::awaitable<Status> WorkerRegistry::start_use(WorkerRegistry self,
                                                  std::vector<std::string> targets) {
  std::vector<RosterEntry> workers;
  Status first;
  for (std::string& target : targets) {
    auto asking = resolve(std::move(target), self.core_->families());
    Result<std::vector<Address>> found = co_await std::move(asking);
    if (!found.ok()) {
      if (first.ok()) first = found.status();
      continue;
    }
    for (const Address& address : *found) {
      RosterEntry entry;
      entry.address = address;
      workers.push_back(std::move(entry));
    }
  }
  self.state_->named = false;
  Status updated = self.update(std::move(workers));
  co_return updated.ok() ? first : updated;
}

void WorkerRegistry::release(const Worker& worker) {
  if (core_->stopped() || state_->number == 0) return;
  core_->command(ReleaseWorker{state_->number, worker.ticket, worker.id});
}

Result<Worker> WorkerRegistry::select_worker(std::string_view filter,
                                             const std::vector<NodeId>& excluded,
                                             std::string_view key) {
  if (core_->stopped()) return core::host_stopped();
  if (state_->number == 0) return not_registered();
  auto parsed = parse_tag_filter(filter);
  if (!parsed) {
    return error(StatusCode::invalid_argument, "\"" + std::string(filter) +
                                                   "\" is no tag filter; expected "
                                                   "key=value,key=value");
  }
  auto chosen = core_->select(state_->number, std::move(*parsed), excluded, std::string(key));
  if (!chosen.ok()) return chosen.status();
  if (!*chosen) {
    std::string wanted = filter_;
    if (!filter.empty()) wanted += (wanted.empty() ? "" : ",") + std::string(filter);
    return error(StatusCode::unavailable, "no worker matches \"" + wanted + "\"");
  }
  Member& member = **chosen;
  Worker worker{std::move(member.id), member.address, std::move(member.tags)};
  worker.named = !state_->roster || state_->named;
  worker.ticket = core_->last_selection();
  return worker;
}

std::vector<WorkerView> WorkerRegistry::workers() const {
  if (state_->number == 0) return {};
  return core_->node().workers(state_->number, core_->now());
}

// ---------------------------------------------------------------------------------- ClusterClient

ClusterClient::ClusterClient(const Host& host, WorkerRegistry registry)
    : route_(core::make_route(host.core(), core::WorkerTarget{std::move(registry), {}, 0})) {}

std::shared_ptr<const core::Route> ClusterClient::route(std::string filter,
                                                        std::uint32_t attempts_max) const {
  auto route = std::make_shared<core::Route>(*route_);
  auto& workers = std::get<core::WorkerTarget>(route->target);
  workers.filter = std::move(filter);
  workers.attempts_max = attempts_max;
  return route;
}

asio::any_io_executor ClusterClient::executor() const {
  return route_->core->context().get_executor();
}

asio::awaitable<Result<Bytes>> ClusterClient::start_call(std::string method, Bytes request,
                                                         const WorkerCallOptions& options) {
  return core::conduct_unary(route(std::string(options.filter), options.attempts_max),
                             std::move(method), std::move(request),
                             route_->core->terms(options.call),
                             options.idempotent ? Idempotency::idempotent : Idempotency::unknown);
}

}  // namespace rpcnet
