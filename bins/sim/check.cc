// sim check: the same seed in two processes as different as they can be made, compared.
//
// One has address randomisation, the other has not; their environments differ. Where the hashes
// differ, checkpoints narrow the first difference to a window, and both runs print its lines.
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include "bins/sim/child.h"
#include "bins/sim/commands.h"
#include "bins/sim/progress.h"
#include "sim/trace.h"

namespace rpcnet::bins {
namespace {

constexpr std::size_t kLinesBefore = 20;

struct Side {
  std::string program;
  bool fixed_addresses = false;
  std::vector<std::string> environment;
};

// Gives the child's lines; false: it crashed.
bool trace_of(const Side& side, const Selection& selection, std::uint64_t seed,
              const std::vector<std::string>& more, std::vector<std::string>& lines) {
  std::vector<std::string> words{"trace"};
  for (const std::string& word : selection.words(seed)) words.push_back(word);
  words.insert(words.end(), more.begin(), more.end());
  Child child = exec_child(side.program, words, side.fixed_addresses, side.environment);
  const int status = finish(child);
  std::istringstream text(child.text);
  lines.clear();
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  std::printf("sim: crash: %s\n", describe(status).c_str());
  return false;
}

void show_difference(const Side& a, const Side& b, const Selection& selection, std::uint64_t seed,
                     std::size_t checkpoint) {
  const std::uint64_t every = sim::Trace::kCheckpointEvery;
  const std::uint64_t window = checkpoint * every;
  const std::uint64_t from = window > kLinesBefore ? window - kLinesBefore : 0;
  const std::vector<std::string> more{"--from", std::to_string(from), "--to",
                                      std::to_string(window + every)};
  std::vector<std::string> x;
  std::vector<std::string> y;
  if (!trace_of(a, selection, seed, more, x) || !trace_of(b, selection, seed, more, y)) return;
  std::size_t first = 0;
  while (first < x.size() && first < y.size() && x[first] == y[first]) ++first;
  std::printf("sim: the runs differ from line %llu of the trace on; before it:\n",
              static_cast<unsigned long long>(from + first));
  for (std::size_t i = first > kLinesBefore ? first - kLinesBefore : 0; i < first; ++i) {
    std::printf("    %s\n", x[i].c_str());
  }
  std::printf("  A %s\n", first < x.size() ? x[first].c_str() : "(the run ended)");
  std::printf("  B %s\n", first < y.size() ? y[first].c_str() : "(the run ended)");
}

int check_seed(const Selection& selection, std::uint64_t seed, const Side& a, const Side& b) {
  std::vector<std::string> x;
  std::vector<std::string> y;
  if (!trace_of(a, selection, seed, {}, x) || !trace_of(b, selection, seed, {}, y)) {
    std::printf("sim: reproduce with: %s\n", selection.command_line("run", seed).c_str());
    return kCrash;
  }
  if (x == y) return kPass;
  std::size_t checkpoint = 0;
  while (checkpoint < x.size() && checkpoint < y.size() && x[checkpoint] == y[checkpoint]) {
    ++checkpoint;
  }
  show_difference(a, b, selection, seed, checkpoint);
  std::printf("sim: reproduce with: %s\n", selection.command_line("check", seed).c_str());
  return kNondeterminism;
}

}  // namespace

int trace_command(const TraceChoice& choice) {
  std::string error;
  const auto plan = choice.selection.plan(error);
  if (!plan) {
    std::fprintf(stderr, "sim: %s\n", error.c_str());
    return kUsage;
  }
  sim::RunOptions options = choice.selection.options();
  options.watch_from = choice.from;
  options.watch_to = choice.to;
  const sim::Report report = sim::run(*plan, options);
  if (choice.to > 0) {
    for (const std::string& line : report.watched) std::printf("%s\n", line.c_str());
    return kPass;
  }
  for (const sim::TraceHash& hash : report.checkpoints) {
    std::printf("%s\n", sim::to_text(hash).c_str());
  }
  std::printf("%s after %llu lines, verdict %d\n", sim::to_text(report.trace).c_str(),
              static_cast<unsigned long long>(report.trace_lines),
              static_cast<int>(report.verdict));
  return kPass;
}

int check_command(const CheckChoice& choice) {
  std::string error;
  const auto plan = choice.selection.plan(error);
  if (!plan) {
    std::fprintf(stderr, "sim: %s\n", error.c_str());
    return kUsage;
  }
  std::uint64_t first = plan->seed;
  std::uint64_t last = first;
  if (!choice.seeds.empty() && !parse_seeds(choice.seeds, first, last)) {
    std::fprintf(stderr, "sim: --seeds wants A..B\n");
    return kUsage;
  }
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const Side a{self, true, {}};
  // More environment moves the stack; other locales and allocator settings must not matter.
  const Side b{
      choice.with.empty() ? self : choice.with,
      false,
      {"RPCNET_SIM_CHECK=" + std::string(777, 'x'), "LC_ALL=C.UTF-8", "MALLOC_PERTURB_=85"}};
  Progress progress;
  const double begin = wall_seconds();
  std::uint64_t same = 0;
  for (std::uint64_t seed = first;; ++seed) {
    const int result = check_seed(choice.selection, seed, a, b);
    if (result != kPass) return result;
    ++same;
    progress.show(same, last - first + 1, std::to_string(same) + " seeds alike");
    if (seed == last) break;
  }
  progress.clear();
  std::printf("sim: check same=%llu scenario=%s seeds=%llu..%llu net=%s wall_s=%.3f\n",
              static_cast<unsigned long long>(same), choice.selection.scenario.c_str(),
              static_cast<unsigned long long>(first), static_cast<unsigned long long>(last),
              choice.selection.net.c_str(), wall_seconds() - begin);
  return kPass;
}

}  // namespace rpcnet::bins
