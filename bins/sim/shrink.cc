// sim shrink: from a failing run to the smallest plan that fails in the same way.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "bins/sim/commands.h"
#include "bins/sim/progress.h"
#include "bins/sim/report_page.h"
#include "bins/sim/trials.h"
#include "sim/plan_edits.h"
#include "sim/shrink.h"

namespace rpcnet::bins {
namespace {

std::string size_text(const sim::Plan& plan) {
  const sim::PlanSize size = sim::size_of(plan);
  const auto several = [](std::size_t count, const char* what) {
    return std::to_string(count) + ' ' + what + (count == 1 ? ", " : "s, ");
  };
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(size.active).count();
  return several(size.faults, "fault") + several(size.hosts, "host") + std::to_string(ms) + " ms";
}

// Runs candidates and remembers which of them did not fail: the search asks again and again.
class Laboratory {
 public:
  Laboratory(const RunEnd& failure, const Trial& trial, unsigned jobs, double budget_s)
      : failure_(failure), trial_(trial), jobs_(jobs), until_(wall_seconds() + budget_s) {}

  sim::ShrinkTools tools() {
    return {[this](const std::vector<sim::Plan>& plans) { return first_failing(plans); },
            [this](const sim::Plan& plan, std::size_t fault) { return losses(plan, fault); },
            [this](const sim::Plan& plan) { best_ = size_text(plan); }};
  }

  std::uint64_t tried() const { return tried_; }
  bool spent() const { return wall_seconds() > until_; }
  void clear() { progress_.clear(); }

 private:
  std::vector<sim::PacketName> losses(const sim::Plan& plan, std::size_t fault) const {
    if (spent()) return {};
    Trial trial = trial_;
    trial.options.losses_of = fault;
    return run_apart(plan, trial).losses;
  }

  std::optional<std::size_t> first_failing(const std::vector<sim::Plan>& plans) {
    if (spent()) return std::nullopt;
    std::vector<sim::Plan> fresh;
    std::vector<std::string> texts;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < plans.size(); ++i) {
      std::string text = sim::to_text(plans[i]);
      if (passed_.contains(text)) continue;
      fresh.push_back(plans[i]);
      texts.push_back(std::move(text));
      places.push_back(i);
    }
    const auto found = first_end(fresh, trial_, jobs_, [&](std::size_t place, const RunEnd& end) {
      ++tried_;
      progress_.show(tried_, 0, std::to_string(tried_) + " candidates tried, now " + best_);
      if (end.failed_like(failure_)) return true;
      passed_.insert(texts[place]);
      return false;
    });
    return found ? std::optional(places[*found]) : std::nullopt;
  }

  RunEnd failure_;
  Trial trial_;
  unsigned jobs_;
  double until_;
  Progress progress_;
  std::set<std::string> passed_;
  std::string best_ = "as given";
  std::uint64_t tried_ = 0;
};

bool save(const std::string& file, const std::string& from, const RunEnd& end,
          const sim::Plan& plan) {
  std::ofstream out(file);
  out << "# Shrunk from: " << from << "\n# How it failed: " << end.reason << '\n'
      << sim::to_text(plan);
  out.close();
  if (out) return true;
  std::fprintf(stderr, "sim: cannot write %s\n", file.c_str());
  return false;
}

// In this process: the plan is known to end by itself.
void report(const sim::Plan& plan, const ShrinkChoice& choice, const std::string& again) {
  sim::RunOptions options = choice.selection.options();
  options.timeline = true;
  if (!write_report_page(choice.report, plan, sim::run(plan, options),
                         {choice.selection.net, again})) {
    std::fprintf(stderr, "sim: cannot write %s\n", choice.report.c_str());
  }
}

}  // namespace

int shrink_command(const ShrinkChoice& choice) {
  std::string error;
  auto plan = choice.selection.plan(error);
  const double budget_s = choice.time_budget.empty() ? 600 : parse_budget(choice.time_budget);
  if (plan && budget_s <= 0) error = "--time-budget wants a length like 90s or 10m";
  if (!plan || budget_s <= 0) {
    std::fprintf(stderr, "sim: %s\n", error.c_str());
    return kUsage;
  }
  const double begin = wall_seconds();
  const std::string from = choice.selection.command_line("run", plan->seed);
  Trial trial{choice.selection.options(), 0};
  const RunEnd failure = run_apart(*plan, trial);
  if (failure.status == kPass) {
    std::printf("sim: it passes; there is nothing to shrink: %s\n", from.c_str());
    return kPass;
  }
  std::printf("sim: %s\nsim: shrinking %s\n", failure.reason.c_str(), size_text(*plan).c_str());
  std::fflush(stdout);

  // What takes much longer than the failing run is another failure, if it is one.
  trial.options.events_max = 4 * failure.events + 1'000'000;
  trial.seconds = static_cast<unsigned>(10 + 20 * (wall_seconds() - begin));
  const unsigned jobs =
      choice.jobs > 0 ? choice.jobs : std::max(1U, std::thread::hardware_concurrency());
  Laboratory laboratory(failure, trial, jobs, budget_s);
  const sim::Plan small = sim::shrink(*plan, laboratory.tools());
  laboratory.clear();

  const RunEnd end = run_apart(small, trial);
  std::string file = choice.out;
  if (!choice.keep.empty()) file = "tests/sim/regressions/" + choice.keep + ".toml";
  if (file.empty()) file = plan->name + "-" + std::to_string(plan->seed) + ".toml";
  if (!save(file, from, end, small)) return kUsage;
  const std::string again = "build/bin/sim run " + file + " --net " + choice.selection.net;
  if (!choice.report.empty() && end.status != kCrash) report(small, choice, again);
  std::printf("%s", sim::to_text(small).c_str());
  if (laboratory.spent()) {
    std::printf("sim: the time budget is spent; it may be possible to shrink it further\n");
  }
  std::printf("sim: %s\nsim: reproduce with: %s\n", end.reason.c_str(), again.c_str());
  std::printf("sim: shrink from=\"%s\" to=\"%s\" candidates=%llu wall_s=%.1f\n",
              size_text(*plan).c_str(), size_text(small).c_str(),
              static_cast<unsigned long long>(laboratory.tried()), wall_seconds() - begin);
  return end.status;
}

}  // namespace rpcnet::bins
