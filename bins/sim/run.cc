// sim run, sim explain, sim list.
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <limits>

#include "bins/sim/child.h"
#include "bins/sim/commands.h"
#include "bins/sim/hang.h"
#include "bins/sim/progress.h"
#include "bins/sim/report_page.h"
#include "bins/sim/scenario_file.h"

namespace rpcnet::bins {
namespace {

double in_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

void print_times(const char* what, std::vector<Duration> times) {
  if (times.empty()) return;
  std::sort(times.begin(), times.end());
  const auto at = [&](std::size_t percent) {
    return in_seconds(times[std::min(times.size() - 1, times.size() * percent / 100)]);
  };
  std::printf("  %-28s median %.3f s, p99 %.3f s, worst %.3f s (%zu deaths)\n", what, at(50),
              at(99), at(100), times.size());
}

void print_story(const sim::Plan& plan, const sim::Report& report) {
  std::printf("%s\nWhat it did:\n", sim::to_text(plan).c_str());
  for (std::size_t i = 0; i < plan.faults.size(); ++i) {
    std::printf("  %10llu effects  %s\n", static_cast<unsigned long long>(report.fault_effects[i]),
                sim::to_text(plan, plan.faults[i]).c_str());
  }
  for (const auto& [oracle, count] : report.checks) {
    std::printf("  %10llu checks   %s\n", static_cast<unsigned long long>(count), oracle.c_str());
  }
  std::printf("How it went:\n");
  print_times("death known to the first", report.detection_first);
  print_times("death known to all", report.detection_last);
  if (report.convergence) {
    std::printf("  %-28s %.1f s after the end of all faults\n", "one view",
                in_seconds(*report.convergence));
  }
  for (const auto& [what, count] : report.counts) {
    std::printf("  %-28s %llu\n", what.c_str(), static_cast<unsigned long long>(count));
  }
  if (report.last_lines.empty()) return;
  std::printf("The last lines of the trace:\n");
  for (const std::string& line : report.last_lines) std::printf("  %s\n", line.c_str());
}

// The hosts that are to be recorded, and their files. A name that no host has: HostIndex's maximum.
std::vector<std::pair<sim::HostIndex, std::string>> recorded(const RunChoice& choice,
                                                             const sim::Plan& plan) {
  std::vector<std::pair<sim::HostIndex, std::string>> found;
  for (const std::string& wish : choice.record) {
    const std::size_t equals = std::min(wish.find('='), wish.size());
    sim::HostIndex host = 0;
    while (host < plan.hosts() && plan.host_name(host) != wish.substr(0, equals)) ++host;
    const bool known = host < plan.hosts() && equals + 1 < wish.size();
    found.emplace_back(known ? host : std::numeric_limits<sim::HostIndex>::max(),
                       known ? wish.substr(equals + 1) : wish);
  }
  return found;
}

void write_recordings(const std::string& file, const std::vector<Bytes>& lives) {
  for (std::size_t life = 0; life < lives.size(); ++life) {
    const std::string name = life == 0 ? file : file + '.' + std::to_string(life + 1);
    std::ofstream out(name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(lives[life].data()),
              static_cast<std::streamsize>(lives[life].size()));
    if (!out.flush()) std::fprintf(stderr, "sim: file \"%s\" cannot be written\n", name.c_str());
  }
}

int simulate(const RunChoice& choice, const sim::Plan& plan, bool story) {
  Progress progress;
  sim::RunOptions options = choice.selection.options();
  options.timeline = !choice.report.empty();
  options.progress = [&](Duration at) {
    progress.show(static_cast<std::uint64_t>(at.count()),
                  static_cast<std::uint64_t>(plan.active.count()),
                  plan.name + " at " + std::to_string(at.count() / 1'000'000'000) + " s");
  };
  for (const auto& [host, file] : recorded(choice, plan)) options.record.push_back(host);
  const double begin = wall_seconds();
  if (!choice.in_process) end_if_it_hangs(options);
  const sim::Report report = sim::run(plan, options);
  const double wall = wall_seconds() - begin;
  progress.clear();
  for (std::size_t i = 0; i < report.recordings.size(); ++i) {
    write_recordings(recorded(choice, plan)[i].second, report.recordings[i]);
  }
  if (story) print_story(plan, report);
  const std::string again = choice.selection.command_line("run", plan.seed);
  if (options.timeline &&
      !write_report_page(choice.report, plan, report, {choice.selection.net, again})) {
    std::fprintf(stderr, "sim: cannot write %s\n", choice.report.c_str());
    return kUsage;
  }
  const bool pass = report.verdict == sim::Verdict::pass;
  if (!pass) {
    std::printf("sim: %s%s\n", report.verdict == sim::Verdict::vacuous ? "vacuous: " : "",
                report.reason.c_str());
    std::printf("sim: reproduce with: %s\n", again.c_str());
  }
  std::printf("%s\n", verdict_line(plan, choice.selection.net, pass, &report, wall).c_str());
  return exit_of(report.verdict);
}

int run_or_explain(const RunChoice& choice, bool story) {
  std::string error;
  const auto plan = choice.selection.plan(error);
  if (!plan) {
    std::fprintf(stderr, "sim: %s\n", error.c_str());
    return kUsage;
  }
  for (const auto& [host, wish] : recorded(choice, *plan)) {
    if (host < plan->hosts()) continue;
    std::fprintf(stderr, "sim: --record wants HOST=FILE with a host such as %s, not '%s'\n",
                 plan->host_name(0).c_str(), wish.c_str());
    return kUsage;
  }
  if (plan->joined && !choice.record.empty()) {
    std::fprintf(stderr, "sim: --record wants a cluster that begins cold: cluster.joined is set\n");
    return kUsage;
  }
  if (!choice.plan_out.empty()) std::ofstream(choice.plan_out) << sim::to_text(*plan);
  if (choice.print_plan) {
    std::printf("%s", sim::to_text(*plan).c_str());
    return kPass;
  }
  if (choice.in_process) return simulate(choice, *plan, story);
  const double begin = wall_seconds();
  Child child = fork_child([&](int) { return simulate(choice, *plan, story); });
  const int status = finish(child);
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  std::printf("sim: crash: %s\n", describe(status).c_str());
  std::printf("sim: reproduce with: %s\n",
              choice.selection.command_line("run", plan->seed).c_str());
  std::printf(
      "%s\n",
      verdict_line(*plan, choice.selection.net, false, nullptr, wall_seconds() - begin).c_str());
  return kCrash;
}

}  // namespace

int run_command(const RunChoice& choice) { return run_or_explain(choice, false); }

int explain_command(const RunChoice& choice) { return run_or_explain(choice, true); }

int list_command() {
  for (const auto& file : named_scenarios()) {
    std::string error;
    const auto scenario = read_scenario(file, error);
    std::printf("%-20s %s\n", file.stem().c_str(),
                scenario ? scenario->about.c_str() : error.c_str());
  }
  return kPass;
}

int exit_of(sim::Verdict verdict) {
  switch (verdict) {
    case sim::Verdict::pass: return kPass;
    case sim::Verdict::oracle: return kOracle;
    case sim::Verdict::vacuous: return kVacuous;
  }
  return kOracle;
}

std::string verdict_line(const sim::Plan& plan, const std::string& net, bool pass,
                         const sim::Report* report, double wall_s) {
  char line[512];
  const sim::Report none;
  const sim::Report& known = report != nullptr ? *report : none;
  std::snprintf(line, sizeof line,
                "sim: verdict=%s scenario=%s seed=%llu net=%s nodes=%zu simulated_s=%.3f "
                "wall_s=%.3f events=%llu trace=%s",
                pass ? "pass" : "FAIL", plan.name.c_str(),
                static_cast<unsigned long long>(plan.seed), net.c_str(), plan.members(),
                in_seconds(known.simulated), wall_s, static_cast<unsigned long long>(known.events),
                report != nullptr ? sim::to_text(known.trace).c_str() : "none");
  return line;
}

}  // namespace rpcnet::bins
