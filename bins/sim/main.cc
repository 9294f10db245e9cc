// sim: whole clusters on a virtual clock, replayed bit for bit from a seed.
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <exception>

#include "bins/sim/commands.h"

namespace {

using namespace rpcnet::bins;

int parse_and_run(int argc, char** argv) {
  CLI::App app{
      "Runs whole clusters on a virtual clock, replayed bit for bit from a seed.\n"
      "Exit status: 0 pass, 1 an oracle failed, 2 not deterministic, 3 crash,\n"
      "4 vacuous (a fault or an oracle did nothing), 64 wrong use."};
  app.name("sim");
  app.require_subcommand(1);

  RunChoice run;
  auto* run_verb = app.add_subcommand("run", "run one seed of a scenario");
  run.selection.add_to(*run_verb, true);
  run_verb->add_flag("--print-plan", run.print_plan, "print the plan instead of running it");
  run_verb->add_option("--plan-out", run.plan_out, "write the plan to this file as well");
  run_verb
      ->add_option("--record", run.record,
                   "HOST=FILE: record this host for sim replay; its later lives go to FILE.2, ...")
      ->take_all();
  run_verb->add_flag("--in-process", run.in_process, "do not fork: for debuggers");

  RunChoice explain;
  auto* explain_verb = app.add_subcommand("explain", "run one seed and tell what happened");
  explain.selection.add_to(*explain_verb, true);
  for (auto [verb, into] : {std::pair{run_verb, &run.report}, {explain_verb, &explain.report}}) {
    verb->add_option("--report", *into, "write a page about the run to this HTML file");
  }

  SweepChoice sweep;
  sweep.selection.scenario = "swarm";
  auto* sweep_verb = app.add_subcommand("sweep", "run many seeds");
  sweep.selection.add_to(*sweep_verb, false);
  sweep_verb->add_option("--seeds", sweep.seeds, "A..B")->capture_default_str();
  sweep_verb->add_option("--jobs", sweep.jobs, "at the same time; 0: one for each processor");
  sweep_verb->add_option("--time-budget", sweep.time_budget, "begin no seed after this: 90s, 10m");
  sweep_verb->add_option("--false-deaths-max", sweep.false_deaths_max,
                         "fail if there are certainly more false deaths a node-hour");
  sweep_verb->add_flag("--coverage", sweep.coverage, "tell what each kind of fault reached");

  ShrinkChoice shrink;
  auto* shrink_verb =
      app.add_subcommand("shrink", "make a failing run as small as it can be and still fail");
  shrink.selection.add_to(*shrink_verb, true);
  auto* out = shrink_verb->add_option("--out", shrink.out, "where to save the plan");
  shrink_verb->add_option("--keep", shrink.keep, "save it under this name in tests/sim/regressions")
      ->excludes(out);
  shrink_verb->add_option("--jobs", shrink.jobs, "at the same time; 0: one for each processor");
  shrink_verb->add_option("--report", shrink.report, "write a page about the result");
  shrink_verb->add_option("--time-budget", shrink.time_budget, "stop after this: 90s, 10m");

  CheckChoice check;
  auto* check_verb =
      app.add_subcommand("check", "run seeds in two processes each and compare their traces");
  check.selection.add_to(*check_verb, true);
  check_verb->add_option("--seeds", check.seeds, "A..B instead of one --seed");
  check_verb->add_option("--with", check.with, "another build of this program to compare with")
      ->check(CLI::ExistingFile);

  TraceChoice trace;
  auto* trace_verb = app.add_subcommand("trace", "print the trace's checkpoints or lines");
  trace.selection.add_to(*trace_verb, true);
  trace_verb->add_option("--from", trace.from, "first line");
  trace_verb->add_option("--to", trace.to, "line after the last one");

  ReplayChoice replay;
  std::string until;
  auto* replay_verb = app.add_subcommand(
      "replay",
      "feed what a program or a simulated host recorded (--record) to a new node and "
      "compare: 0 the same came out, 2 not, 64 no recording");
  replay_verb->add_option("file", replay.file, "the recording")->required();
  replay_verb->add_option("--from", replay.from, "first line to print, as of sim trace");
  replay_verb->add_option("--to", replay.to, "line after the last one");
  replay_verb->add_option("--until", until, "stop at this time of the recording: 90s, 1500ms");

  auto* list_verb = app.add_subcommand("list", "list the named scenarios");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    // Help is a success; everything else is wrong use, whatever number CLI11 gives it.
    return app.exit(problem) == 0 ? kPass : kUsage;
  }
  if (*run_verb) return run_command(run);
  if (*explain_verb) return explain_command(explain);
  if (*sweep_verb) return sweep_command(sweep);
  if (*shrink_verb) return shrink_command(shrink);
  if (*check_verb) return check_command(check);
  if (*trace_verb) return trace_command(trace);
  if (*replay_verb) {
    if (!until.empty()) {
      const auto ms = parse_ms(until);
      if (!ms) {
        std::fprintf(stderr, "sim: --until wants a time like 90s, 10m or 500ms, not '%s'\n",
                     until.c_str());
        return kUsage;
      }
      replay.until = std::chrono::milliseconds(*ms);
    }
    return replay_command(replay);
  }
  if (*list_verb) return list_command();
  return kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "sim: %s\n", problem.what());
    return kCrash;
  }
}
