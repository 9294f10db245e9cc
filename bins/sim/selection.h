// Which run is meant: a scenario, a seed, and what the command line changes about them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/plan.h"
#include "sim/scenario.h"
#include "sim/simulation.h"

namespace CLI {
class App;
}

namespace rpcnet::bins {

// Exit statuses (docs/simulation.md).
enum Exit : int {
  kPass = 0,
  kOracle = 1,
  kNondeterminism = 2,
  kCrash = 3,
  kVacuous = 4,
  kUsage = 64,
};

// 90s, 10m, 2h, 500ms; a bare number is seconds.
std::optional<std::int64_t> parse_ms(std::string_view text);

struct Selection {
  std::string scenario = "steady";
  std::string plan_file;              // instead of a scenario; has nothing left to draw
  std::optional<std::uint64_t> seed;  // absent: the file's own, or 1
  std::string net = "messages";
  std::optional<std::size_t> nodes;   // members
  std::string time;                   // of the active phase: 90s, 10m, 500ms
  std::vector<std::string> settings;  // section.key=value

  void add_to(CLI::App& command, bool with_seed);

  // nullopt: `error` says why.
  std::optional<sim::Plan> plan(std::optional<std::uint64_t> for_seed, std::string& error) const;
  std::optional<sim::Plan> plan(std::string& error) const { return plan(seed, error); }

  // How every run of it is run; what else a verb wants it adds.
  sim::RunOptions options() const;

  // The words after `sim VERB` that make the same run.
  std::vector<std::string> words(std::uint64_t for_seed) const;
  // The same as one line to paste.
  std::string command_line(const char* verb, std::uint64_t for_seed) const;
};

}  // namespace rpcnet::bins
