// Runs one plan from its beginning to its verdict.
//
// Two phases (TigerBeetle's split of safety and liveness): while the plan is active, faults strike
// and oracles demand what must hold at all times; then everything is healed, nothing new begins,
// and the oracles demand that all comes to rest within bounds.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/bytes.h"
#include "sim/plan.h"
#include "sim/timeline.h"
#include "sim/trace.h"

namespace rpcnet::sim {

class Oracle;
struct Ground;
using OracleMaker = std::function<std::unique_ptr<Oracle>(const Ground&)>;

// How faithful the network is (network.h).
enum class Fidelity : std::uint8_t { messages, quic };

enum class Verdict : std::uint8_t { pass, oracle, vacuous };

struct RunOptions {
  Fidelity fidelity = Fidelity::messages;
  std::uint64_t events_max = 2'000'000'000;
  // Lines [from, to) of the trace are kept as text.
  std::uint64_t watch_from = 0;
  std::uint64_t watch_to = 0;
  // The fault whose losses are to be reported packet by packet.
  std::optional<std::size_t> losses_of;
  std::vector<OracleMaker> more_oracles;
  bool timeline = false;  // record one
  // Hosts whose inputs are recorded.
  std::vector<HostIndex> record;
  // Called now and then with the simulated time.
  std::function<void(Duration)> progress;
};

struct Report {
  Verdict verdict = Verdict::pass;
  std::string failed;  // the oracle that found it, or "vacuous"
  std::string reason;  // of a failure: which oracle, what, when
  Duration simulated{};
  std::uint64_t events = 0;
  std::uint64_t inputs = 0;  // what went into nodes
  TraceHash trace;
  std::vector<TraceHash> checkpoints;
  std::uint64_t trace_lines = 0;
  std::vector<std::string> watched;
  std::vector<std::string> last_lines;  // of the trace, on a failure
  std::vector<PacketName> losses;
  std::optional<HostIndex> failed_host;
  std::optional<Timeline> timeline;
  // Of the hosts of RunOptions::record, in their order: one for each life.
  std::vector<std::vector<Bytes>> recordings;

  std::vector<std::uint64_t> fault_effects;                   // by the plan's order
  std::vector<std::pair<std::string, std::uint64_t>> checks;  // by oracle

  // How it went, for people and for statistics.
  std::vector<Duration> detection_first;
  std::vector<Duration> detection_last;
  std::optional<Duration> convergence;
  std::uint64_t false_deaths = 0;
  std::vector<std::pair<std::string, std::uint64_t>> counts;  // of what people may want to know
};

Report run(const Plan& plan, const RunOptions& options);

}  // namespace rpcnet::sim
