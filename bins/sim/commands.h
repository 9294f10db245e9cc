// The verbs of the program. Each gives the exit status.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bins/sim/selection.h"
#include "sim/simulation.h"

namespace rpcnet::bins {

struct RunChoice {
  Selection selection;
  bool print_plan = false;          // print the plan instead of running it
  std::string plan_out;             // write it here as well
  std::string report;               // write a page about the run here
  bool in_process = false;          // for debuggers: a crash is then a crash of this process
  std::vector<std::string> record;  // HOST=FILE
};
int run_command(const RunChoice& choice);

// Runs and tells the whole story: plan, effects, checks, times, the last lines before a failure.
int explain_command(const RunChoice& choice);

struct SweepChoice {
  Selection selection;
  std::string seeds = "1..100";
  unsigned jobs = 0;        // 0: as many as there are processors
  std::string time_budget;  // stop beginning new seeds after this
  // False deaths a node-hour over the sweep; it fails when there are more for certain (95 %).
  double false_deaths_max = -1;
  bool coverage = false;  // tell which kinds of faults changed something, and in how many seeds
};
int sweep_command(const SweepChoice& choice);

struct ShrinkChoice {
  Selection selection;
  std::string out;   // the file; empty: NAME-SEED.toml here
  std::string keep;  // a name in tests/sim/regressions instead
  unsigned jobs = 0;
  std::string time_budget;  // then it takes the smallest it has; empty: ten minutes
  std::string report;       // write a page about the smallest here
};
int shrink_command(const ShrinkChoice& choice);

struct CheckChoice {
  Selection selection;
  std::string seeds;  // empty: the selection's one
  std::string with;   // another build of this program to compare with
};
int check_command(const CheckChoice& choice);

// What check's children say: checkpoints, or the lines [from, to).
struct TraceChoice {
  Selection selection;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};
int trace_command(const TraceChoice& choice);

struct ReplayChoice {
  std::string file;
  std::uint64_t from = 0;  // lines [from, to) are printed
  std::uint64_t to = 0;
  std::optional<Duration> until;  // of the recording
};
int replay_command(const ReplayChoice& choice);

int list_command();

// -- shared
int exit_of(sim::Verdict verdict);
// Seconds; 0: none is given; negative: no such length.
double parse_budget(const std::string& text);
bool parse_seeds(const std::string& text, std::uint64_t& first, std::uint64_t& last);
// DESIGN section 9's last line of a run.
std::string verdict_line(const sim::Plan& plan, const std::string& net, bool pass,
                         const sim::Report* report, double wall_s);

}  // namespace rpcnet::bins
