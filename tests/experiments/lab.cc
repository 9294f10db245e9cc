// Building the cluster and running it.
#include "tests/experiments/lab.h"

#include <algorithm>
#include <utility>

#include "sim/messages/messages_network.h"
#include "sim/quic/quic_network.h"

namespace rpcnet::experiments {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kCluster = "experiment";

// Purposes of draws.
constexpr std::uint64_t kStart = 1;
constexpr std::uint64_t kOffset = 2;
constexpr std::uint64_t kFirstOfExperiments = 16;

std::int64_t drawn(std::uint64_t seed, std::uint64_t purpose, std::uint64_t counter,
                   std::int64_t low, std::int64_t high) {
  return sim::Keyed(seed).between({sim::Domain::plan, 0x6578, purpose, counter}, low, high);
}

sim::Plan plan_of(const Setup& setup) {
  sim::Plan plan;
  plan.name = "experiment";
  plan.seed = setup.seed;
  plan.directors = setup.seeds;
  plan.workers = setup.nodes - setup.seeds;
  plan.clients = 0;
  plan.faults = setup.faults;
  // No fault is ended early: the experiment decides how long it runs.
  plan.active = std::chrono::hours(24 * 365);
  return plan;
}

std::vector<sim::HostSetup> setups_of(const Setup& setup, const sim::Plan& plan) {
  auto everybody = std::make_shared<std::vector<Member>>();
  for (HostIndex i = 0; setup.joined && i < setup.nodes; ++i) {
    everybody->push_back({.id = *NodeId::parse(plan.host_name(i)),
                          .address = sim::World::address(i),
                          .status = MemberStatus::alive});
  }
  std::vector<sim::HostSetup> hosts;
  hosts.reserve(setup.nodes);
  for (HostIndex i = 0; i < setup.nodes; ++i) {
    const std::string name = plan.host_name(i);
    sim::HostSetup host{.config = {.id = *NodeId::parse(name),
                                   .cluster = kCluster,
                                   .advertise = sim::World::address(i)}};
    configure(setup.mode, host.config);
    if (setup.tune) setup.tune(host.config);
    host.credentials.cluster = kCluster;
    host.credentials.identity = PeerIdentity{kCluster, name};
    if (setup.joined) host.remembered = everybody;
    for (HostIndex seed = 0; seed < setup.seeds; ++seed) {
      if (seed != i) host.seeds.push_back(sim::World::address(seed));
    }
    host.clock =
        sim::HostClock(seconds(1) + milliseconds(drawn(setup.seed, kOffset, i, 0, 5000)), 0);
    hosts.push_back(std::move(host));
  }
  return hosts;
}

}  // namespace

Lab::Lab(Setup setup)
    : setup_(std::move(setup)),
      plan_(plan_of(setup_)),
      world_(setup_.seed, setups_of(setup_, plan_), setup_.latency, setup_.loss_ppm),
      faults_(world_, plan_),
      watcher_(world_) {
  world_.use(network());
  world_.watch(faults_);
  world_.watch(watcher_);
}

std::unique_ptr<sim::Network> Lab::network() {
  if (setup_.fidelity == sim::Fidelity::quic) {
    return std::make_unique<sim::QuicNetwork>(world_, world_.paths(), world_.keyed(), setup_.nodes,
                                              quic::EndpointConfig{});
  }
  sim::messages::MessagesConfig config;
  config.plain = has_plain_links(setup_.mode);
  if (setup_.idle_timeout) config.idle_timeout = *setup_.idle_timeout;
  return std::make_unique<sim::messages::MessagesNetwork>(world_, world_.paths(), world_.keyed(),
                                                          setup_.nodes, config);
}

bool Lab::gather(Duration limit) {
  std::vector<std::pair<Moment, HostIndex>> order;
  for (HostIndex i = 0; i < setup_.nodes; ++i) {
    const auto spread = i < setup_.seeds ? 0 : setup_.start_spread.count();
    order.emplace_back(Moment(Duration(drawn(setup_.seed, kStart, i, 0, spread))), i);
  }
  std::sort(order.begin(), order.end());
  for (const auto& [at, host] : order) {
    run_until(at);
    world_.start(host);
  }
  return run_until(Moment(limit), [&] { return watcher_.all_see_all(); });
}

void Lab::run_until(Moment end) { world_.run_until(end, UINT64_MAX); }

bool Lab::run_until(Moment end, const std::function<bool()>& done) {
  constexpr Duration kStep = milliseconds(20);
  while (!done()) {
    if (now() >= end) return false;
    run_until(std::min(end, now() + kStep));
  }
  return true;
}

Faulty Lab::judge(const std::vector<HostIndex>& faulty, Moment since) {
  std::vector<bool> is_faulty(nodes(), false);
  for (const HostIndex host : faulty) is_faulty[host] = true;
  std::vector<HostIndex> healthy;
  for (HostIndex host = 0; host < nodes(); ++host) {
    if (!is_faulty[host]) healthy.push_back(host);
  }
  Faulty result;
  for (const Verdict& verdict : watcher_.verdicts()) {
    if (verdict.kind != MemberEventKind::failed) continue;
    const bool at_healthy = !is_faulty[verdict.observer];
    if (is_faulty[verdict.subject]) {
      ++result.removals_of_faulty;
      if (at_healthy) ++result.removals_of_faulty_at_healthy;
    } else {
      ++result.removals_of_healthy;
      if (at_healthy) ++result.removals_of_healthy_at_healthy;
    }
  }
  std::vector<std::size_t> changes(nodes(), 0);
  std::optional<Moment> first;
  for (const Opinion& opinion : watcher_.opinions()) {
    if (is_faulty[opinion.observer] || !is_faulty[opinion.subject]) continue;
    if (!first) first = opinion.at;
    result.last_change = opinion.at - since;
    result.changes_max = std::max(result.changes_max, ++changes[opinion.observer]);
  }
  if (first) result.first_change = *first - since;
  result.settled = std::all_of(healthy.begin(), healthy.end(), [&](HostIndex observer) {
    return std::all_of(faulty.begin(), faulty.end(),
                       [&](HostIndex subject) { return watcher_.thinks_ill(observer, subject); });
  });
  result.views_max = watcher_.views_max(healthy);
  return result;
}

Traffic Lab::traffic() const {
  Traffic traffic;
  for (HostIndex i = 0; i < nodes(); ++i) {
    const sim::Host& host = world_.host(i);
    if (!host.running()) continue;
    traffic.messages += host.node->swim_counters().messages_sent;
    traffic.bytes += host.node->swim_counters().bytes_sent;
  }
  return traffic;
}

std::uint64_t Lab::suspicions() const {
  std::uint64_t count = 0;
  for (HostIndex i = 0; i < nodes(); ++i) {
    const sim::Host& host = world_.host(i);
    if (host.running()) count += host.node->swim_counters().suspicions;
  }
  return count;
}

std::int64_t Lab::draw(std::uint64_t purpose, std::uint64_t counter, std::int64_t low,
                       std::int64_t high) const {
  return drawn(setup_.seed, kFirstOfExperiments + purpose, counter, low, high);
}

std::vector<HostIndex> Lab::pick(std::uint64_t purpose, std::size_t count) const {
  std::vector<HostIndex> hosts;
  for (std::uint64_t i = 0; hosts.size() < count; ++i) {
    const auto host =
        static_cast<HostIndex>(draw(purpose, i, static_cast<std::int64_t>(setup_.seeds),
                                    static_cast<std::int64_t>(setup_.nodes) - 1));
    if (std::find(hosts.begin(), hosts.end(), host) == hosts.end()) hosts.push_back(host);
  }
  std::sort(hosts.begin(), hosts.end());
  return hosts;
}

}  // namespace rpcnet::experiments
