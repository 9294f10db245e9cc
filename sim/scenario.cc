// Taking the freedom out of a scenario.
#include "sim/scenario.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "engine/config_bounds.h"
#include "engine/profiles.h"
#include "sim/keyed.h"
#include "sim/settings.h"
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

struct FaultNumber {
  std::string_view name;
  std::int64_t lowest;
  std::int64_t highest;
};

constexpr std::int64_t kYearMs = std::int64_t{366} * 86'400'000;
constexpr Duration kYear = milliseconds(kYearMs);
constexpr Duration kAfterwards = milliseconds(1'000);  // that a plan lasts beyond its last fault
constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr std::int64_t kKnobMax = std::int64_t{1} << 40;
constexpr std::int64_t kDriftMax = 500'000;  // of a million: half speed

constexpr std::array kFaultNumbers{
    FaultNumber{"at_ms", 0, kYearMs},
    FaultNumber{"until_ms", 0, kYearMs},
    FaultNumber{"for_ms", 0, kYearMs},
    FaultNumber{"every_ms", 1, kYearMs},
    FaultNumber{"ppm", 0, 1'000'000},
    FaultNumber{"micros", 0, 24 * kHourUs},
    FaultNumber{"spread_micros", 0, 24 * kHourUs},
    FaultNumber{"bytes_per_second", 1, std::int64_t{1} << 40},
    FaultNumber{"queue_bytes", 0, std::int64_t{1} << 40},
    FaultNumber{"split", 2, 1000},
    FaultNumber{"bytes", 0, 65'536},
    FaultNumber{"zone", 0, 1'000'000},
    FaultNumber{"times", 1, 1'000'000},
    FaultNumber{"id", 0, std::int64_t{1} << 32},
};

class Expander {
 public:
  Expander(const Scenario& scenario, std::uint64_t seed, Problem& problem)
      : scenario_(scenario), drawer_(seed), problem_(problem) {
    plan_.seed = seed;
  }

  std::optional<Plan> run() {
    fill_settings();
    for (std::size_t i = 0; problem_.what.empty() && i < scenario_.faults.size(); ++i) {
      const std::size_t before = plan_.faults.size();
      fill_fault(i + 1, scenario_.faults[i]);
      check_year(scenario_.faults[i], before);
    }
    if (problem_.what.empty() && scenario_.swarm_faults) fill_swarm();
    if (!problem_.what.empty()) return std::nullopt;
    for (const Fault& fault : plan_.faults) {
      plan_.active = std::max(plan_.active, fault.at + kAfterwards);
    }
    // In the order of time, so that a printed plan reads as a story.
    std::stable_sort(plan_.faults.begin(), plan_.faults.end(),
                     [](const Fault& x, const Fault& y) { return x.at < y.at; });
    return plan_;
  }

 private:
  void fail(int line, std::string what) {
    if (problem_.what.empty()) problem_ = {line, std::move(what)};
  }

  // One draw from a range that must lie within [lowest, highest].
  std::int64_t draw(std::uint64_t line, std::string_view name, const Range& range,
                    std::int64_t lowest, std::int64_t highest) {
    const auto text = [](std::int64_t value) { return std::to_string(value); };
    if (range.low > range.high) {
      fail(range.line, std::string(name) + ": [lowest, highest] is expected, not [" +
                           text(range.low) + ", " + text(range.high) + "]");
    } else if (range.low < lowest || range.high > highest) {
      fail(range.line, std::string(name) + ": a number from " + text(lowest) + " to " +
                           text(highest) + " is expected, not " +
                           text(range.low < lowest ? range.low : range.high));
    }
    // What is refused is not reckoned with, not even until the refusal is told.
    if (!problem_.what.empty()) return lowest;
    return drawer_.draw(line, name, range);
  }

  void fill_settings() {
    plan_.name = scenario_.name;
    for (const auto& [name, range] : scenario_.numbers) {
      const auto known = settings();
      const auto setting = std::find_if(known.begin(), known.end(),
                                        [&](const Setting& one) { return one.is_named(name); });
      if (setting == known.end()) {
        fail(range.line, "no such setting: " + name);
        continue;
      }
      setting->set(plan_, draw(0, name, range, setting->lowest, setting->highest));
    }
    line_ = scenario_.latency_line;
    plan_.latency.shape = shape_named(scenario_.latency_shape);
    NodeConfig probe{.id = *NodeId::parse("x")};
    plan_.profile = scenario_.profile;
    if (!set_profile(probe, plan_.profile)) {
      fail(scenario_.profile_line,
           "no such profile: " + plan_.profile + "; there are " + profiles());
    }
    for (const auto& [name, range] : scenario_.knobs) {
      const std::int64_t value = draw(0, name, range, 0, kKnobMax);
      if (!set_knob(probe, name, value)) fail(range.line, "no such knob: " + name);
      plan_.knobs.emplace_back(name, value);
    }
    if (const auto fault = fault_of(probe)) fail(0, "[knobs]: " + *fault);
    if (plan_.members() == 0) fail(0, "a cluster needs a director or a worker");
    plan_.zones = std::clamp<std::size_t>(plan_.zones, 1, plan_.hosts());
    for (std::size_t i = 0; i < scenario_.links.size(); ++i) fill_link(i, scenario_.links[i]);
  }

  static std::string profiles() {
    std::string names;
    for (const std::string_view name : profile_names()) {
      names += (names.empty() ? "" : ", ") + std::string(name);
    }
    return names;
  }

  LatencyShape shape_named(const std::string& shape) {
    if (shape == "fixed") return LatencyShape::fixed;
    if (shape == "uniform") return LatencyShape::uniform;
    if (shape == "exponential") return LatencyShape::exponential;
    if (shape == "tailed") return LatencyShape::tailed;
    fail(line_, "fixed, uniform, exponential or tailed is expected, not " + shape);
    return {};
  }

  void fill_link(std::size_t index, const LinkTemplate& from) {
    const std::uint64_t line = kLinkLines + index;
    line_ = from.line;
    LinkLatency link;
    std::vector<HostIndex> drawn;
    select(line, from.from, drawn, link.from);
    select(line, from.to, drawn, link.to);
    link.latency.shape = shape_named(from.shape);
    for (const auto& [name, range] : from.numbers) {
      const microseconds value(draw(line, name, range, 0, kHourUs));
      if (name == "base_us") link.latency.base = value;
      else if (name == "spread_us") link.latency.spread = value;
      else fail(range.line, "a link has no " + name);
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

  std::string population() const {
    return std::to_string(plan_.directors) + " directors, " + std::to_string(plan_.workers) +
           " workers and " + std::to_string(plan_.clients) + " clients, from director-0 on";
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
        return fail(line_, "no such host: " + word + "; there are " + population());
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
    const bool drift = from.kind == to_text(FaultKind::clock_drift);
    for (const FaultNumber& known : kFaultNumbers) {
      if (known.name != name) continue;
      const std::int64_t lowest = drift && known.name == "ppm" ? -kDriftMax : known.lowest;
      return draw(line, name, found->second, lowest, known.highest);
    }
    return std::nullopt;
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
    fail(line_,
         "packets are named as in \"worker-0 > worker-1: 3 5\", not \"" + std::string(words) + '"');
  }

  void fill_fault(std::uint64_t line, const FaultTemplate& from) {
    line_ = from.line;
    for (const auto& [name, range] : from.numbers) {
      if (std::none_of(kFaultNumbers.begin(), kFaultNumbers.end(),
                       [&](const FaultNumber& known) { return known.name == name; })) {
        fail(range.line, "a fault has no " + name);
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
    if (from.kind == "ring" || from.kind == "zone-partition") check_span(from, fault);
    if (from.kind == "ring") return cut_ring(fault);
    if (from.kind == "zone-partition") return part_zone(number(line, from, "zone"), fault);
    const auto kind = parse_fault_kind(from.kind);
    if (!kind) {
      return fail(line_, "no such fault: " + from.kind);
    }
    fault.kind = *kind;
    if (!has_end(fault.kind)) fault.until = {};
    if (!is_network(fault.kind) && fault.hosts.empty()) fail(line_, from.kind + " needs hosts");
    if (has_end(fault.kind)) check_span(from, fault);
    if ((fault.kind == FaultKind::drop) == fault.packets.empty()) {
      fail(line_, from.kind + (fault.packets.empty() ? " needs packets" : " has no packets"));
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
      if (at > kYear) break;  // refused below, and no later time can be reckoned with
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
      if (fault.at > kYear) break;  // refused below
      fault.until = fault.at + down;
      plan_.faults.push_back(fault);
      fault.at += every;
    }
    plan_.active = std::max(plan_.active, fault.at);
  }

  // All that a line stands for, the faults from `first` on, is over within what a plan can last.
  void check_year(const FaultTemplate& from, std::size_t first) {
    Duration last = plan_.active;
    for (std::size_t i = first; i < plan_.faults.size(); ++i) {
      last = std::max({last, plan_.faults[i].at + kAfterwards, plan_.faults[i].until});
    }
    if (last <= kYear) return;
    fail(from.line, from.kind + " is not over within the year that a plan can last");
  }

  void check_span(const FaultTemplate& from, const Fault& fault) {
    if (fault.until >= fault.at) return;
    fail(line_, from.kind + " ends before it begins: until_ms must not be below at_ms");
  }

  // Each of the hosts cannot speak to the next, the last not to the first.
  void cut_ring(const Fault& base) {
    if (base.hosts.size() < 2) fail(line_, "a ring needs two hosts");
    for (std::size_t i = 0; problem_.what.empty() && i < base.hosts.size(); ++i) {
      plan_.faults.push_back({.kind = FaultKind::cut,
                              .at = base.at,
                              .until = base.until,
                              .from = {base.hosts[i]},
                              .to = {base.hosts[(i + 1) % base.hosts.size()]}});
    }
  }

  // One zone on one side, the others on the other.
  void part_zone(std::optional<std::int64_t> zone, Fault fault) {
    if (plan_.zones < 2) fail(line_, "zone-partition needs cluster.zones of two or more");
    fault.kind = FaultKind::partition;
    fault.groups.resize(2);
    for (HostIndex host = 0; problem_.what.empty() && host < plan_.hosts(); ++host) {
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
        fail(line_, "replace is for workers: clients know directors by name");
      } else if (fault.kind == FaultKind::rebind && !plan_.is_client(host)) {
        fail(line_, "rebind is for clients: members are joined at their address");
      }
    }
  }

  void fill_swarm() {
    std::vector<FaultKind> kinds;
    for (const std::string& word : scenario_.swarm_kinds) {
      const auto kind = parse_fault_kind(word);
      if (!kind) fail(scenario_.swarm_faults->line, "no such fault: " + word);
      else kinds.push_back(*kind);
    }
    const auto count = drawer_.draw(0, "swarm", *scenario_.swarm_faults);
    draw_swarm(plan_, static_cast<std::size_t>(std::max<std::int64_t>(count, 0)), kinds);
  }

  const Scenario& scenario_;
  Drawer drawer_;
  Problem& problem_;
  int line_ = 0;  // of the fault being read
  Plan plan_;
};

}  // namespace

std::optional<Plan> expand(const Scenario& scenario, std::uint64_t seed, Problem& problem) {
  problem = {};
  return Expander(scenario, scenario.seed.value_or(seed), problem).run();
}

std::optional<Problem> find_freedom(const Scenario& scenario) {
  const auto range = [](const auto& numbers) -> std::optional<Problem> {
    for (const auto& [name, one] : numbers) {
      if (one.low != one.high) return Problem{one.line, name + ": a plan has one number here"};
    }
    return std::nullopt;
  };
  if (const auto found = range(scenario.numbers)) return found;
  if (const auto found = range(scenario.knobs)) return found;
  if (scenario.swarm_faults) {
    return Problem{scenario.swarm_faults->line, "a plan names its faults: no [swarm]"};
  }
  for (const FaultTemplate& fault : scenario.faults) {
    if (const auto found = range(fault.numbers)) return found;
    std::vector<std::string> words(fault.hosts);
    words.insert(words.end(), fault.from.begin(), fault.from.end());
    words.insert(words.end(), fault.to.begin(), fault.to.end());
    for (const auto& group : fault.groups) words.insert(words.end(), group.begin(), group.end());
    for (const std::string& word : words) {
      if (word.ends_with('?')) return Problem{fault.line, "a plan names its hosts, not " + word};
    }
    if (fault.numbers.contains("split")) return Problem{fault.line, "a plan names its groups"};
  }
  return std::nullopt;
}

}  // namespace rpcnet::sim
