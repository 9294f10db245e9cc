// sim sweep: many seeds, each in a process of its own.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>
#include <thread>

#include "bins/sim/child.h"
#include "bins/sim/commands.h"
#include "bins/sim/progress.h"
#include "bins/sim/trials.h"

namespace rpcnet::bins {
namespace {

struct Tally {
  std::uint64_t passed = 0;
  std::uint64_t failed = 0;
  std::uint64_t vacuous = 0;
  bool crashed = false;
  double simulated_s = 0;
  double member_hours = 0;
  std::int64_t false_deaths = 0;
  std::vector<std::int64_t> converged_ms;
  std::map<sim::FaultKind, int> seeds_with;  // in how many a kind of fault changed something
  std::vector<std::pair<std::string, int>> seeds_that;  // in how many something happened
};

// The interval that a Poisson process with so many events gives its mean, 95 % sure (Wilson and
// Hilferty's cube roots of the chi-square quantiles; off by less than 1 % from two events on).
std::pair<double, double> poisson_interval(std::int64_t events) {
  const auto cube = [](double n, double z) {
    const double root = 1 - 1 / (9 * n) + z / (3 * std::sqrt(n));
    return n * root * root * root;
  };
  const auto k = static_cast<double>(events);
  return {events == 0 ? 0 : cube(k, -1.96), events == 0 ? 3.689 : cube(k + 1, 1.96)};
}

// How well the cluster did, over all seeds. False: worse than what was allowed, for certain.
bool tell_accuracy(const Tally& tally, double allowed) {
  const auto [low, high] = poisson_interval(tally.false_deaths);
  const double hours = std::max(tally.member_hours, 1e-9);
  std::printf(
      "sim: accuracy false_deaths=%lld node_hours=%.2f per_node_hour=%.4f "
      "interval95=%.4f..%.4f\n",
      static_cast<long long>(tally.false_deaths), tally.member_hours,
      static_cast<double>(tally.false_deaths) / hours, low / hours, high / hours);
  if (allowed < 0 || low / hours <= allowed) return true;
  std::printf("sim: accuracy: more than the %.4f false deaths a node-hour that are allowed\n",
              allowed);
  return false;
}

void tell_convergence(Tally& tally) {
  auto& times = tally.converged_ms;
  if (times.empty()) return;
  std::sort(times.begin(), times.end());
  const auto at = [&](std::size_t percent) {
    return static_cast<double>(times[(times.size() - 1) * percent / 100]) / 1000;
  };
  std::printf("sim: one view after the faults: median %.1f s, 99 of 100 %.1f s, latest %.1f s\n",
              at(50), at(99), at(100));
}

void tell_coverage(const Tally& tally) {
  for (const sim::FaultKind kind : sim::kFaultKinds) {
    const auto found = tally.seeds_with.find(kind);
    std::printf("sim: coverage %-12s changed something in %d seeds\n", to_text(kind),
                found == tally.seeds_with.end() ? 0 : found->second);
  }
  for (const auto& [what, seeds] : tally.seeds_that) {
    std::printf("sim: coverage %s in %d seeds\n", what.c_str(), seeds);
  }
}

}  // namespace

double parse_budget(const std::string& text) {
  if (text.empty()) return 0;
  double value = 0;
  const char* const last = text.data() + text.size();
  const auto [end, code] = std::from_chars(text.data(), last, value);
  if (code != std::errc{}) return -1;
  const std::string_view unit(end, static_cast<std::size_t>(last - end));
  if (unit.empty() || unit == "s") return value;
  if (unit == "m") return value * 60;
  if (unit == "h") return value * 3600;
  return -1;
}

bool parse_seeds(const std::string& text, std::uint64_t& first, std::uint64_t& last) {
  const auto dots = text.find("..");
  const auto number = [](std::string_view digits, std::uint64_t& into) {
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), into);
    return !digits.empty() && code == std::errc{} && end == digits.data() + digits.size();
  };
  if (dots == std::string::npos) return number(text, first) && number(text, last);
  return number(std::string_view(text).substr(0, dots), first) &&
         number(std::string_view(text).substr(dots + 2), last) && first <= last;
}

int sweep_command(const SweepChoice& choice) {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  const double budget = parse_budget(choice.time_budget);
  if (!parse_seeds(choice.seeds, first, last) || budget < 0) {
    std::fprintf(stderr, "sim: --seeds wants A..B, --time-budget a length like 90s or 10m\n");
    return kUsage;
  }
  const Selection& selection = choice.selection;
  std::string error;
  if (!selection.plan(first, error)) {
    std::fprintf(stderr, "sim: %s\n", error.c_str());
    return kUsage;
  }
  const unsigned jobs =
      choice.jobs > 0 ? choice.jobs : std::max(1U, std::thread::hardware_concurrency());
  const Trial trial{selection.options(), 0};
  Progress progress;
  Tally tally;
  std::vector<Child> children;
  std::vector<std::uint64_t> seeds;  // of the children
  std::uint64_t next = first;
  bool more = true;
  const double begin = wall_seconds();
  while (more || !children.empty()) {
    if (budget > 0 && wall_seconds() - begin > budget) more = false;
    while (more && children.size() < jobs) {
      const std::uint64_t seed = next;
      const auto plan = selection.plan(seed, error);
      if (!plan) {
        std::fprintf(stderr, "sim: seed %llu: %s\n", static_cast<unsigned long long>(seed),
                     error.c_str());
        return kUsage;
      }
      children.push_back(begin_trial(*plan, trial));
      seeds.push_back(seed);
      if (seed == last) more = false;
      ++next;
    }
    if (children.empty()) break;
    int status = 0;
    const std::size_t place = wait_any(children, status);
    const std::uint64_t seed = seeds[place];
    const RunEnd end = end_of_trial(children[place], status);
    children.erase(children.begin() + static_cast<std::ptrdiff_t>(place));
    seeds.erase(seeds.begin() + static_cast<std::ptrdiff_t>(place));
    tally.simulated_s += std::chrono::duration<double>(end.simulated).count();
    tally.member_hours += std::chrono::duration<double, std::ratio<3600>>(end.simulated).count() *
                          static_cast<double>(end.members);
    tally.false_deaths += end.false_deaths;
    if (end.converged_ms >= 0) tally.converged_ms.push_back(end.converged_ms);
    for (const sim::FaultKind kind : sim::kFaultKinds) {
      if ((end.kinds >> static_cast<unsigned>(kind) & 1) != 0) ++tally.seeds_with[kind];
    }
    for (std::size_t i = 0; i < end.counts.size(); ++i) {
      if (i == tally.seeds_that.size()) tally.seeds_that.emplace_back(end.counts[i].first, 0);
      if (end.counts[i].second) ++tally.seeds_that[i].second;
    }
    const int result = end.status;
    if (result == kPass) ++tally.passed;
    else if (result == kVacuous) ++tally.vacuous;
    else ++tally.failed;
    tally.crashed = tally.crashed || result == kCrash;
    if (result != kPass) {
      progress.clear();
      std::string why = end.reason;
      if (result == kCrash) why = "crash: " + why;
      if (result == kVacuous) why = "vacuous: " + why;
      std::printf("sim: seed %llu: %s\nsim: reproduce with: %s\n",
                  static_cast<unsigned long long>(seed), why.c_str(),
                  selection.command_line("run", seed).c_str());
      std::fflush(stdout);
    }
    const std::uint64_t done = tally.passed + tally.failed + tally.vacuous;
    progress.show(done, last - first + 1,
                  std::to_string(done) + " seeds, " + std::to_string(tally.failed) + " failed, " +
                      std::to_string(tally.vacuous) + " vacuous");
  }
  progress.clear();
  const double wall = std::max(wall_seconds() - begin, 1e-9);
  const std::uint64_t done = tally.passed + tally.failed + tally.vacuous;
  if (choice.coverage) tell_coverage(tally);
  tell_convergence(tally);
  const bool accurate = tell_accuracy(tally, choice.false_deaths_max);
  std::printf("sim: sweep passed=%llu failed=%llu vacuous=%llu seeds_per_s=%.1f simulated_s=%.0f\n",
              static_cast<unsigned long long>(tally.passed),
              static_cast<unsigned long long>(tally.failed),
              static_cast<unsigned long long>(tally.vacuous), static_cast<double>(done) / wall,
              tally.simulated_s);
  if (tally.crashed) return kCrash;
  if (tally.failed > 0 || !accurate) return kOracle;
  return tally.vacuous > 0 ? kVacuous : kPass;
}

}  // namespace rpcnet::bins
