// experiment: runs one trial of one membership experiment and prints its result as JSON.
#include <CLI/CLI.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <exception>

#include "tests/experiments/experiment.h"

namespace rpcnet::experiments {
namespace {

constexpr int kUsage = 64;

constexpr std::array kAll{
    Experiment{"E1", "false positives with concurrent slow members", e1_cases, e1_run},
    Experiment{"E2", "time until a crashed member is known to be dead", e2_cases, e2_run},
    Experiment{"E3", "members whose processor is taken away", e3_cases, e3_run},
    Experiment{"E4", "a large cluster starts at once", e4_cases, e4_run},
    Experiment{"E5", "one in a hundred crashes", e5_cases, e5_run},
    Experiment{"E6", "one in a hundred receives nothing, again and again", e6_cases, e6_run},
    Experiment{"E7", "80 % loss at one in a hundred", e7_cases, e7_run},
    Experiment{"E8", "bytes a second on the wire, of one member", e8_cases, e8_run},
    Experiment{"E9", "partitions heal", e9_cases, e9_run},
    Experiment{"E10", "a mass restart", e10_cases, e10_run},
    Experiment{"E11", "pauses and clock jumps", e11_cases, e11_run},
    Experiment{"E12", "all paths of a member die together", e12_cases, e12_run},
    Experiment{"E13", "cold connections", e13_cases, e13_run},
    Experiment{"E14", "a flapping member", e14_cases, e14_run},
};

int list(bool quick) {
  for (const Experiment& experiment : kAll) {
    for (const Case& one : experiment.cases(quick)) {
      Json line{{"experiment", experiment.name},
                {"about", experiment.about},
                {"case", one.name},
                {"seeds", one.seeds},
                {"cost", one.cost},
                {"modes", {}}};
      line["modes"] = Json::array();
      for (const Mode mode : one.modes) line["modes"].push_back(to_text(mode));
      std::printf("%s\n", line.dump().c_str());
    }
  }
  return 0;
}

int run(const std::string& name, const std::string& mode_name, Trial trial) {
  const auto experiment = std::find_if(kAll.begin(), kAll.end(),
                                       [&](const Experiment& one) { return one.name == name; });
  if (experiment == kAll.end()) {
    std::fprintf(stderr, "experiment: there is no %s; see experiment list\n", name.c_str());
    return kUsage;
  }
  const auto mode = parse_mode(mode_name);
  if (!mode) {
    std::fprintf(stderr, "experiment: --mode is ours, swim or memberlist, not '%s'\n",
                 mode_name.c_str());
    return kUsage;
  }
  trial.mode = *mode;
  const auto cases = experiment->cases(trial.quick);
  if (std::none_of(cases.begin(), cases.end(),
                   [&](const Case& one) { return one.name == trial.name; })) {
    std::string known;
    for (const Case& one : cases) known += (known.empty() ? "'" : ", '") + one.name + "'";
    std::fprintf(stderr, "experiment: --case of %s is one of %s, not '%s'\n", name.c_str(),
                 known.c_str(), trial.name.c_str());
    return kUsage;
  }
  const auto began = std::chrono::steady_clock::now();
  Json result = experiment->run(trial);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  result["wall_s"] = took.count();
  std::printf("%s\n", result.dump().c_str());
  return 0;
}

int parse_and_run(int argc, char** argv) {
  CLI::App app{
      "Runs one trial of one membership experiment and prints its result as JSON.\n"
      "scripts/experiments runs them all and makes tables of them."};
  app.name("experiment");
  app.require_subcommand(1);
  bool quick = false;
  auto* list_verb = app.add_subcommand("list", "print the cases, one a line");
  list_verb->add_flag("--quick", quick, "fewer and smaller");
  Trial trial;
  std::string name;
  std::string mode = "ours";
  auto* run_verb = app.add_subcommand("run", "run one trial");
  run_verb->add_option("experiment", name, "such as E2")->required();
  run_verb->add_option("--case", trial.name, "as experiment list names it")->required();
  run_verb->add_option("--mode", mode, "ours, swim or memberlist")->capture_default_str();
  run_verb->add_option("--seed", trial.seed, "of everything")->capture_default_str();
  run_verb->add_flag("--quick", trial.quick, "a case of the quick list");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : kUsage;
  }
  if (*list_verb) return list(quick);
  return run(name, mode, trial);
}

}  // namespace

std::span<const Experiment> all() { return kAll; }

std::int64_t number(const std::string& name, const std::string& part) {
  const auto at = name.find(part + '=');
  return at == std::string::npos ? 0 : std::stoll(name.substr(at + part.size() + 1));
}

double in_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

Setup setup_of(const Trial& trial, std::size_t nodes) {
  Setup setup;
  setup.nodes = nodes;
  setup.mode = trial.mode;
  setup.seed = trial.seed;
  return setup;
}

}  // namespace rpcnet::experiments

int main(int argc, char** argv) {
  try {
    return rpcnet::experiments::parse_and_run(argc, argv);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "experiment: %s\n", problem.what());
    return 3;
  }
}
