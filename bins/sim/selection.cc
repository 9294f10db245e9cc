// From words to a plan, and back to words.
#include "bins/sim/selection.h"

#include <CLI/CLI.hpp>

#include <charconv>

#include "bins/sim/more_oracles.h"
#include "bins/sim/scenario_file.h"

namespace rpcnet::bins {
namespace {

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::int64_t> parse_ms(std::string_view text) {
  const auto unit_at = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = parse_number(text.substr(0, unit_at));
  const auto unit = text.substr(unit_at);
  if (!count) return std::nullopt;
  if (unit == "ms") return *count;
  if (unit == "s" || unit.empty()) return *count * 1000;
  if (unit == "m") return *count * 60'000;
  if (unit == "h") return *count * 3'600'000;
  return std::nullopt;
}

void Selection::add_to(CLI::App& command, bool with_seed) {
  auto* name = command
                   .add_option("scenario,--scenario", scenario,
                               "name of a scenario (sim list) or a TOML file, plans included")
                   ->capture_default_str();
  command.add_option("--plan", plan_file, "a plan's TOML file, with nothing left to draw")
      ->excludes(name);
  if (with_seed) command.add_option("--seed", seed, "which run of it; a plan carries its own");
  command.add_option("--net", net, "fidelity of the network: messages, or quic with real packets")
      ->check(CLI::IsMember({"messages", "quic"}))
      ->capture_default_str();
  command.add_option("--nodes", nodes, "cluster size, instead of the scenario's");
  command.add_option("--time", time, "length of the active phase: 90s, 10m, 500ms");
  command.add_option("--set", settings, "change one setting of the scenario: section.key=value")
      ->take_all();
}

std::optional<sim::Plan> Selection::plan(std::optional<std::uint64_t> for_seed,
                                         std::string& error) const {
  const auto file =
      plan_file.empty() ? find_scenario(scenario) : std::optional<std::filesystem::path>(plan_file);
  if (!file) {
    error = "no scenario '" + scenario + "': neither a file nor a name that `sim list` shows";
    return std::nullopt;
  }
  auto read = read_scenario(*file, error);
  if (!read) return std::nullopt;
  // What carries a seed was printed as a plan.
  if (!plan_file.empty() || read->seed) {
    if (const auto freedom = sim::find_freedom(*read)) {
      error = describe(*file, *freedom);
      return std::nullopt;
    }
  }
  if (for_seed) read->seed = for_seed;
  for (const std::string& setting : settings) {
    const auto equals = setting.find('=');
    const auto value =
        equals == std::string::npos ? std::nullopt : parse_number(setting.substr(equals + 1));
    if (!value) {
      error = "--set wants section.key=number, not '" + setting + "'";
      return std::nullopt;
    }
    const std::string name = setting.substr(0, equals);
    if (name.starts_with("knobs.")) read->knobs[name.substr(6)] = {*value, *value};
    else if (name == "swarm.faults") read->swarm_faults = sim::Range{*value, *value};
    else read->numbers[name] = {*value, *value};
  }
  if (!time.empty()) {
    const auto ms = parse_ms(time);
    if (!ms || *ms <= 0) {
      error = "--time wants a length like 90s, 10m or 500ms, not '" + time + "'";
      return std::nullopt;
    }
    read->numbers["active_ms"] = {*ms, *ms};
  }
  if (nodes) {
    const auto directors = read->numbers.contains("cluster.directors")
                               ? read->numbers["cluster.directors"].low
                               : std::int64_t{1};
    const auto workers = static_cast<std::int64_t>(*nodes) - directors;
    if (workers < 0) {
      error = "--nodes must be at least the number of directors";
      return std::nullopt;
    }
    read->numbers["cluster.directors"] = {directors, directors};
    read->numbers["cluster.workers"] = {workers, workers};
  }
  sim::Problem problem;
  auto plan = sim::expand(*read, 1, problem);
  if (!plan) error = describe(*file, problem);
  return plan;
}

sim::RunOptions Selection::options() const {
  sim::RunOptions options;
  options.fidelity = net == "quic" ? sim::Fidelity::quic : sim::Fidelity::messages;
  options.more_oracles = more_oracles();
  return options;
}

std::vector<std::string> Selection::words(std::uint64_t for_seed) const {
  std::vector<std::string> words{plan_file.empty() ? scenario : plan_file};
  words.insert(words.end(), {"--seed", std::to_string(for_seed), "--net", net});
  if (nodes) words.insert(words.end(), {"--nodes", std::to_string(*nodes)});
  if (!time.empty()) words.insert(words.end(), {"--time", time});
  for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
  return words;
}

std::string Selection::command_line(const char* verb, std::uint64_t for_seed) const {
  std::string line = std::string("build/bin/sim ") + verb;
  for (const std::string& word : words(for_seed)) line += ' ' + word;
  return line;
}

}  // namespace rpcnet::bins
