// Scenario and plan files: TOML, and what it may say. A plan that comes of one is written and read
// back to itself.
#include <string>

#include "bins/sim/scenario_file.h"
#include "sim/plan.h"
#include "sim/scenario.h"
#include "tests/fuzz/input.h"

using namespace rpcnet;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 20'000) return 0;
  std::string error;
  const auto scenario = bins::parse_scenario(as_text({data, size}), "fuzz.toml", error);
  FUZZ_ASSERT(scenario.has_value() == error.empty());
  if (!scenario) return 0;
  sim::Problem problem;
  const auto plan = sim::expand(*scenario, 7, problem);
  FUZZ_ASSERT(plan.has_value() == problem.what.empty());
  if (!plan) return 0;
  const std::string text = sim::to_text(*plan);
  const auto again = bins::parse_scenario(text, "plan.toml", error);
  FUZZ_ASSERT(again.has_value());
  FUZZ_ASSERT(!sim::find_freedom(*again));
  const auto same = sim::expand(*again, 8, problem);
  FUZZ_ASSERT(same.has_value() && sim::to_text(*same) == text);
  return 0;
}
