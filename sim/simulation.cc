// Building a world from a plan, and taking it through both phases.
#include "sim/simulation.h"

#include <algorithm>
#include <memory>

#include "sim/fault_runner.h"
#include "sim/messages/messages_network.h"
#include "sim/oracles/calls.h"
#include "sim/oracles/convergence.h"
#include "sim/oracles/delivery.h"
#include "sim/oracles/detection.h"
#include "sim/oracles/gossip.h"
#include "sim/oracles/isolation.h"
#include "sim/oracles/ledger.h"
#include "sim/oracles/membership.h"
#include "sim/oracles/phi.h"
#include "sim/oracles/registry.h"
#include "sim/oracles/resources.h"
#include "sim/oracles/reunion.h"
#include "sim/oracles/serving.h"
#include "sim/oracles/views.h"
#include "sim/quic/quic_network.h"
#include "sim/workload/client.h"
#include "sim/workload/director.h"
#include "sim/workload/worker.h"
#include "sim/world.h"

namespace rpcnet::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kCluster = "sim";

// Purposes of Domain::plan draws that are about a host, not about a line of the plan.
constexpr std::uint64_t kHostDraws = 0x686f7374;
enum : std::uint64_t { kStart = 1, kOffset = 2, kDrift = 3 };

NodeConfig config_of(const Plan& plan, HostIndex host) {
  NodeConfig config{.id = *NodeId::parse(plan.host_name(host)),
                    .cluster = kCluster,
                    .advertise = World::address(host),
                    .member = !plan.is_client(host)};
  set_profile(config, plan.profile);
  for (const auto& [name, value] : plan.knobs) set_knob(config, name, value);
  // Clients may send more than members take: it is the callee's limit that has to hold.
  if (plan.is_client(host)) config.rpc.message_max *= 2;
  return config;
}

// Everybody joins through the directors; the first one waits to be found, as in the example.
std::vector<Address> seeds_of(const Plan& plan, HostIndex host) {
  std::vector<Address> seeds;
  for (HostIndex i = 0; i < std::max<std::size_t>(plan.directors, 1); ++i) {
    if (i != host) seeds.push_back(World::address(i));
  }
  return seeds;
}

std::unique_ptr<Program> program_of(const Plan& plan, HostIndex host) {
  if (plan.is_director(host)) return std::make_unique<Director>(plan.workload);
  if (plan.is_worker(host)) return std::make_unique<Worker>(plan.workload);
  std::vector<Peer> directors;
  for (HostIndex i = 0; i < plan.directors; ++i) {
    directors.push_back({World::address(i), NodeId::parse(plan.host_name(i))});
  }
  if (directors.empty()) return nullptr;
  return std::make_unique<Client>(plan.workload, std::move(directors), host);
}

bool joins_later(const Plan& plan, HostIndex host) {
  return std::any_of(plan.faults.begin(), plan.faults.end(), [&](const Fault& fault) {
    return fault.kind == FaultKind::join &&
           std::find(fault.hosts.begin(), fault.hosts.end(), host) != fault.hosts.end();
  });
}

// The members as they describe themselves once their programs have begun.
std::shared_ptr<const std::vector<Member>> everybody(const Plan& plan) {
  const Keyed keyed(plan.seed);
  auto members = std::make_shared<std::vector<Member>>();
  for (HostIndex i = 0; i < plan.members(); ++i) {
    if (joins_later(plan, i)) continue;
    Member member{.id = *NodeId::parse(plan.host_name(i)), .address = World::address(i)};
    if (plan.is_worker(i)) {
      member.tags = Worker::first_tags([&, i](auto purpose, auto counter, auto bound) {
        return keyed.below({Domain::workload, combine(i, 1), purpose, counter}, bound);
      });
      member.tags_version = 1;
    }
    members->push_back(std::move(member));
  }
  std::sort(members->begin(), members->end(),
            [](const Member& x, const Member& y) { return x.id < y.id; });
  return members;
}

std::vector<HostSetup> setups_of(const Plan& plan) {
  const Keyed keyed(plan.seed);
  const auto within = [&](HostIndex host, std::uint64_t what, std::int64_t low, std::int64_t high) {
    return keyed.between({Domain::plan, kHostDraws, what, host}, low, high);
  };
  std::vector<HostSetup> setups;
  const auto remembered = plan.joined ? everybody(plan) : nullptr;
  for (HostIndex i = 0; i < plan.hosts(); ++i) {
    HostSetup setup{.config = config_of(plan, i)};
    setup.credentials.cluster = kCluster;
    setup.credentials.accepts = !plan.is_client(i);
    setup.credentials.gossip = !plan.is_client(i);
    if (!plan.is_client(i)) {
      setup.credentials.identity = PeerIdentity{kCluster, plan.host_name(i)};
      setup.seeds = seeds_of(plan, i);
      if (!joins_later(plan, i)) setup.remembered = remembered;
    }
    setup.program = [&plan, i] { return program_of(plan, i); };
    // Never from zero: a clock whose zero is now would hide code that takes zero for "never".
    setup.clock = HostClock(seconds(1) + milliseconds(within(i, kOffset, 0, plan.clock_offset_ms)),
                            within(i, kDrift, -plan.clock_drift_ppm, plan.clock_drift_ppm));
    setups.push_back(std::move(setup));
  }
  return setups;
}

class Simulation {
 public:
  Simulation(const Plan& plan, const RunOptions& options)
      : plan_(plan),
        options_(options),
        world_(plan.seed, setups_of(plan), plan.latency, plan.loss_ppm),
        faults_(world_, plan),
        ground_{world_, plan, faults_, bounds(config_of(plan, 0), plan)},
        membership_(ground_),
        detection_(ground_),
        convergence_(ground_),
        calls_(ground_),
        ledger_(ground_),
        registry_(ground_, ledger_),
        phi_(ground_),
        gossip_(ground_),
        views_(ground_),
        delivery_(ground_),
        serving_(ground_),
        isolation_(ground_),
        reunion_(ground_),
        resources_(ground_) {
    world_.use(network());
    for (const LinkLatency& link : plan.links) {
      world_.paths().set_latency(link.from, link.to, link.latency);
    }
    world_.trace().watch(options.watch_from, options.watch_to);
    if (options.losses_of) world_.paths().remember_losses(*options.losses_of);
    for (const OracleMaker& make : options.more_oracles) more_.push_back(make(ground_));
    for (const HostIndex host : options.record) world_.keep_recordings(host);
    world_.watch(faults_);
    if (options.timeline) world_.watch(timeline_.emplace(world_, plan));
    for (Oracle* oracle : oracles()) world_.watch(*oracle);
    world_.watch_wire(ledger_, static_cast<HostIndex>(plan.hosts()));
    world_.watch_wire(phi_, phi_.watched());
    world_.watch_wire(gossip_, gossip_.watched());
    world_.watch_wire(views_, views_.watched());
    world_.watch_wire(delivery_, delivery_.watched());
    world_.watch_wire(reunion_, reunion_.watched());
  }

  Report run() {
    start_hosts();
    advance(Moment(plan_.active));
    if (!world_.violation()) {
      world_.calm();
      come_to_rest();
    }
    return report();
  }

 private:
  std::vector<Oracle*> oracles() {
    std::vector<Oracle*> all{&membership_, &detection_, &convergence_, &calls_, &ledger_,
                             &registry_,   &phi_,       &gossip_,      &views_, &delivery_,
                             &serving_,    &isolation_, &reunion_,   &resources_};
    for (const auto& oracle : more_) all.push_back(oracle.get());
    return all;
  }

  std::unique_ptr<Network> network() {
    const auto streams = static_cast<std::uint64_t>(plan_.peer_streams_max);
    const auto stream_window = static_cast<std::uint64_t>(plan_.stream_window_bytes);
    const auto link_window = static_cast<std::uint64_t>(plan_.link_window_bytes);
    if (options_.fidelity == Fidelity::quic) {
      return std::make_unique<QuicNetwork>(
          world_, world_.paths(), world_.keyed(), plan_.hosts(),
          quic::EndpointConfig{.idle_timeout = plan_.idle_timeout,
                               .stream_window_bytes = stream_window,
                               .link_window_bytes = link_window,
                               .peer_streams_max = streams});
    }
    messages::MessagesConfig config;
    config.idle_timeout = plan_.idle_timeout;
    config.peer_streams_max = streams;
    config.stream_window_bytes = stream_window;
    config.link_window_bytes = link_window;
    return std::make_unique<messages::MessagesNetwork>(world_, world_.paths(), world_.keyed(),
                                                       plan_.hosts(), config);
  }

  void start_hosts() {
    const Keyed keyed(plan_.seed);
    std::vector<std::pair<Moment, HostIndex>> order;
    for (HostIndex i = 0; i < plan_.hosts(); ++i) {
      if (joins_later(plan_, i)) continue;
      const auto at = keyed.between({Domain::plan, kHostDraws, kStart, i}, 0,
                                    i == 0 ? 0 : plan_.start_spread.count());
      order.emplace_back(Moment(Duration(at)), i);
    }
    std::sort(order.begin(), order.end());
    for (const auto& [at, host] : order) {
      advance(at);
      // A fault of the plan may have struck before.
      if (world_.state(host) == HostState::idle) world_.start(host);
    }
  }

  void advance(Moment end) {
    while (!world_.violation() && world_.now() < end && world_.events() < options_.events_max) {
      world_.run_until(std::min(end, world_.now() + seconds(1)), options_.events_max);
      if (options_.progress) options_.progress(world_.now().time_since_epoch());
    }
  }

  void come_to_rest() {
    const Moment calm = world_.now();
    for (;;) {
      bool all = true;
      for (Oracle* oracle : oracles()) {
        if (oracle->settled()) continue;
        all = false;
        if (world_.now() - calm <= oracle->patience()) continue;
        world_.fail(oracle->name(), "not at rest in time: " + oracle->unsettled());
      }
      if (all || world_.violation()) break;
      if (world_.events() >= options_.events_max) break;
      advance(world_.now() + World::kTick);
    }
    if (world_.violation()) return;
    // What has come to rest must stay so without anybody's help.
    advance(world_.now() + seconds(3));
    if (world_.violation()) return;
    for (Oracle* oracle : oracles()) oracle->on_end();
  }

  Report report() {
    Report report;
    report.simulated = world_.now().time_since_epoch();
    report.events = world_.events();
    report.inputs = world_.inputs();
    if (timeline_) report.timeline = timeline_->take();
    report.losses = world_.paths().losses();
    report.trace = world_.trace().hash();
    report.checkpoints = world_.trace().checkpoints();
    report.trace_lines = world_.trace().lines();
    report.watched = world_.trace().watched();
    for (std::size_t i = 0; i < plan_.faults.size(); ++i) {
      report.fault_effects.push_back(faults_.effects(i));
    }
    for (Oracle* oracle : oracles()) report.checks.emplace_back(oracle->name(), oracle->checks());
    report.detection_first = detection_.first();
    report.detection_last = detection_.last();
    report.convergence = convergence_.took();
    count(report);
    judge(report);
    return report;
  }

  void count(Report& report) {
    swim::Counters all;
    std::uint64_t refused = 0;
    for (HostIndex i = 0; i < plan_.members(); ++i) {
      const Host& host = world_.host(i);
      if (!host.running()) continue;
      const swim::Counters& one = host.node->swim_counters();
      for (const auto counter :
           {&swim::Counters::suspicions, &swim::Counters::refutations, &swim::Counters::downgraded,
            &swim::Counters::probes_out_of_turn, &swim::Counters::acks_relayed,
            &swim::Counters::nacks, &swim::Counters::acks_by_stream, &swim::Counters::stalls,
            &swim::Counters::syncs_completed, &swim::Counters::fetches}) {
        all.*counter += one.*counter;
      }
      refused += host.node->rpc_counters().refused;
    }
    report.false_deaths = detection_.false_deaths();
    report.counts = {{"false deaths", report.false_deaths},
                     {"suspicions", all.suspicions},
                     {"refutations", all.refutations},
                     {"deaths looked into", all.downgraded},
                     {"probes out of turn", all.probes_out_of_turn},
                     {"answers by relays", all.acks_relayed},
                     {"relays without answer", all.nacks},
                     {"answers by streams", all.acks_by_stream},
                     {"stalls noticed", all.stalls},
                     {"views compared", all.syncs_completed},
                     {"long tags fetched", all.fetches},
                     {"calls begun", calls_.calls()},
                     {"calls that ended ok", calls_.calls_ok()},
                     {"calls turned away", refused},
                     {"tokens received", calls_.tokens()},
                     {"sessions completed", calls_.sessions_done()},
                     {"failovers", calls_.failovers()},
                     {"calls answered in batches", serving_.batched()},
                     {"calls that found no place", serving_.turned_away()},
                     {"links made", world_.network().counters().links},
                     {"packets", world_.paths().packets()},
                     {"packets lost", world_.paths().packets_lost()},
                     {"inputs of nodes", world_.inputs()}};
    for (const HostIndex host : options_.record) {
      report.recordings.push_back(world_.recordings(host));
    }
  }

  void judge(Report& report) {
    if (const auto& violation = world_.violation()) {
      report.verdict = Verdict::oracle;
      report.failed = violation->oracle;
      report.failed_host = violation->host;
      const auto ms =
          std::chrono::duration_cast<milliseconds>(violation->at.time_since_epoch()).count();
      report.reason = violation->oracle + " at " + std::to_string(ms) + " ms: ";
      if (violation->host) report.reason += plan_.host_name(*violation->host) + " ";
      report.reason += violation->what;
      for (const TraceLine& line : world_.trace().tail()) {
        report.last_lines.push_back(to_text(line));
      }
      return;
    }
    if (world_.events() >= options_.events_max) {
      report.verdict = Verdict::oracle;
      report.failed = "end";
      report.reason =
          "the run did not end within " + std::to_string(options_.events_max) + " happenings";
      return;
    }
    for (std::size_t i = 0; i < report.fault_effects.size(); ++i) {
      if (report.fault_effects[i] > 0) continue;
      report.verdict = Verdict::vacuous;
      report.failed = to_text(plan_.faults[i].kind);
      report.reason = "a fault changed nothing: " + to_text(plan_, plan_.faults[i]);
    }
    const bool calls = plan_.clients > 0 && plan_.directors > 0;
    for (const auto& [oracle, count] : report.checks) {
      const bool needs_calls =
          oracle == "calls" || oracle == "ledger" || oracle == "registry" || oracle == "phi";
      const bool needs_unary = oracle == "serving";
      const bool unary = calls && plan_.workers > 0 && plan_.workload.echo_ms > 0;
      if (count > 0 || (needs_calls && !calls) || (needs_unary && !unary)) continue;
      report.verdict = Verdict::vacuous;
      report.failed = oracle;
      report.reason = "the " + oracle + " oracle checked nothing";
    }
  }

  const Plan& plan_;
  const RunOptions& options_;
  World world_;
  FaultRunner faults_;
  Ground ground_;
  MembershipOracle membership_;
  DetectionOracle detection_;
  ConvergenceOracle convergence_;
  CallsOracle calls_;
  LedgerOracle ledger_;
  RegistryOracle registry_;
  PhiOracle phi_;
  GossipOracle gossip_;
  ViewsOracle views_;
  DeliveryOracle delivery_;
  ServingOracle serving_;
  IsolationOracle isolation_;
  ReunionOracle reunion_;
  ResourcesOracle resources_;
  std::vector<std::unique_ptr<Oracle>> more_;
  std::optional<TimelineRecorder> timeline_;
};

}  // namespace

Report run(const Plan& plan, const RunOptions& options) { return Simulation(plan, options).run(); }

}  // namespace rpcnet::sim
