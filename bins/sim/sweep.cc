// sim sweep: many seeds, each in a process of its own.
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <thread>

#include "bins/sim/child.h"
#include "bins/sim/commands.h"
#include "bins/sim/progress.h"

namespace rpcnet::bins {
namespace {

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

// One line to the parent: simulated seconds, then the reason.
int one_seed(const Selection& selection, std::uint64_t seed, int descriptor) {
  std::string error;
  const auto plan = selection.plan(seed, error);
  if (!plan) {
    std::fprintf(stderr, "sim: %s\n", error.c_str());
    return kUsage;
  }
  sim::RunOptions options;
  options.fidelity = selection.fidelity();
  const sim::Report report = sim::run(*plan, options);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(report.simulated).count();
  const std::string line = std::to_string(ms) + ' ' + report.reason;
  if (::write(descriptor, line.data(), line.size()) < 0) return kCrash;
  return exit_of(report.verdict);
}

struct Tally {
  std::uint64_t passed = 0;
  std::uint64_t failed = 0;
  std::uint64_t vacuous = 0;
  bool crashed = false;
  bool usage = false;
  double simulated_s = 0;
};

}  // namespace

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
      children.push_back(
          fork_child([&, seed](int descriptor) { return one_seed(selection, seed, descriptor); }));
      seeds.push_back(seed);
      if (seed == last) more = false;
      ++next;
    }
    if (children.empty()) break;
    int status = 0;
    const std::size_t place = wait_any(children, status);
    const std::uint64_t seed = seeds[place];
    const std::string text = std::move(children[place].text);
    children.erase(children.begin() + static_cast<std::ptrdiff_t>(place));
    seeds.erase(seeds.begin() + static_cast<std::ptrdiff_t>(place));
    const auto space = text.find(' ');
    const std::string reason = space == std::string::npos ? "" : text.substr(space + 1);
    std::int64_t ms = 0;
    std::from_chars(text.data(), text.data() + std::min(space, text.size()), ms);
    tally.simulated_s += static_cast<double>(ms) / 1000;
    const int result = WIFEXITED(status) ? WEXITSTATUS(status) : kCrash;
    if (result == kPass) ++tally.passed;
    else if (result == kVacuous) ++tally.vacuous;
    else ++tally.failed;
    tally.crashed = tally.crashed || result == kCrash;
    tally.usage = tally.usage || result == kUsage;
    if (result != kPass) {
      progress.clear();
      std::string why = reason;
      if (result == kCrash) why = "crash: " + describe(status);
      if (result == kVacuous) why = "vacuous: " + reason;
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
  std::printf("sim: sweep passed=%llu failed=%llu vacuous=%llu seeds_per_s=%.1f simulated_s=%.0f\n",
              static_cast<unsigned long long>(tally.passed),
              static_cast<unsigned long long>(tally.failed),
              static_cast<unsigned long long>(tally.vacuous), static_cast<double>(done) / wall,
              tally.simulated_s);
  if (tally.usage) return kUsage;
  if (tally.crashed) return kCrash;
  if (tally.failed > 0) return kOracle;
  return tally.vacuous > 0 ? kVacuous : kPass;
}

}  // namespace rpcnet::bins
