// Looking at each choice, and at what it was based on.
#include "sim/oracles/registry.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "sim/fault_runner.h"

namespace rpcnet::sim {
namespace {

using std::chrono::seconds;

// A view of loads is judged when nothing has disturbed it, or its worker's beginning, for so long.
constexpr Duration kSteady = seconds(12);
// What is drawn for.
constexpr std::uint64_t kChoices = 1;
// What is left of rounding between the level and the deadline that it is reached at.
constexpr std::uint32_t kLevelSlack = 20;

// A worker that is drawn so much more or less than its share is no bad luck: Hoeffding's bound on
// its probability is e^-26, one in 10^11. Nor are choices that another law explains so much better:
// their ratio has the mean 1 under the true law (Ville 1939).
constexpr double kImprobable = 26;

bool matches(const std::vector<std::pair<std::string, std::string>>& filter, const Tags& tags) {
  return std::all_of(filter.begin(), filter.end(), [&](const auto& wanted) {
    const auto tag = tags.find(wanted.first);
    return tag != tags.end() && tag->second == wanted.second;
  });
}

bool is(const MemberView& now, const Member& shown) {
  return now.id == shown.id && now.address == shown.address && now.status == shown.status &&
         now.incarnation == shown.incarnation && now.tags_version == shown.tags_version &&
         now.tags == shown.tags;
}

double weight_of(const WorkerView& view) {
  const auto weight = view.member.tags.find("weight");
  return weight == view.member.tags.end() ? 1 : std::stod(weight->second);
}

constexpr std::array kLaws{RegistryOracle::Law::equal, RegistryOracle::Law::by_weight,
                           RegistryOracle::Law::by_weight_and_load};

const char* to_text(RegistryOracle::Law law) {
  switch (law) {
    case RegistryOracle::Law::equal: return "with equal chances";
    case RegistryOracle::Law::by_weight: return "by weight";
    case RegistryOracle::Law::by_weight_and_load: return "by weight and load";
  }
  return "";
}

RegistryOracle::Law law_of(LoadBalancingStrategy strategy) {
  using Law = RegistryOracle::Law;
  if (strategy == LoadBalancingStrategy::random) return Law::equal;
  return strategy == LoadBalancingStrategy::weighted ? Law::by_weight : Law::by_weight_and_load;
}

// The probability of `one`, if the law holds. Where all weights are 0 all chances are equal.
double chance(RegistryOracle::Law law, const std::vector<const WorkerView*>& candidates,
              const WorkerView& one) {
  const auto part_of = [law](const WorkerView& view) {
    switch (law) {
      case RegistryOracle::Law::equal: return 1.0;
      case RegistryOracle::Law::by_weight: return weight_of(view);
      case RegistryOracle::Law::by_weight_and_load: return weight_of(view) / (view.load() + 1.0);
    }
    return 0.0;
  };
  double total = 0;
  for (const auto* view : candidates) total += part_of(*view);
  return total > 0 ? part_of(one) / total : 1.0 / static_cast<double>(candidates.size());
}

// Of what came from what was to be expected, after Kullback and Leibler; Hoeffding 1963, theorem 1,
// holds for draws of different chances, too.
double divergence(const RegistryOracle::Luck& luck) {
  const auto term = [](double is, double expected) {
    return is > 0 ? is * std::log(is / expected) : 0;
  };
  const double expected = luck.hoped / luck.times;
  const double came = static_cast<double>(luck.came) / luck.times;
  return expected <= 0 || expected >= 1 ? 0 : term(came, expected) + term(1 - came, 1 - expected);
}

// Nobody is chosen on the side of a partition without a quorum, if the policy says so.
bool refuses(const Node& node) {
  return node.partition() && !node.partition()->quorum &&
         node.config().swim.partition.policy == PartitionPolicy::keep_majority;
}

}  // namespace

RegistryOracle::RegistryOracle(const Ground& ground, const LedgerOracle& ledger)
    : Oracle(ground),
      ledger_(ledger),
      registries_(plan().hosts()),
      assigned_(plan().hosts()),
      asked_(plan().hosts()) {}

void RegistryOracle::on_started(HostIndex host) {
  registries_[host].clear();
  assigned_[host].clear();
  asked_[host].clear();
}

void RegistryOracle::on_command(HostIndex host, const Command& command) {
  if (const auto* open = std::get_if<OpenRegistry>(&command)) {
    registries_[host].try_emplace(open->registry, Registry{*open, std::nullopt});
  }
  const auto* select = std::get_if<SelectWorker>(&command);
  if (select == nullptr) return;
  Asked asked{*select, draws(host), {}};
  if (asked.judged) {
    asked.views = world().host(host).node->workers(select->registry, world().local_now(host));
    if (!look(host, asked)) return;
    std::erase_if(asked.views, [&](const WorkerView& view) {
      return !matches(asked.request.filter.equal, view.member.tags);
    });
  }
  asked_[host].push_back(std::move(asked));
}

// One of so many that a choice among thousands is looked at as long as one of a few.
bool RegistryOracle::draws(HostIndex host) {
  constexpr std::size_t kAll = 16;  // workers, of whom every choice is judged
  const std::uint64_t share = 1 + plan().workers / kAll;
  return world().keyed().below({Domain::probe, host, kChoices, asks_++}, share) == 0;
}

// What the view shows must be what the node's members are, now. False: it is not.
bool RegistryOracle::look(HostIndex host, const Asked& asked) {
  const Node& node = *world().host(host).node;
  const auto& filter = registries_[host][asked.request.registry].opened.filter.equal;
  std::size_t workers = 0;
  std::optional<NodeId> stale;
  node.for_each_member([&](const MemberView& member) {
    if (!matches(filter, member.tags)) return;
    const std::size_t at = workers++;
    if (at < asked.views.size() && !is(member, asked.views[at].member)) stale = member.id;
  });
  if (refuses(node)) workers = 0;
  if (!check(workers == asked.views.size())) {
    fail(host, "has a registry that lacks workers");
    return false;
  }
  if (!check(refuses(node) || !stale)) {
    fail(host, "has a stale view of " + stale->text());
    return false;
  }
  const Instant now = world().local_now(host);
  const Duration ttl = world().host(host).setup.config.registry.assignment_ttl;
  for (const WorkerView& view : asked.views) {
    const std::uint32_t level = world().host(host).setup.config.phi.avoid_at_milli;
    const bool suspect = view.member.status == MemberStatus::suspect || view.degraded;
    const bool never = level == 0;
    const bool sure = suspect || (!never && view.phi_milli >= level + kLevelSlack);
    const bool not_at_all = !suspect && (never || view.phi_milli + kLevelSlack < level);
    if (!check(!(sure && !view.avoid) && !(not_at_all && view.avoid))) {
      fail(host, (view.avoid ? "avoids " : "does not avoid ") + view.member.id.text() +
                     " at a level of " + std::to_string(view.phi_milli));
      return false;
    }
    auto& times = assigned_[host][view.member.id];
    while (!times.empty() && times.front() + ttl <= now) times.pop_front();
    // A choice that was made and not told yet counts, too.
    if (!check(view.assignments <= times.size() + asked_[host].size())) {
      fail(host, "counts " + std::to_string(view.assignments) + " assignments to " +
                     view.member.id.text() + "; it made " + std::to_string(times.size()));
      return false;
    }
  }
  return true;
}

void RegistryOracle::on_event(HostIndex host, const Event& event) {
  const auto* selected = std::get_if<WorkerSelected>(&event);
  if (selected == nullptr) return;
  auto& waiting = asked_[host];
  if (!check(!waiting.empty() && waiting.front().request.request == selected->request)) {
    return fail(host, "chose without being asked");
  }
  const Asked asked = std::move(waiting.front());
  waiting.pop_front();
  ++choices_;
  const bool refused = refuses(*world().host(host).node);
  if (!check(selected->no_quorum == refused)) {
    return fail(host, refused ? "chooses without a quorum" : "refuses to choose without a reason");
  }
  if (asked.judged) judge(host, asked, selected->worker);
  if (selected->worker) note(host, asked, selected->worker->id);
}

void RegistryOracle::judge(HostIndex host, const Asked& asked,
                           const std::optional<Member>& chosen) {
  const auto tier = [&](const WorkerView& view) {
    const auto& excluded = asked.request.excluded;
    const bool out = std::find(excluded.begin(), excluded.end(), view.member.id) != excluded.end();
    return (out ? 2 : 0) + (view.avoid ? 1 : 0);
  };
  int best = 4;
  for (const WorkerView& view : asked.views) best = std::min(best, tier(view));
  Registry& registry = registries_[host][asked.request.registry];
  Candidates candidates;
  for (const WorkerView& view : asked.views) {
    if (tier(view) == best) candidates.push_back(&view);
  }
  candidates = near_by(registry.opened, candidates);
  if (!check(chosen.has_value() == !candidates.empty())) {
    return fail(host, chosen ? "chose " + chosen->id.text() + ", who does not match"
                             : "chose nobody though it knows a live worker");
  }
  if (!chosen) return;
  const auto found = std::find_if(candidates.begin(), candidates.end(),
                                  [&](const auto* view) { return view->member == *chosen; });
  if (!check(found != candidates.end())) {
    return fail(host, "chose " + chosen->id.text() + " though a better one is there");
  }
  switch (registry.opened.strategy) {
    case LoadBalancingStrategy::least_connections: {
      const auto least =
          std::min_element(candidates.begin(), candidates.end(),
                           [](const auto* x, const auto* y) { return x->load() < y->load(); });
      if (!check((*found)->load() == (*least)->load())) {
        fail(host, "chose " + chosen->id.text() + " with a load of " +
                       std::to_string((*found)->load()) + "; the least is " +
                       std::to_string((*least)->load()));
      }
      break;
    }
    case LoadBalancingStrategy::round_robin: {
      const auto next = std::find_if(candidates.begin(), candidates.end(), [&](const auto* view) {
        return registry.last && *registry.last < view->member.id;
      });
      const auto* turn = next == candidates.end() ? candidates.front() : *next;
      if (!check(turn->member.id == chosen->id)) {
        fail(host, "chose " + chosen->id.text() + "; it was the turn of " + turn->member.id.text());
      }
      break;
    }
    case LoadBalancingStrategy::random:
    case LoadBalancingStrategy::weighted:
    case LoadBalancingStrategy::weighted_by_load:
      judge_chance(host, registry.opened.strategy, candidates, **found);
      break;
    case LoadBalancingStrategy::power_of_two: {
      const bool somebody = std::any_of(candidates.begin(), candidates.end(), [&](const auto* v) {
        return v != *found && v->load() >= (*found)->load();
      });
      if (!check(somebody || candidates.size() == 1)) {
        fail(host, "chose " + chosen->id.text() + ", the most loaded, of two");
      }
      break;
    }
    case LoadBalancingStrategy::consistent_hash:
      judge_owner(host, registry, asked.request.key, candidates, chosen->id);
      break;
  }
}

void RegistryOracle::judge_chance(HostIndex host, LoadBalancingStrategy strategy,
                                  const Candidates& candidates, const WorkerView& chosen) {
  const Law own = law_of(strategy);
  const double fair = chance(own, candidates, chosen);
  if (!check(fair > 0)) {
    return fail(host, "chose " + chosen.member.id.text() + ", whose weight is 0");
  }
  const auto count = [&](std::string who, const WorkerView* view) {
    Luck& luck = luck_[{strategy, std::move(who)}];
    luck.hoped += chance(own, candidates, *view);
    luck.times += 1;
    luck.came += view->member.id == chosen.member.id ? 1 : 0;
  };
  for (const auto* view : candidates) count(view->member.id.text(), view);
  count("the first in order", candidates.front());
  count("the last in order", candidates.back());
  for (const Law law : kLaws) {
    if (law == own) continue;
    double& rival = rivals_[{strategy, law}];
    rival += std::log(chance(law, candidates, chosen) / fair);
    if (check(rival <= kImprobable)) continue;
    return fail(host, "chooses " + std::string(to_text(law)) + ", not " + to_text(own));
  }
}

// The choice counts, and the next one may depend on it.
void RegistryOracle::note(HostIndex host, const Asked& asked, const NodeId& chosen) {
  registries_[host][asked.request.registry].last = chosen;
  const Instant now = world().local_now(host);
  auto& times = assigned_[host][chosen];
  const Duration ttl = world().host(host).setup.config.registry.assignment_ttl;
  while (!times.empty() && times.front() + ttl <= now) times.pop_front();
  times.push_back(now);
  if (!asked.judged) return;
  for (const WorkerView& view : world().host(host).node->workers(asked.request.registry, now)) {
    if (view.member.id == chosen && !check(view.assignments > 0)) {
      fail(host, "does not count the choice of " + chosen.text());
    }
  }
}

// Those of the preferred zone, while they have room.
RegistryOracle::Candidates RegistryOracle::near_by(const OpenRegistry& opened,
                                                   const Candidates& candidates) {
  if (opened.zone.empty()) return candidates;
  Candidates near;
  double here = 0;
  double there = 0;
  for (const auto* view : candidates) {
    const auto zone = view->member.tags.find("zone");
    const bool is_near = zone != view->member.tags.end() && zone->second == opened.zone;
    if (is_near) near.push_back(view);
    (is_near ? here : there) += view->load();
  }
  const std::size_t far = candidates.size() - near.size();
  if (near.empty() || far == 0) return candidates;
  const double mean = here / static_cast<double>(near.size());
  const bool full = opened.zone_spill > 0 && mean >= opened.zone_spill;
  return full && mean > there / static_cast<double>(far) ? candidates : near;
}

void RegistryOracle::judge_owner(HostIndex host, Registry& registry, const std::string& key,
                                 const Candidates& candidates, const NodeId& chosen) {
  std::set<NodeId> among;
  for (const auto* view : candidates) among.insert(view->member.id);
  const auto [owner, first] = registry.owners.try_emplace(key, Owner{chosen, among});
  if (first) return;
  const Owner before = std::exchange(owner->second, Owner{chosen, std::move(among)});
  const bool moved = before.worker != chosen;
  const bool gone = !owner->second.among.contains(before.worker);
  if (!check(!moved || gone || !before.among.contains(chosen))) {
    fail(host, "moved the key " + key + " from " + before.worker.text() + ", who is there, to " +
                   chosen.text() + ", who was there");
  }
}

// What a worker's reports say of its load was true within the last reports.
void RegistryOracle::on_tick() {
  const Moment now = world().now();
  if (now - Moment{} < kSteady || faults().disturbed_since(now - kSteady)) return;
  for (HostIndex i = 0; i < plan().directors; ++i) {
    const Host& host = world().host(i);
    if (!host.running() || now - host.started < kSteady || registries_[i].empty()) continue;
    if (host.setup.config.swim.heartbeat_interval > seconds(1)) return;
    const auto number = registries_[i].begin()->first;
    for (const WorkerView& view : host.node->workers(number, world().local_now(i))) {
      const auto worker = world().index_of(view.member.id);
      if (!worker || !world().host(*worker).running() || faults().has_left(*worker) ||
          now - world().host(*worker).started < kSteady ||
          world().host(*worker).setup.config.id != view.member.id) {
        continue;
      }
      const auto load = ledger_.load(*worker);
      if (check(view.active_calls >= load.least && view.active_calls <= load.most)) continue;
      return fail(i, "believes that " + view.member.id.text() + " serves " +
                         std::to_string(view.active_calls) + " calls; lately it served " +
                         std::to_string(load.least) + " to " + std::to_string(load.most));
    }
  }
}

Duration RegistryOracle::patience() const {
  return std::max(bounds().convergence, bounds().quiet) + seconds(10);
}

std::string RegistryOracle::difference() {
  std::size_t workers = 0;
  for (HostIndex i = 0; i < plan().members(); ++i) {
    workers += plan().is_worker(i) && world().host(i).running() && !faults().has_left(i) ? 1 : 0;
  }
  for (HostIndex i = 0; i < plan().directors; ++i) {
    const Host& host = world().host(i);
    if (!host.running() || faults().has_left(i)) continue;
    for (const auto& [number, registry] : registries_[i]) {
      const auto views = host.node->workers(number, world().local_now(i));
      if (views.size() != workers) {
        return name_of(i) + " has a registry of " + std::to_string(views.size()) + " workers of " +
               std::to_string(workers);
      }
      for (const WorkerView& view : views) {
        if (view.active_calls == 0 && view.assignments == 0 && (!view.avoid || view.degraded))
          continue;
        return name_of(i) + " believes at rest that " + view.member.id.text() + " has " +
               std::to_string(view.active_calls) + " calls and " +
               std::to_string(view.assignments) + " assignments" +
               (view.avoid ? ", and avoids it" : "");
      }
    }
  }
  return {};
}

bool RegistryOracle::settled() {
  missing_ = difference();
  return check(missing_.empty());
}

void RegistryOracle::on_end() {
  for (const auto& [who, luck] : luck_) {
    if (check(luck.times * divergence(luck) <= kImprobable)) continue;
    fail(std::nullopt, who.second + " was chosen at random " + std::to_string(luck.came) +
                           " times of " + std::to_string(std::llround(luck.times)) + "; about " +
                           std::to_string(std::llround(luck.hoped)) + " are to be expected");
  }
}

}  // namespace rpcnet::sim
