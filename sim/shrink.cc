// Pass after pass over one plan, each with its kind of smaller candidates.
#include "sim/shrink.h"

#include <algorithm>
#include <utility>

#include "sim/plan_edits.h"
#include "sim/settings.h"

namespace rpcnet::sim {
namespace {

using std::chrono::milliseconds;

// A list of more packets than this explains less than the fault that it came from.
constexpr std::size_t kPacketsKept = 16;
// And of a fault that loses more than this nothing short is to be hoped for.
constexpr std::size_t kPacketsTried = 4'000;

std::int64_t in_ms(Duration duration) {
  return std::chrono::duration_cast<milliseconds>(duration).count();
}

// `value` with all but its first `digits` digits zero.
std::int64_t rounded(std::int64_t value, int digits) {
  std::int64_t unit = 1;
  std::int64_t limit = 1;
  for (int i = 0; i < digits; ++i) limit *= 10;
  while (value / unit >= limit || value / unit <= -limit) unit *= 10;
  return value / unit * unit;
}

// Numbers between `simplest` and `value`, the simplest first; all are nearer to it than `value`.
std::vector<std::int64_t> simpler(std::int64_t value, std::int64_t simplest) {
  std::vector<std::int64_t> numbers;
  const auto add = [&](std::int64_t one) {
    const bool between =
        simplest < value ? one >= simplest && one < value : one <= simplest && one > value;
    if (between && std::find(numbers.begin(), numbers.end(), one) == numbers.end()) {
      numbers.push_back(one);
    }
  };
  add(simplest);
  const std::int64_t distance = value - simplest;
  for (const int part : {1, 2, 4, 6, 7}) {
    add(rounded(simplest + distance / 8 * part + distance % 8 * part / 8, 1));
  }
  for (const int digits : {1, 2, 3}) add(rounded(value, digits));
  return numbers;
}

class Shrinker {
 public:
  Shrinker(const Plan& plan, const ShrinkTools& tools) : tools_(tools), best_(plan) {
    give_ids(best_);
  }

  Plan run() {
    for (;;) {
      const Plan before = best_;
      drop_faults();
      drop_hosts();
      shorten();
      move_faults();
      simplify_settings();
      simplify_faults();
      name_packets();
      attempt([](Plan& smaller) {
        for (std::size_t i = 0; i < smaller.faults.size(); ++i) smaller.faults[i].id = i;
      });
      if (best_ == before) break;
    }
    drop_ids(best_);
    return best_;
  }

 private:
  // Takes the first candidate that is smaller and fails, and gives its place.
  std::optional<std::size_t> take(std::vector<Plan>&& candidates) {
    const PlanSize size = size_of(best_);
    std::vector<Plan> smaller;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      mend(candidates[i]);
      const PlanSize one = size_of(candidates[i]);
      if (one.faults > size.faults || one.hosts > size.hosts || one.active > size.active ||
          candidates[i] == best_) {
        continue;
      }
      smaller.push_back(std::move(candidates[i]));
      places.push_back(i);
    }
    if (smaller.empty()) return std::nullopt;
    const auto place = tools_.first_failing(smaller);
    if (!place) return std::nullopt;
    best_ = std::move(smaller[*place]);
    if (tools_.found) tools_.found(best_);
    return places[*place];
  }

  bool attempt(const std::function<void(Plan&)>& edit) {
    std::vector<Plan> candidates{best_};
    edit(candidates[0]);
    return take(std::move(candidates)).has_value();
  }

  // Takes a part of a list of `count()` things away, as large chunks as possible first.
  // `without(plan, first, last)` makes the candidate. Gives up early when more than `pieces_max`
  // chunks all seem to be needed.
  void remove(const std::function<std::size_t()>& count,
              const std::function<void(Plan&, std::size_t, std::size_t)>& without,
              std::size_t pieces_max = SIZE_MAX) {
    for (std::size_t chunk = count(); chunk > 0; chunk /= 2) {
      if (count() / chunk > pieces_max) return;
      for (std::size_t first = 0; first < count();) {
        std::vector<Plan> candidates;
        std::vector<std::size_t> starts;
        for (std::size_t at = first; at < count(); at += chunk) {
          candidates.push_back(best_);
          without(candidates.back(), at, std::min(at + chunk, count()));
          starts.push_back(at);
        }
        const auto place = take(std::move(candidates));
        if (!place) break;
        first = starts[*place];  // all before it is needed
      }
    }
  }

  template <typename T>
  static void erase(std::vector<T>& list, std::size_t first, std::size_t last) {
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(first),
               list.begin() + static_cast<std::ptrdiff_t>(last));
  }

  // Takes simpler numbers as long as there is one that will do.
  void simplify(std::int64_t value, std::int64_t simplest,
                const std::function<void(Plan&, std::int64_t)>& set) {
    for (;;) {
      const std::vector<std::int64_t> numbers = simpler(value, simplest);
      std::vector<Plan> candidates(numbers.size(), best_);
      for (std::size_t i = 0; i < numbers.size(); ++i) set(candidates[i], numbers[i]);
      const auto place = take(std::move(candidates));
      if (!place) return;
      value = numbers[*place];
    }
  }

  // -- the passes

  void drop_faults() {
    remove(
        [&] { return best_.faults.size(); },
        [](Plan& plan, std::size_t first, std::size_t last) { erase(plan.faults, first, last); });
  }

  void drop_hosts() {
    remove([&] { return best_.hosts(); },
           [](Plan& plan, std::size_t first, std::size_t last) {
             Plan smaller = without_hosts(plan, first, last);
             if (smaller.members() > 0) plan = std::move(smaller);
           });
  }

  // The active phase must last as long as the last fault needs to begin.
  void shorten() {
    Duration least = milliseconds(1'000);
    for (const Fault& fault : best_.faults) least = std::max(least, fault.at + least);
    simplify(in_ms(best_.active), in_ms(least),
             [](Plan& plan, std::int64_t ms) { plan.active = milliseconds(ms); });
  }

  static void advance(Fault& fault, Duration by) {
    fault.at -= by;
    if (has_end(fault.kind)) fault.until -= by;
  }

  void move_faults() {
    for (std::size_t i = 0; i < best_.faults.size(); ++i) {
      // This one and all after it come earlier by as much.
      const Duration before = i == 0 ? Duration::zero() : best_.faults[i - 1].at;
      simplify(in_ms(best_.faults[i].at - before), 0, [i, before](Plan& plan, std::int64_t ms) {
        const Duration by = plan.faults[i].at - before - milliseconds(ms);
        for (std::size_t j = i; j < plan.faults.size(); ++j) advance(plan.faults[j], by);
      });
    }
    for (std::size_t i = 0; i < best_.faults.size(); ++i) {
      const Fault& fault = best_.faults[i];
      if (has_end(fault.kind)) {
        simplify(in_ms(fault.until - fault.at), 1, [i](Plan& plan, std::int64_t ms) {
          plan.faults[i].until = plan.faults[i].at + milliseconds(ms);
        });
      }
      // Rounder, this one alone.
      for (const int digits : {1, 2, 3}) {
        const std::int64_t at = in_ms(best_.faults[i].at);
        const Duration by = milliseconds(at - rounded(at, digits));
        if (by == Duration::zero()) break;
        if (i > 0 && best_.faults[i].at - by < best_.faults[i - 1].at) continue;
        if (attempt([i, by](Plan& plan) { advance(plan.faults[i], by); })) break;
      }
    }
  }

  void simplify_settings() {
    for (const Setting& setting : settings()) {
      // These have passes of their own.
      if (setting.key == "active_ms" || setting.key == "directors" || setting.key == "workers" ||
          setting.key == "clients") {
        continue;
      }
      simplify(setting.get(best_), setting.simplest, setting.set);
    }
    attempt([](Plan& plan) { plan.latency.shape = LatencyShape::fixed; });
    remove([&] { return best_.links.size(); },
           [](Plan& plan, std::size_t first, std::size_t last) { erase(plan.links, first, last); });
    remove([&] { return best_.knobs.size(); },
           [](Plan& plan, std::size_t first, std::size_t last) { erase(plan.knobs, first, last); });
    for (std::size_t i = 0; i < best_.knobs.size(); ++i) {
      simplify(best_.knobs[i].second, rounded(best_.knobs[i].second, 1),
               [i](Plan& plan, std::int64_t value) { plan.knobs[i].second = value; });
    }
  }

  void simplify_faults() {
    for (std::size_t i = 0; i < best_.faults.size(); ++i) {
      const FaultKind kind = best_.faults[i].kind;
      if (kind == FaultKind::power_off || kind == FaultKind::leave) {
        attempt([i](Plan& plan) { plan.faults[i].kind = FaultKind::crash; });
      }
      if (is_network(kind) && kind != FaultKind::drop) simplify_network(i);
      else if (!is_network(kind)) remove_some(i, &Fault::hosts);
      for (const auto member : {&Fault::ppm, &Fault::micros, &Fault::spread_micros,
                                &Fault::bytes_per_second, &Fault::queue_bytes, &Fault::bytes}) {
        simplify(best_.faults[i].*member, 0,
                 [i, member](Plan& plan, std::int64_t value) { plan.faults[i].*member = value; });
      }
    }
  }

  // Leaves at least one.
  void remove_some(std::size_t i, std::vector<HostIndex> Fault::* member) {
    remove([&] { return (best_.faults[i].*member).size(); },
           [i, member](Plan& plan, std::size_t first, std::size_t last) {
             auto& hosts = plan.faults[i].*member;
             if (last - first < hosts.size()) erase(hosts, first, last);
           });
  }

  void simplify_network(std::size_t i) {
    attempt([i](Plan& plan) { plan.faults[i].both_ways = false; });
    if (best_.faults[i].kind == FaultKind::partition) {
      for (std::size_t g = 0; g < best_.faults[i].groups.size(); ++g) {
        remove([&, g] { return best_.faults[i].groups[g].size(); },
               [i, g](Plan& plan, std::size_t first, std::size_t last) {
                 auto& group = plan.faults[i].groups[g];
                 if (last - first < group.size()) erase(group, first, last);
               });
      }
      return;
    }
    for (const auto member : {&Fault::from, &Fault::to}) {
      const Plan before = best_;
      auto& hosts = best_.faults[i].*member;
      const bool everybody = hosts.empty();
      for (HostIndex host = 0; everybody && host < best_.hosts(); ++host) hosts.push_back(host);
      remove_some(i, member);
      // "Nearly everybody" is no simpler than everybody.
      const std::size_t left = (best_.faults[i].*member).size();
      if (everybody && 2 * left > best_.hosts()) best_ = before;
    }
  }

  // Which of the lost packets does it take? Kept if they are few.
  void name_packets() {
    for (std::size_t i = 0; i < best_.faults.size(); ++i) {
      const Plan before = best_;
      const Fault fault = best_.faults[i];
      if (fault.kind != FaultKind::drop) {
        if (!is_network(fault.kind)) continue;
        std::vector<PacketName> packets = tools_.losses(best_, i);
        if (packets.empty() || packets.size() > kPacketsTried) continue;
        std::sort(packets.begin(), packets.end());
        const bool same = attempt([&, i](Plan& plan) {
          plan.faults[i] = {.kind = FaultKind::drop,
                            .id = fault.id,
                            .at = fault.at,
                            .until = fault.until,
                            .packets = packets};
        });
        if (!same) continue;
      }
      remove([&] { return best_.faults[i].packets.size(); },
             [i](Plan& plan, std::size_t first, std::size_t last) {
               auto& packets = plan.faults[i].packets;
               if (last - first < packets.size()) erase(packets, first, last);
             },
             4 * kPacketsKept);
      if (before.faults[i].kind != FaultKind::drop &&
          best_.faults[i].packets.size() > kPacketsKept) {
        best_ = before;
      }
    }
  }

  const ShrinkTools& tools_;
  Plan best_;
};

}  // namespace

Plan shrink(const Plan& plan, const ShrinkTools& tools) { return Shrinker(plan, tools).run(); }

}  // namespace rpcnet::sim
