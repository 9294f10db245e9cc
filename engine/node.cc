// Node: routes facts and commands to its parts, which do not know each other, and ties them
// together: the load that membership reports is the number of calls being served, and a registry's
// workers are watched members.
#include "engine/node.h"

#include <algorithm>
#include <map>
#include <set>
#include <type_traits>
#include <utility>
#include <variant>

#include "engine/assert.h"
#include "engine/cluster/assignments.h"
#include "engine/cluster/registry.h"
#include "engine/rpc/rpc.h"
#include "engine/swim/swim.h"

namespace rpcnet {
namespace {

// One label per part, so that a new draw in one does not move the draws of another.
enum RngLabel : std::uint64_t { kRngSwim = 1, kRngRpc = 2, kRngRegistry = 3 };

// Dialled links of both machines draw from disjoint even numbers.
constexpr std::uint64_t kLinkStep = 4;
constexpr std::uint64_t kFirstGossipLink = 2;
constexpr std::uint64_t kFirstRpcLink = 4;

bool is_draining(const Tags& tags) {
  static const std::string kTag(cluster::kDrainingTag);
  return tags.contains(kTag);
}

// "10.0.0.5-61000", "--1-61000": what is left of an address with the characters that names have.
NodeId name_of(const Address& address) {
  std::string text = to_text(address);
  std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
  std::replace(text.begin(), text.end(), ':', '-');
  auto name = NodeId::parse(text);
  ENGINE_ASSERT(name.has_value());
  return *std::move(name);
}

// What is assigned to a worker that makes no reports counts until the call is over.
constexpr Duration kUntilReleased = std::chrono::hours(24);

swim::SwimOptions swim_options(const NodeConfig& config) {
  return {.self = config.id,
          .cluster = config.cluster,
          .advertise = config.advertise,
          .swim = config.swim,
          .phi = config.phi,
          .links = config.gossip_links,
          .rng = Rng(config.seed).fork(kRngSwim),
          .first_link = kFirstGossipLink,
          .link_step = kLinkStep};
}

}  // namespace

struct Node::Parts {
  // Whose workers are members, or those of a roster.
  struct Registry {
    cluster::Registry choice;
    bool roster = false;
    std::map<NodeId, WorkerView> workers{};     // of a roster
    std::map<NodeId, std::uint64_t> reports{};  // the number of what each reported
  };

  explicit Parts(NodeConfig with)
      : config(std::move(with)),
        rpc(config.rpc, config.rpc_links, Rng(config.seed).fork(kRngRpc),
            {.first_link = kFirstRpcLink, .link_step = kLinkStep}),
        assignments(config.registry.assignment_ttl),
        roster_assignments(kUntilReleased) {
    if (config.member) swim.emplace(swim_options(config));
  }

  // Every input begins here. Returns how many outputs are pending: those behind are its own.
  std::size_t begin(Instant at) {
    ENGINE_ASSERT(at >= now);
    now = at;
    return out.size();
  }

  // Follows whatever may have changed the calls.
  void follow_calls() {
    rpc_due = rpc.deadline();
    // What other members hear of this process's load is what it is doing now.
    if (swim) swim->report_load(static_cast<std::uint32_t>(rpc.serving()) + elsewhere);
  }

  template <typename F>
  void on_fact(const F& fact);
  template <typename C>
  Outcome carry_out(C&& command);

  Outcome open_registry(OpenRegistry&& command);
  Outcome select_worker(SelectWorker&& command);
  Outcome release_worker(const ReleaseWorker& command);
  Outcome update_roster(UpdateRoster&& command);
  void take_reports(const Registry& registry);
  std::vector<cluster::Eligible> consider(const Registry& registry);
  std::vector<WorkerView> workers(const Registry& registry, Instant at) const;
  bool out_of_quorum(PartitionPolicy policy) const;
  void watch_if_worker(const Member& member);
  void follow_members();
  void follow_events_from(std::size_t mark);

  NodeConfig config;
  Instant now{};
  Outbox out;
  rpc::Rpc rpc;
  std::optional<swim::Swim> swim;
  std::map<std::uint32_t, Registry> registries;
  cluster::Assignments assignments;         // to members
  cluster::Assignments roster_assignments;  // to those of rosters: until they are released
  std::set<NodeId> watched;
  std::uint32_t elsewhere = 0;     // calls that other Nodes of the process serve
  std::optional<Instant> rpc_due;  // rpc.deadline(): most inputs are membership's and leave it be
};

// A link belongs to the machine that dialled it or saw it come up.
template <typename F>
void Node::Parts::on_fact(const F& fact) {
  // RPC has no datagrams: only membership knows what to do with one, and drops a stranger's.
  if constexpr (std::is_same_v<F, DatagramReceived>) {
    if (swim) swim->on_datagram(now, fact, out);
    return;
  }
  const bool gossip = swim && swim->owns(fact.link);
  if constexpr (std::is_same_v<F, LinkUp>) {
    if (fact.protocol == Protocol::rpc) {
      rpc.on_link_up(now, fact, out);
      return follow_calls();
    }
    if (swim) return swim->on_link_up(now, fact, out);
    out.push(CloseLink{fact.link, CloseCode::none, "this process is no member of a cluster"});
  } else if constexpr (std::is_same_v<F, LinkDown>) {
    gossip ? swim->on_link_down(now, fact, out) : rpc.on_link_down(now, fact, out);
  } else if constexpr (std::is_same_v<F, DatagramReceived>) {
  } else if constexpr (std::is_same_v<F, DatagramLimit>) {
    gossip ? swim->on_datagram_limit(now, fact, out) : rpc.on_datagram_limit(now, fact, out);
  } else if constexpr (std::is_same_v<F, StreamData>) {
    gossip ? swim->on_stream_data(now, fact, out) : rpc.on_stream_data(now, fact, out);
  } else if constexpr (std::is_same_v<F, StreamReset>) {
    gossip ? swim->on_stream_reset(now, fact, out) : rpc.on_stream_reset(now, fact, out);
  } else if constexpr (std::is_same_v<F, StreamStopped>) {
    gossip ? swim->on_stream_stopped(now, fact, out) : rpc.on_stream_stopped(now, fact, out);
  } else if constexpr (std::is_same_v<F, StreamDrained>) {
    gossip ? swim->on_stream_drained(now, fact, out) : rpc.on_stream_drained(now, fact, out);
  } else {
    static_assert(std::is_same_v<F, StreamsAllowed>);
    gossip ? swim->on_streams_allowed(now, fact, out) : rpc.on_streams_allowed(now, fact, out);
  }
  if (!gossip) follow_calls();
}

template <typename C>
Outcome Node::Parts::carry_out(C&& command) {
  using Kind = std::remove_cvref_t<C>;
  if constexpr (std::is_same_v<Kind, Join>) {
    return swim ? swim->join(now, command, out) : Outcome::not_a_member;
  } else if constexpr (std::is_same_v<Kind, Leave>) {
    return swim ? swim->leave(now, out) : Outcome::not_a_member;
  } else if constexpr (std::is_same_v<Kind, ChangeTags>) {
    if (!swim) return Outcome::not_a_member;
    return swim->change_tags(now, command, out);
  } else if constexpr (std::is_same_v<Kind, StartCall>) {
    return rpc.start(now, std::move(command), out);
  } else if constexpr (std::is_same_v<Kind, SendMessage>) {
    return rpc.send(now, std::move(command), out);
  } else if constexpr (std::is_same_v<Kind, HalfClose>) {
    return rpc.half_close(now, std::move(command), out);
  } else if constexpr (std::is_same_v<Kind, CancelCall>) {
    return rpc.cancel(now, std::move(command), out);
  } else if constexpr (std::is_same_v<Kind, ConsumeMessages>) {
    return rpc.consume(now, std::move(command), out);
  } else if constexpr (std::is_same_v<Kind, SendHeaders>) {
    return rpc.send_headers(now, std::move(command), out);
  } else if constexpr (std::is_same_v<Kind, FinishCall>) {
    return rpc.finish(now, std::move(command), out);
  } else if constexpr (std::is_same_v<Kind, StopAccepting>) {
    return rpc.stop_accepting(now, std::move(command), out);
  } else if constexpr (std::is_same_v<Kind, OpenRegistry>) {
    return open_registry(std::move(command));
  } else if constexpr (std::is_same_v<Kind, ReleaseWorker>) {
    return release_worker(command);
  } else if constexpr (std::is_same_v<Kind, UpdateRoster>) {
    return update_roster(std::move(command));
  } else if constexpr (std::is_same_v<Kind, CloseDrained>) {
    return rpc.close_drained(now, out);
  } else if constexpr (std::is_same_v<Kind, CountElsewhere>) {
    elsewhere = command.calls;
    return Outcome::done;
  } else {
    static_assert(std::is_same_v<Kind, SelectWorker>);
    return select_worker(std::move(command));
  }
}

Outcome Node::Parts::open_registry(OpenRegistry&& command) {
  if (!swim && !command.roster) return Outcome::not_a_member;
  const Rng rng = Rng(config.seed).fork(kRngRegistry).fork(command.registry);
  cluster::ZonePreference zone{std::move(command.zone), command.zone_spill};
  cluster::Registry choice(std::move(command.filter), command.strategy, rng, std::move(zone));
  const auto [position, added] =
      registries.try_emplace(command.registry, Registry{std::move(choice), command.roster});
  if (!added) return Outcome::unknown_registry;
  if (!command.roster) follow_members();
  return Outcome::done;
}

Outcome Node::Parts::update_roster(UpdateRoster&& command) {
  const auto found = registries.find(command.registry);
  if (found == registries.end() || !found->second.roster) return Outcome::unknown_registry;
  Registry& registry = found->second;
  std::map<NodeId, WorkerView> workers;
  registry.reports.clear();
  for (RosterEntry& entry : command.workers) {
    const NodeId id = entry.id ? *entry.id : name_of(entry.address);
    WorkerView view{.member = {.id = id, .address = entry.address},
                    .active_calls = entry.active_calls,
                    .avoid = entry.avoid};
    for (auto& [key, value] : entry.tags) view.member.tags.emplace(key, std::move(value));
    if (workers.try_emplace(id, std::move(view)).second && entry.report != 0) {
      registry.reports.emplace(id, entry.report);
    }
  }
  for (const auto& [id, view] : registry.workers) {
    if (!workers.contains(id)) roster_assignments.forget(id);
  }
  registry.workers = std::move(workers);
  take_reports(registry);
  return Outcome::done;
}

void Node::Parts::take_reports(const Registry& registry) {
  for (const auto& [id, report] : registry.reports) {
    roster_assignments.on_report(id, report, registry.workers.at(id).active_calls);
  }
}

// The workers of a registry, in NodeId order, when what they have reported is taken in. Copies
// nothing: there may be thousands, of whom one is chosen.
std::vector<cluster::Eligible> Node::Parts::consider(const Registry& registry) {
  std::vector<cluster::Eligible> eligible;
  const TagFilter& filter = registry.choice.filter();
  if (registry.roster) {
    take_reports(registry);
    for (const auto& [id, worker] : registry.workers) {
      const Tags& tags = worker.member.tags;
      if (!filter.matches(tags)) continue;
      const std::uint32_t load = worker.active_calls + roster_assignments.count(now, id);
      eligible.push_back({&id, &tags, load, worker.avoid || is_draining(tags)});
    }
    return eligible;
  }
  eligible.reserve(swim->member_count());
  swim->for_each_standing(now, [&](const MemberView& member, const swim::Standing& standing) {
    const auto& [active, report, avoid] = standing;
    if (report != 0) assignments.on_report(member.id, report, active);
    if (!filter.matches(member.tags)) return;
    const std::uint32_t load = active + assignments.count(now, member.id);
    eligible.push_back({&member.id, &member.tags, load, avoid || is_draining(member.tags)});
  });
  return eligible;
}

Outcome Node::Parts::select_worker(SelectWorker&& command) {
  const auto found = registries.find(command.registry);
  if (found == registries.end()) return Outcome::unknown_registry;
  if (!found->second.roster && out_of_quorum(PartitionPolicy::keep_majority)) {
    out.push(WorkerSelected{command.request, std::nullopt, true});
    return Outcome::done;
  }
  const auto eligible = consider(found->second);
  const auto chosen = found->second.choice.select(eligible, command);
  WorkerSelected result{.request = command.request, .worker = std::nullopt, .no_quorum = false};
  if (chosen) {
    const NodeId& id = *eligible[*chosen].id;
    const bool roster = found->second.roster;
    result.worker = roster ? found->second.workers.at(id).member : swim->find(id);
    (roster ? roster_assignments : assignments).add(now, id, command.request);
  }
  out.push(std::move(result));
  return Outcome::done;
}

Outcome Node::Parts::release_worker(const ReleaseWorker& command) {
  const auto found = registries.find(command.registry);
  if (found == registries.end() || !command.worker) return Outcome::unknown_registry;
  (found->second.roster ? roster_assignments : assignments)
      .release(*command.worker, command.request);
  return Outcome::done;
}

std::vector<WorkerView> Node::Parts::workers(const Registry& registry, Instant at) const {
  std::vector<WorkerView> views;
  const TagFilter& filter = registry.choice.filter();
  if (registry.roster) {
    for (const auto& [id, worker] : registry.workers) {
      if (!filter.matches(worker.member.tags)) continue;
      WorkerView& view = views.emplace_back(worker);
      view.assignments = roster_assignments.count(at, id);
      view.avoid = view.avoid || is_draining(worker.member.tags);
    }
    return views;
  }
  if (out_of_quorum(PartitionPolicy::keep_majority)) return views;
  swim->for_each_member([&](const MemberView& member) {
    if (!filter.matches(member.tags)) return;
    const auto health = swim->health(member.id, at);
    views.push_back(
        {.member = member.copy(),
         .active_calls = health.active_calls,
         .assignments = assignments.count(at, member.id, health.report, health.active_calls),
         .phi_milli = health.phi_milli,
         .degraded = health.degraded,
         .avoid = health.avoid || is_draining(member.tags)});
  });
  return views;
}

// Is this policy configured, and is it now that it asks for something?
bool Node::Parts::out_of_quorum(PartitionPolicy policy) const {
  if (!swim || config.swim.partition.policy != policy) return false;
  return swim->partition() && !swim->partition()->quorum;
}

// Whoever may be chosen is watched: its heartbeats carry its load and feed Phi.
void Node::Parts::watch_if_worker(const Member& member) {
  bool wanted = false;
  if (is_member(member.status) && member.id != config.id) {
    for (const auto& [number, registry] : registries) {
      wanted = wanted || (!registry.roster && registry.choice.filter().matches(member.tags));
    }
  }
  if (wanted == watched.contains(member.id)) return;
  if (wanted) {
    watched.insert(member.id);
  } else {
    watched.erase(member.id);
    assignments.forget(member.id);
  }
  swim->watch(now, member.id, wanted, out);
}

void Node::Parts::follow_members() {
  for (const Member& member : swim->members()) watch_if_worker(member);
}

// The outputs since `mark` tell which members changed while an input was handled.
void Node::Parts::follow_events_from(std::size_t mark) {
  if (registries.empty() || !swim) return;
  std::vector<Member> changed;
  for (std::size_t i = mark; i < out.size(); ++i) {
    const auto* event = std::get_if<Event>(&out.pending(i));
    if (event == nullptr) continue;
    if (const auto* member = std::get_if<MemberEvent>(event)) changed.push_back(member->member);
  }
  for (const Member& member : changed) watch_if_worker(member);
}

Node::Node(NodeConfig config, std::span<const Member> remembered)
    : parts_(std::make_unique<Parts>(std::move(config))) {
  if (parts_->swim) parts_->swim->remember(remembered);
}
Node::~Node() = default;

void Node::handle(Instant now, const Fact& fact) {
  const std::size_t mark = parts_->begin(now);
  std::visit([this](const auto& it) { parts_->on_fact(it); }, fact);
  parts_->follow_events_from(mark);
}

Outcome Node::handle(Instant now, Command&& command) {
  const std::size_t mark = parts_->begin(now);
  const Outcome outcome =
      std::visit([this](auto& it) { return parts_->carry_out(std::move(it)); }, command);
  parts_->follow_events_from(mark);
  parts_->follow_calls();
  return outcome;
}

void Node::handle_unreachable(Instant now, const Address& address) {
  const std::size_t mark = parts_->begin(now);
  if (parts_->swim) parts_->swim->suspect_hint(now, address, parts_->out);
  parts_->follow_events_from(mark);
}

void Node::handle_deadline(Instant now) {
  const std::size_t mark = parts_->begin(now);
  if (parts_->swim) parts_->swim->on_deadline(now, parts_->out);
  const bool calls_due = parts_->rpc_due && *parts_->rpc_due <= now;
  if (calls_due) parts_->rpc.on_deadline(now, parts_->out);
  parts_->follow_events_from(mark);
  if (calls_due) parts_->follow_calls();
}

void Node::expect(bool next) const {
  const Parts& parts = *parts_;
  if (next) {
    if (parts.swim) parts.swim->expect();
    return;
  }
  __builtin_prefetch(&parts.now);
  __builtin_prefetch(&parts.out);
  __builtin_prefetch(&parts.swim);
}

Output* Node::poll() { return parts_->out.poll(); }
std::size_t Node::pending() const { return parts_->out.size(); }
const Output& Node::pending(std::size_t index) const { return parts_->out.pending(index); }

std::optional<Instant> Node::deadline() const {
  const auto& rpc = parts_->rpc_due;
  const auto swim = parts_->swim ? parts_->swim->deadline() : std::nullopt;
  if (!rpc) return swim;
  if (!swim) return rpc;
  return std::min(*rpc, *swim);
}

const NodeConfig& Node::config() const { return parts_->config; }

std::vector<Member> Node::members() const {
  return parts_->swim ? parts_->swim->members() : std::vector<Member>{};
}

std::vector<Member> Node::tombstones() const {
  return parts_->swim ? parts_->swim->tombstones() : std::vector<Member>{};
}

void Node::for_each_member(const std::function<void(const MemberView&)>& visit) const {
  if (parts_->swim) parts_->swim->for_each_member(visit);
}

std::optional<Member> Node::find(const NodeId& id) const {
  return parts_->swim ? parts_->swim->find(id) : std::nullopt;
}

std::vector<WorkerView> Node::workers(std::uint32_t registry, Instant now) const {
  const auto found = parts_->registries.find(registry);
  if (found == parts_->registries.end()) return {};
  return parts_->workers(found->second, now);
}

ClusterHealth Node::health(Instant now) const {
  return parts_->swim ? parts_->swim->cluster_health(now) : ClusterHealth{};
}

Snapshot Node::snapshot() const { return parts_->swim ? parts_->swim->snapshot() : Snapshot{}; }

std::optional<PartitionDetected> Node::partition() const {
  return parts_->swim ? parts_->swim->partition() : std::nullopt;
}

bool Node::read_only() const { return parts_->out_of_quorum(PartitionPolicy::read_only); }

bool Node::is_writable(CallId call) const { return parts_->rpc.is_writable(call); }
std::size_t Node::serving() const { return parts_->rpc.serving(); }
std::size_t Node::outgoing() const { return parts_->rpc.outgoing(); }
const rpc::Counters& Node::rpc_counters() const { return parts_->rpc.counters(); }

swim::Health Node::health(const NodeId& id, Instant now) const {
  return parts_->swim ? parts_->swim->health(id, now) : swim::Health{};
}

std::uint32_t Node::local_health() const { return parts_->swim ? parts_->swim->local_health() : 0; }

const swim::Counters& Node::swim_counters() const {
  static constexpr swim::Counters kNone{};
  return parts_->swim ? parts_->swim->counters() : kNone;
}

}  // namespace rpcnet
