// Plans run in processes of their own, several at once: how a run ended, whatever its end was.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bins/sim/child.h"
#include "sim/plan.h"
#include "sim/simulation.h"

namespace rpcnet::bins {

struct RunEnd {
  int status = 0;  // Exit
  // What makes two failures the same one: the oracle, the assertion, or the signal.
  std::string kind;
  std::string reason;
  std::uint64_t events = 0;
  Duration simulated{};
  std::size_t members = 0;
  std::int64_t false_deaths = 0;
  std::int64_t converged_ms = -1;       // after the end of the faults; negative: it did not
  std::uint64_t kinds = 0;              // a bit for each FaultKind that changed something
  std::vector<sim::PacketName> losses;  // if they were asked for
  std::vector<std::pair<std::string, bool>> counts;  // did any happen, of sim::Report::counts

  bool failed_like(const RunEnd& other) const {
    return status != 0 && status == other.status && kind == other.kind;
  }
};

// How they are run.
struct Trial {
  sim::RunOptions options;
  unsigned seconds = 0;  // of wall time: one that takes longer has kind "time limit"; 0: none
};

// Begins one in a process of its own; end_of_trial understands what it said and how it ended.
Child begin_trial(const sim::Plan& plan, const Trial& trial);
RunEnd end_of_trial(const Child& child, int status);

RunEnd run_apart(const sim::Plan& plan, const Trial& trial);

// The place of the first plan whose end is `wanted`; up to `jobs` run at once, and what comes after
// the first is not waited for. The answer is the same for any `jobs`.
std::optional<std::size_t> first_end(
    const std::vector<sim::Plan>& plans, const Trial& trial, unsigned jobs,
    const std::function<bool(std::size_t place, const RunEnd& end)>& wanted);

}  // namespace rpcnet::bins
