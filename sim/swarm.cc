// Drawing faults. Every number of fault i is keyed by i: one left out changes no other.
#include "sim/swarm.h"

#include <algorithm>

#include "sim/keyed.h"

namespace rpcnet::sim {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kSwarm = 0x737761726d;  // entity of all draws here: not a fault line's
constexpr std::int64_t kWarmUpMs = 8'000;       // faults of a forming cluster are for scenarios
constexpr Duration kSomeTalk = milliseconds(1'500);  // in which a client says something large

class Swarm {
 public:
  explicit Swarm(Plan& plan) : plan_(plan), keyed_(plan.seed) {}

  // Who is down or paused says nothing that a fault of the network could disturb.
  void finish() {
    const auto mute = [&](HostIndex host, const Fault& fault) {
      return meets(down_, host, fault.at, fault.until) || meets(up_, host, fault.at, fault.until);
    };
    for (Fault& fault : plan_.faults) {
      if (!is_network(fault.kind)) continue;
      for (auto* set : {&fault.from, &fault.to}) {
        if (std::all_of(set->begin(), set->end(), [&](HostIndex h) { return mute(h, fault); })) {
          set->clear();  // everybody
        }
      }
    }
    // Only clients say large things, and not while they hear nobody.
    std::erase_if(plan_.faults, [&](const Fault& fault) {
      return fault.kind == FaultKind::mtu && talking_time(fault) < kSomeTalk;
    });
  }

  // One member is cut off from everybody, and nothing else happens.
  void isolate() {
    const std::int64_t last =
        std::chrono::duration_cast<milliseconds>(plan_.active).count() - 10'000;
    Fault fault{.kind = FaultKind::cut, .at = milliseconds(between("at", kWarmUpMs, last))};
    fault.until = fault.at + milliseconds(between("for", 10'000, 20'000));
    fault.from = {host("host", plan_.members())};
    fault.both_ways = true;
    plan_.active = std::max(plan_.active, fault.until + milliseconds(8'000));
    plan_.faults.push_back(fault);
  }

  // One member is cut off until it is suspected, and heard again while one of those who suspect it
  // does not run.
  void stop_an_observer() {
    const std::int64_t last =
        std::chrono::duration_cast<milliseconds>(plan_.active).count() - 15'000;
    Fault cut{.kind = FaultKind::cut, .at = milliseconds(between("at", kWarmUpMs, last))};
    cut.until = cut.at + milliseconds(between("for", 2'000, 6'000));
    cut.from = {host("host", plan_.members())};
    cut.both_ways = true;
    Fault pause{.kind = FaultKind::pause, .at = cut.until - milliseconds(between("early", 1, 500))};
    pause.until = pause.at + milliseconds(between("stop", 3'000, 15'000));
    const HostIndex other = host("observer", plan_.members() - 1);
    pause.hosts = {other < cut.from[0] ? other : other + 1};
    plan_.active = std::max(plan_.active, pause.until + milliseconds(8'000));
    plan_.faults = {cut, pause};
  }

  void add(std::size_t index, FaultKind kind) {
    index_ = index;
    Fault fault;
    fault.kind = kind;
    const std::int64_t last =
        std::chrono::duration_cast<milliseconds>(plan_.active).count() - 3'000;
    fault.at = milliseconds(between("at", std::min(kWarmUpMs, last), last));
    const Duration lasts = milliseconds(between("for", 2'000, between("long", 3'000, 15'000)));
    if (has_end(kind)) fault.until = std::min(fault.at + lasts, plan_.active);
    if (is_network(kind)) shape_network(fault);
    else shape_host(fault, lasts);
  }

 private:
  std::int64_t between(std::string_view what, std::int64_t low, std::int64_t high) {
    std::uint64_t purpose = index_;
    for (const char c : what) purpose = combine(purpose, static_cast<unsigned char>(c));
    return keyed_.between({Domain::plan, kSwarm, purpose, 0}, low, high);
  }

  // How long of a fault of the network no other keeps everything back.
  Duration talking_time(const Fault& fault) const {
    Duration left = fault.until - fault.at;
    for (const Fault& other : plan_.faults) {
      if (other.kind != FaultKind::cut && other.kind != FaultKind::hold &&
          other.kind != FaultKind::partition && other.kind != FaultKind::pause) {
        continue;
      }
      left -= std::max(Duration::zero(),
                       std::min(fault.until, other.until) - std::max(fault.at, other.at));
    }
    return left;
  }

  bool drawn(FaultKind kind) const {
    return std::any_of(plan_.faults.begin(), plan_.faults.end(),
                       [kind](const Fault& fault) { return fault.kind == kind; });
  }

  HostIndex host(std::string_view what, std::size_t count) {
    return static_cast<HostIndex>(between(what, 0, static_cast<std::int64_t>(count) - 1));
  }

  std::vector<HostIndex> some(std::string_view what) {
    std::vector<HostIndex> hosts;
    const std::int64_t style = between(what, 0, 3);
    if (style == 0) return hosts;  // everybody
    for (HostIndex i = 0; i < plan_.hosts(); ++i) {
      if (between(std::string(what) + std::to_string(i), 0, 3) < style) hosts.push_back(i);
    }
    // Clients may have nothing to say for a while; members always do.
    if (hosts.empty() || plan_.is_client(hosts.front())) {
      hosts.insert(hosts.begin(), host("one", plan_.members()));
    }
    return hosts;
  }

  void shape_network(Fault& fault) {
    fault.both_ways = between("both", 0, 1) == 1;
    switch (fault.kind) {
      case FaultKind::loss: fault.ppm = between("ppm", 50'000, 600'000); break;
      case FaultKind::burst_loss:
        fault.ppm = between("ppm", 100'000, 400'000);
        fault.micros = between("micros", 50'000, 400'000);
        break;
      case FaultKind::duplicate:
      case FaultKind::reorder:
        fault.ppm = between("ppm", 150'000, 600'000);
        fault.micros = between("micros", 500, 120'000);
        break;
      case FaultKind::latency:
        fault.micros = between("micros", 1'000, 250'000);
        fault.spread_micros = between("spread", 0, 120'000);
        break;
      case FaultKind::corrupt:
      case FaultKind::truncate: fault.ppm = between("ppm", 50'000, 400'000); break;
      case FaultKind::mtu:
        // Once: QUIC answers the first by small packets for good, and a second changes nothing.
        if (drawn(FaultKind::mtu)) return;
        fault.bytes = between("bytes", 1'250, 1'400);
        // Who has only small things to say does not notice: it is for all, and some say more.
        plan_.workload.echo_bytes = std::max<std::int64_t>(plan_.workload.echo_bytes, 8'000);
        break;
      case FaultKind::bandwidth:
        fault.bytes_per_second = between("rate", 5'000, 40'000);
        fault.queue_bytes = between("queue", 3'000, 60'000);
        break;
      case FaultKind::hold:
        fault.until = std::min(fault.until, fault.at + milliseconds(8'000));
        break;
      default: break;
    }
    if (fault.kind == FaultKind::partition) {
      fault.both_ways = false;
      fault.groups.resize(static_cast<std::size_t>(between("groups", 2, 3)));
      for (HostIndex i = 0; i < plan_.hosts(); ++i) {
        const auto group = between("group" + std::to_string(i), 0,
                                   static_cast<std::int64_t>(fault.groups.size()) - 1);
        fault.groups[static_cast<std::size_t>(group)].push_back(i);
      }
      std::erase_if(fault.groups, [](const auto& group) { return group.empty(); });
      if (fault.groups.size() < 2) {
        fault.groups = {{0}, {}};
        for (HostIndex i = 1; i < plan_.hosts(); ++i) fault.groups[1].push_back(i);
      }
    } else if (fault.kind != FaultKind::mtu) {
      // One side is everybody: between two drawn sets there may be nothing to disturb.
      (between("side", 0, 1) == 0 ? fault.from : fault.to) = some("set");
    }
    plan_.faults.push_back(fault);
  }

  struct Window {
    HostIndex host = 0;
    Duration from{};
    Duration to{};
  };

  static bool meets(const std::vector<Window>& windows, HostIndex host, Duration from,
                    Duration to) {
    return std::any_of(windows.begin(), windows.end(), [&](const Window& window) {
      return window.host == host && from <= window.to && window.from <= to;
    });
  }

  // Would something that needs the host up, or takes it down, change nothing or undo another?
  bool down(HostIndex host, Duration from, Duration to) const {
    return meets(down_, host, from, to) || meets(up_, host, from, to);
  }

  static bool takes_down(FaultKind kind) {
    switch (kind) {
      case FaultKind::crash:
      case FaultKind::power_off:
      case FaultKind::leave:
      case FaultKind::restart:
      case FaultKind::replace:
      case FaultKind::join: return true;
      default: return false;
    }
  }

  void shape_host(Fault& fault, Duration lasts) {
    if (takes_down(fault.kind)) {
      // The seed of the joiners stays, or there is no cluster to look at; and one worker, or no
      // session could end.
      std::vector<HostIndex> mortal;
      const bool renamed = fault.kind == FaultKind::replace;
      // Without clients nobody needs the seed, and the members have to do without it.
      const HostIndex first = plan_.clients == 0 ? 0 : 1;
      for (HostIndex i = renamed ? static_cast<HostIndex>(plan_.directors) : first;
           i < plan_.members(); ++i) {
        if (i != plan_.directors) mortal.push_back(i);
      }
      if (mortal.empty()) return;
      fault.hosts = {mortal[host("host", mortal.size())]};
      // Who has left is called back by nobody; a seed is, by those that it once let in.
      if (fault.kind == FaultKind::leave && plan_.clients == 0) fault.hosts = {0};
      if (fault.kind == FaultKind::join) {
        // Kept back until then: nothing before can happen to it.
        if (down(fault.hosts[0], Duration::zero(), fault.at + milliseconds(5'000))) return;
        down_.push_back({fault.hosts[0], Duration::zero(), fault.at + milliseconds(5'000)});
        plan_.faults.push_back(fault);
        return;
      }
      const FaultKind returns = renamed ? FaultKind::replace : FaultKind::restart;
      if (renamed || fault.kind == FaultKind::restart) fault.kind = FaultKind::crash;
      const bool stays_dead = !renamed && between("dead", 0, 3) == 0;
      const Duration back = fault.at + lasts;
      // What is down cannot go down again: the fault would change nothing.
      const Duration end = stays_dead ? Duration::max() : back + milliseconds(5'000);
      if (down(fault.hosts[0], fault.at, end)) return;
      down_.push_back({fault.hosts[0], fault.at, end});
      plan_.faults.push_back(fault);
      if (!stays_dead) {
        plan_.faults.push_back({.kind = returns, .at = back, .hosts = fault.hosts});
        plan_.active = std::max(plan_.active, back + milliseconds(1'000));
      }
      return;
    }
    fault.hosts = {host("host", plan_.hosts())};
    if (fault.kind == FaultKind::rebind) {
      if (plan_.clients == 0) return;
      fault.hosts = {static_cast<HostIndex>(plan_.members() + host("host", plan_.clients))};
    }
    const bool clock = fault.kind == FaultKind::clock_jump || fault.kind == FaultKind::clock_drift;
    const Duration end = clock ? fault.at : fault.until;
    if (down(fault.hosts[0], fault.at, end)) return;
    up_.push_back({fault.hosts[0], fault.at, end});
    switch (fault.kind) {
      case FaultKind::slow: fault.micros = between("micros", 20'000, 60'000); break;
      case FaultKind::clock_jump: fault.micros = between("micros", 10'000, 20'000'000); break;
      case FaultKind::clock_drift: fault.ppm = between("ppm", -200'000, 200'000); break;
      default: break;
    }
    plan_.faults.push_back(fault);
  }

  Plan& plan_;
  Keyed keyed_;
  std::size_t index_ = 0;
  std::vector<Window> down_;  // hosts that a fault before has taken down
  std::vector<Window> up_;    // and those that a fault before needs to be up
};

}  // namespace

void draw_swarm(Plan& plan, std::size_t count, const std::vector<FaultKind>& kinds) {
  const Keyed keyed(plan.seed);
  std::vector<FaultKind> choice(kinds);
  if (choice.empty()) choice.assign(kFaultKinds.begin(), kFaultKinds.end());
  // Which packets there will be is not known before the run.
  std::erase(choice, FaultKind::drop);
  // One run in eight has no clients: then the seed of the others may die or leave, too. Who is new
  // could not find them without it; and members alone have nothing large to say.
  if (kinds.empty() && keyed.below({Domain::plan, kSwarm, 0, 4}, 8) == 0) {
    plan.clients = 0;
    for (const FaultKind kind : {FaultKind::join, FaultKind::replace, FaultKind::mtu}) {
      std::erase(choice, kind);
    }
  }
  // The subset: each kind is in by half; at least one is.
  std::vector<FaultKind> subset;
  for (const FaultKind kind : choice) {
    const Key key{Domain::plan, kSwarm, static_cast<std::uint64_t>(kind), 1};
    if (keyed.below(key, 2) == 0) subset.push_back(kind);
  }
  if (subset.empty()) {
    subset.push_back(choice[keyed.below({Domain::plan, kSwarm, 0, 2}, choice.size())]);
  }
  // In one run in four only probes find the dead.
  if (keyed.below({Domain::plan, kSwarm, 0, 5}, 4) == 0) plan.profile = "pure_swim";
  // In every second run workers take on only a few unary calls at once.
  if (const auto few = keyed.below({Domain::plan, kSwarm, 0, 6}, 6); few < 3) {
    plan.workload.running_max = 1 + static_cast<std::int64_t>(few);
  }
  Swarm swarm(plan);
  if (kinds.empty() && keyed.below({Domain::plan, kSwarm, 0, 7}, 12) == 0) return swarm.isolate();
  if (kinds.empty() && keyed.below({Domain::plan, kSwarm, 0, 8}, 12) == 0) {
    return swarm.stop_an_observer();
  }
  for (std::size_t i = 0; i < count; ++i) {
    swarm.add(i, subset[keyed.below({Domain::plan, kSwarm, i, 3}, subset.size())]);
  }
  swarm.finish();
}

}  // namespace rpcnet::sim
