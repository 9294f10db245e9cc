// Taking the freedom out of a scenario.
#include "sim/scenario.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "sim/keyed.h"
#include "sim/swarm.h"

namespace rpcnet::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// Draws by what they are for: (which fault line or 0, the name of the number, which time).
class Drawer {
 public:
  explicit Drawer(std::uint64_t seed) : keyed_(seed) {}

  std::int64_t draw(std::uint64_t line, std::string_view name, const Range& range) const {
    return keyed_.between({Domain::plan, line, hash_name(name), 0}, range.low, range.high);
  }
  std::uint64_t below(std::uint64_t line, std::string_view name, std::uint64_t counter,
                      std::uint64_t bound) const {
    return keyed_.below({Domain::plan, line, hash_name(name), counter}, bound);
  }

 private:
  static std::uint64_t hash_name(std::string_view name) {
    std::uint64_t h = 0;
    for (const char c : name) h = combine(h, static_cast<unsigned char>(c));
    return h;
  }
  Keyed keyed_;
};

// Where the lines of [[links]] begin, among those of faults.
constexpr std::uint64_t kLinkLines = 1'000'000;

class Expander {
 public:
  Expander(const Scenario& scenario, std::uint64_t seed, std::string& error)
      : scenario_(scenario), drawer_(seed), error_(error) {
    plan_.seed = seed;
  }

  std::optional<Plan> run() {
    fill_settings();
    for (std::size_t i = 0; error_.empty() && i < scenario_.faults.size(); ++i) {
      fill_fault(i + 1, scenario_.faults[i]);
    }
    if (error_.empty() && scenario_.swarm_faults) fill_swarm();
    if (!error_.empty()) return std::nullopt;
    for (const Fault& fault : plan_.faults) {
      plan_.active = std::max(plan_.active, fault.at + milliseconds(1'000));
    }
    // In the order of time, so that a printed plan reads as a story.
    std::stable_sort(plan_.faults.begin(), plan_.faults.end(),
                     [](const Fault& x, const Fault& y) { return x.at < y.at; });
    return plan_;
  }

 private:
  template <typename T>
  void take(const char* name, T& into) {
    const auto found = scenario_.numbers.find(name);
    if (found == scenario_.numbers.end()) return;
    used_.push_back(name);
    into = static_cast<T>(drawer_.draw(0, name, found->second));
  }
  template <typename Unit>
  void take_time(const char* name, Duration& into) {
    auto count = std::chrono::duration_cast<Unit>(into).count();
    take(name, count);
    into = Unit(count);
  }

  void fill_settings() {
    plan_.name = scenario_.name;
    take_time<milliseconds>("active_ms", plan_.active);
    take_time<milliseconds>("start_spread_ms", plan_.start_spread);
    take("false_deaths_max", plan_.false_deaths_max);
    take("cluster.directors", plan_.directors);
    take("cluster.workers", plan_.workers);
    take("cluster.clients", plan_.clients);
    take("cluster.zones", plan_.zones);
    take("cluster.clock_offset_ms", plan_.clock_offset_ms);
    take("cluster.clock_drift_ppm", plan_.clock_drift_ppm);
    take_time<microseconds>("network.base_us", plan_.latency.base);
    take_time<microseconds>("network.spread_us", plan_.latency.spread);
    take("network.loss_ppm", plan_.loss_ppm);
    take("network.peer_streams_max", plan_.peer_streams_max);
    take("network.stream_window_bytes", plan_.stream_window_bytes);
    take("network.link_window_bytes", plan_.link_window_bytes);
    take("workload.tokens", plan_.workload.tokens);
    take("workload.token_ms", plan_.workload.token_ms);
    take("workload.token_bytes", plan_.workload.token_bytes);
    take("workload.session_gap_ms", plan_.workload.session_gap_ms);
    take("workload.echo_ms", plan_.workload.echo_ms);
    take("workload.echo_bytes", plan_.workload.echo_bytes);
    take("workload.cancel_ppm", plan_.workload.cancel_ppm);
    take("workload.work_ms", plan_.workload.work_ms);
    take("workload.fail_ppm", plan_.workload.fail_ppm);
    take("workload.talk_ms", plan_.workload.talk_ms);
    take("workload.talk_messages", plan_.workload.talk_messages);
    take("workload.talk_bytes", plan_.workload.talk_bytes);
    take("workload.retag_ms", plan_.workload.retag_ms);
    for (const auto& [name, range] : scenario_.numbers) {
      if (std::find(used_.begin(), used_.end(), name) == used_.end()) {
        error_ = "no such setting: " + name;
      }
    }
    plan_.latency.shape = shape_named(scenario_.latency_shape);
    for (const auto& [name, range] : scenario_.knobs) {
      NodeConfig probe{.id = *NodeId::parse("x")};
      const std::int64_t value = drawer_.draw(0, name, range);
      if (!set_knob(probe, name, value)) error_ = "no such knob: " + name;
      plan_.knobs.emplace_back(name, value);
    }
    if (plan_.members() == 0) error_ = "a cluster needs a director or a worker";
    plan_.zones = std::clamp<std::size_t>(plan_.zones, 1, plan_.hosts());
    for (std::size_t i = 0; i < scenario_.links.size(); ++i) fill_link(i, scenario_.links[i]);
  }

  LatencyShape shape_named(const std::string& shape) {
    if (shape == "fixed") return LatencyShape::fixed;
    if (shape == "uniform") return LatencyShape::uniform;
    if (shape == "exponential") return LatencyShape::exponential;
    if (shape == "tailed") return LatencyShape::tailed;
    error_ = "no such latency: " + shape;
    return {};
  }

  void fill_link(std::size_t index, const LinkTemplate& from) {
    const std::uint64_t line = kLinkLines + index;
    LinkLatency link;
    std::vector<HostIndex> drawn;
    select(line, from.from, drawn, link.from);
    select(line, from.to, drawn, link.to);
    link.latency.shape = shape_named(from.shape);
    for (const auto& [name, range] : from.numbers) {
      const microseconds value(drawer_.draw(line, name, range));
      if (name == "base_us")
        link.latency.base = value;
      else if (name == "spread_us")
        link.latency.spread = value;
      else
        error_ = "a link has no " + name;
    }
    plan_.links.push_back(std::move(link));
  }

  std::vector<HostIndex> all_of(std::string_view role) const {
    std::vector<HostIndex> hosts;
    for (HostIndex host = 0; host < plan_.hosts(); ++host) {
      const bool member = !plan_.is_client(host);
      if (role.empty() || (role == "worker" && plan_.is_worker(host)) ||
          (role == "director" && plan_.is_director(host)) ||
          (role == "client" && plan_.is_client(host)) || (role == "member" && member)) {
        hosts.push_back(host);
      }
    }
    return hosts;
  }

  // `drawn` keeps the hosts of one line apart.
  void select(std::uint64_t line, const std::vector<std::string>& words,
              std::vector<HostIndex>& drawn, std::vector<HostIndex>& into) {
    for (const std::string& word : words) {
      if (const auto host = plan_.host_named(word)) {
        into.push_back(*host);
        drawn.push_back(*host);
        continue;
      }
      const char last = word.empty() ? ' ' : word.back();
      if (last != '?' && last != '*') {
        error_ = "no such host: " + word;
        return;
      }
      std::string_view role = word;
      role.remove_suffix(1);
      if (!role.empty() && role.back() == '-') role.remove_suffix(1);
      std::vector<HostIndex> choice = all_of(role);
      if (last == '*') {
        into.insert(into.end(), choice.begin(), choice.end());
        continue;
      }
      std::erase_if(choice, [&](HostIndex host) {
        return std::find(drawn.begin(), drawn.end(), host) != drawn.end();
      });
      if (choice.empty()) continue;  // fewer hosts than the line wants: it takes what there is
      const HostIndex host = choice[drawer_.below(line, word, drawn.size(), choice.size())];
      into.push_back(host);
      drawn.push_back(host);
    }
  }

  std::optional<std::int64_t> number(std::uint64_t line, const FaultTemplate& from,
                                     const char* name) {
    const auto found = from.numbers.find(name);
    if (found == from.numbers.end()) return std::nullopt;
    return drawer_.draw(line, name, found->second);
  }

  // "worker-0 > worker-1: 3 5"
  void name_packets(std::string_view words, std::vector<PacketName>& into) {
    const auto arrow = words.find(" > ");
    const auto colon = words.find(": ");
    if (arrow != words.npos && colon != words.npos && arrow < colon) {
      const auto from = plan_.host_named(words.substr(0, arrow));
      const auto to = plan_.host_named(words.substr(arrow + 3, colon - arrow - 3));
      const char* at = words.data() + colon + 1;
      const char* const last = words.data() + words.size();
      std::uint64_t nth = 0;
      while (from && to && at != last && *at == ' ') {
        const auto [end, code] = std::from_chars(at + 1, last, nth);
        if (code != std::errc{} || nth == 0) break;
        into.push_back({*from, *to, nth});
        at = end;
      }
      if (from && to && at == last) return;
    }
    error_ = "packets are named as in \"worker-0 > worker-1: 3 5\", not \"" + std::string(words) +
             '"';
  }

  void fill_fault(std::uint64_t line, const FaultTemplate& from) {
    static const std::vector<std::string> kKnown{
        "at_ms",         "until_ms",         "for_ms",      "ppm",   "micros", "every_ms",
        "spread_micros", "bytes_per_second", "queue_bytes", "split", "bytes",  "zone",
        "times",         "id"};
    for (const auto& [name, range] : from.numbers) {
      if (std::find(kKnown.begin(), kKnown.end(), name) == kKnown.end()) {
        error_ = "a fault has no " + name;
      }
    }
    Fault fault;
    fault.at = milliseconds(number(line, from, "at_ms").value_or(0));
    fault.until = plan_.active;
    if (const auto until = number(line, from, "until_ms")) fault.until = milliseconds(*until);
    const auto lasts = number(line, from, "for_ms");
    if (lasts) fault.until = fault.at + milliseconds(*lasts);
    fault.ppm = number(line, from, "ppm").value_or(0);
    fault.micros = number(line, from, "micros").value_or(0);
    fault.spread_micros = number(line, from, "spread_micros").value_or(0);
    fault.bytes_per_second = number(line, from, "bytes_per_second").value_or(0);
    fault.queue_bytes = number(line, from, "queue_bytes").value_or(0);
    fault.bytes = number(line, from, "bytes").value_or(0);
    fault.both_ways = from.both_ways;
    if (const auto id = number(line, from, "id")) fault.id = static_cast<std::uint64_t>(*id);
    for (const std::string& words : from.packets) name_packets(words, fault.packets);
    std::sort(fault.packets.begin(), fault.packets.end());
    std::vector<HostIndex> drawn;
    select(line, from.hosts, drawn, fault.hosts);
    select(line, from.from, drawn, fault.from);
    select(line, from.to, drawn, fault.to);
    for (const auto& words : from.groups) select(line, words, drawn, fault.groups.emplace_back());
    if (const auto parts = number(line, from, "split")) split(line, *parts, fault);

    if (from.kind == "rolling-restart") return roll(line, from, fault);
    if (from.kind == "flapping") return flap(line, from, fault);
    if (from.kind == "ring") return cut_ring(fault);
    if (from.kind == "zone-partition") return part_zone(number(line, from, "zone"), fault);
    const auto kind = parse_fault_kind(from.kind);
    if (!kind) {
      error_ = "no such fault: " + from.kind;
      return;
    }
    fault.kind = *kind;
    if (!has_end(fault.kind)) fault.until = {};
    if (!is_network(fault.kind) && fault.hosts.empty()) error_ = from.kind + " needs hosts";
    if ((fault.kind == FaultKind::drop) == fault.packets.empty()) {
      error_ = from.kind + (fault.packets.empty() ? " needs packets" : " has no packets");
    }
    check_hosts(fault);
    plan_.faults.push_back(fault);
    // A process that ends "for" a while comes back.
    const bool ends = fault.kind == FaultKind::crash || fault.kind == FaultKind::power_off ||
                      fault.kind == FaultKind::leave;
    if (ends && lasts) {
      plan_.faults.push_back({.kind = FaultKind::restart,
                              .at = fault.at + milliseconds(*lasts),
                              .hosts = fault.hosts});
    }
  }

  // Everybody into one of `parts` groups; none is empty.
  void split(std::uint64_t line, std::int64_t parts, Fault& fault) {
    std::vector<HostIndex> order = all_of("");
    for (std::size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[drawer_.below(line, "split", i, i)]);
    }
    fault.groups.resize(static_cast<std::size_t>(std::max<std::int64_t>(parts, 2)));
    for (std::size_t i = 0; i < order.size(); ++i) {
      const std::size_t group =
          i < fault.groups.size() ? i : drawer_.below(line, "group", i, fault.groups.size());
      fault.groups[group].push_back(order[i]);
    }
    for (auto& group : fault.groups) std::sort(group.begin(), group.end());
  }

  // One host after another goes down and comes back; who and how is said by the line.
  void roll(std::uint64_t line, const FaultTemplate& from, const Fault& base) {
    const Duration every = milliseconds(number(line, from, "every_ms").value_or(5000));
    const Duration down = milliseconds(number(line, from, "for_ms").value_or(1000));
    Duration at = base.at;
    for (const HostIndex host : base.hosts) {
      plan_.faults.push_back({.kind = FaultKind::crash, .at = at, .hosts = {host}});
      plan_.faults.push_back({.kind = FaultKind::restart, .at = at + down, .hosts = {host}});
      at += every;
    }
    plan_.active = std::max(plan_.active, at + down);
  }

  // The same cut again and again.
  void flap(std::uint64_t line, const FaultTemplate& from, Fault fault) {
    const Duration every = milliseconds(number(line, from, "every_ms").value_or(5000));
    const Duration down = milliseconds(number(line, from, "for_ms").value_or(1000));
    fault.kind = FaultKind::cut;
    for (std::int64_t i = number(line, from, "times").value_or(5); i > 0; --i) {
      fault.until = fault.at + down;
      plan_.faults.push_back(fault);
      fault.at += every;
    }
    plan_.active = std::max(plan_.active, fault.at);
  }

  // Each of the hosts cannot speak to the next, the last not to the first.
  void cut_ring(const Fault& base) {
    if (base.hosts.size() < 2) error_ = "a ring needs two hosts";
    for (std::size_t i = 0; error_.empty() && i < base.hosts.size(); ++i) {
      plan_.faults.push_back({.kind = FaultKind::cut,
                              .at = base.at,
                              .until = base.until,
                              .from = {base.hosts[i]},
                              .to = {base.hosts[(i + 1) % base.hosts.size()]}});
    }
  }

  // One zone on one side, the others on the other.
  void part_zone(std::optional<std::int64_t> zone, Fault fault) {
    if (plan_.zones < 2) error_ = "zone-partition needs cluster.zones of two or more";
    fault.kind = FaultKind::partition;
    fault.groups.resize(2);
    for (HostIndex host = 0; error_.empty() && host < plan_.hosts(); ++host) {
      const bool inside =
          host % plan_.zones == static_cast<std::size_t>(zone.value_or(0)) % plan_.zones;
      fault.groups[inside ? 0 : 1].push_back(host);
    }
    plan_.faults.push_back(fault);
  }

  // A name that changes, or an address, is nothing that others could be told in advance.
  void check_hosts(const Fault& fault) {
    for (const HostIndex host : fault.hosts) {
      if (fault.kind == FaultKind::replace && !plan_.is_worker(host)) {
        error_ = "replace is for workers: clients know directors by name";
      } else if (fault.kind == FaultKind::rebind && !plan_.is_client(host)) {
        error_ = "rebind is for clients: members are joined at their address";
      }
    }
  }

  void fill_swarm() {
    std::vector<FaultKind> kinds;
    for (const std::string& word : scenario_.swarm_kinds) {
      const auto kind = parse_fault_kind(word);
      if (!kind)
        error_ = "no such fault: " + word;
      else
        kinds.push_back(*kind);
    }
    const auto count = drawer_.draw(0, "swarm", *scenario_.swarm_faults);
    draw_swarm(plan_, static_cast<std::size_t>(std::max<std::int64_t>(count, 0)), kinds);
  }

  const Scenario& scenario_;
  Drawer drawer_;
  std::string& error_;
  std::vector<std::string> used_;
  Plan plan_;
};

}  // namespace

std::optional<Plan> expand(const Scenario& scenario, std::uint64_t seed, std::string& error) {
  error.clear();
  return Expander(scenario, scenario.seed.value_or(seed), error).run();
}

}  // namespace rpcnet::sim
