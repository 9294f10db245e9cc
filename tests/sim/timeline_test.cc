// What the timeline remembers of a run, and which packets it holds for causes of a failure.
#include "sim/timeline.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>

#include "sim/oracles/oracle.h"
#include "sim/simulation.h"

namespace rpcnet::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr HostIndex kVictim = 2;
constexpr HostIndex kWitness = 1;

Plan plan_with_a_crash() {
  Plan plan;
  plan.name = "timeline";
  plan.seed = 4;
  plan.workers = 4;
  plan.active = seconds(30);
  plan.latency = {LatencyShape::uniform, milliseconds(2), milliseconds(3)};
  plan.faults = {
      {.kind = FaultKind::power_off, .at = seconds(8), .hosts = {kVictim}},
      {.kind = FaultKind::restart, .at = seconds(22), .hosts = {kVictim}},
      {.kind = FaultKind::pause, .at = seconds(25), .until = seconds(26), .hosts = {kWitness}}};
  return plan;
}

// Fails at 12 s, at one host.
class FailsOnTime final : public Oracle {
 public:
  using Oracle::Oracle;
  const char* name() const override { return "on-time"; }
  void on_tick() override {
    if (check(world().now() < Moment(seconds(12)))) return;
    fail(kWitness, "is where it fails");
  }
};

Report run_with_timeline(bool fails) {
  const Plan plan = plan_with_a_crash();
  RunOptions options;
  options.timeline = true;
  if (fails) {
    options.more_oracles.push_back(
        [](const Ground& ground) { return std::make_unique<FailsOnTime>(ground); });
  }
  return run(plan, options);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(Timelines)

BOOST_AUTO_TEST_CASE(RecordingChangesNothing) {
  const Report recorded = run_with_timeline(false);
  BOOST_TEST(recorded.reason == "");
  const Report plain = run(plan_with_a_crash(), {});
  BOOST_TEST((recorded.trace == plain.trace));
  BOOST_TEST(!plain.timeline.has_value());
}

BOOST_AUTO_TEST_CASE(TellsWhenHostsRanAndWhatTheOthersThought) {
  const Report report = run_with_timeline(false);
  BOOST_REQUIRE(report.timeline.has_value());
  std::vector<HostActivity> victim;
  std::vector<HostActivity> witness;
  for (const ActivityChange& one : report.timeline->activity) {
    if (one.host == kVictim) victim.push_back(one.activity);
    if (one.host == kWitness) witness.push_back(one.activity);
  }
  using enum HostActivity;
  BOOST_TEST((victim == std::vector<HostActivity>{up, down, up}));
  BOOST_TEST((witness == std::vector<HostActivity>{up, paused, up}));

  std::vector<Opinion> of_victim;
  Moment before{};
  for (const OpinionChange& one : report.timeline->opinions) {
    BOOST_TEST_REQUIRE((one.at >= before));
    before = one.at;
    if (one.observer == kWitness && one.subject == kVictim) of_victim.push_back(one.opinion);
  }
  using enum Opinion;
  BOOST_TEST((of_victim == std::vector<Opinion>{alive, suspect, dead, alive}));
  BOOST_TEST(report.timeline->causes.empty());
}

BOOST_AUTO_TEST_CASE(EveryCauseLeadsToTheFailure) {
  const Report report = run_with_timeline(true);
  BOOST_TEST((report.verdict == Verdict::oracle));
  BOOST_TEST((report.failed_host == kWitness));
  const auto& causes = report.timeline->causes;
  BOOST_TEST(causes.size() > 100);
  const Moment failure(report.simulated);
  int far = 0;
  for (const CausalPacket& one : causes) {
    BOOST_TEST_REQUIRE((one.sent <= one.arrives && one.arrives <= failure));
    if (one.hops == 1) {
      BOOST_TEST_REQUIRE(one.to == kWitness);
      continue;
    }
    ++far;
    // Its receiver sent a nearer one afterwards, which was not lost.
    BOOST_TEST_REQUIRE(std::any_of(causes.begin(), causes.end(), [&](const CausalPacket& next) {
      return next.from == one.to && next.hops == one.hops - 1 && !next.lost &&
             next.sent >= one.arrives;
    }));
  }
  BOOST_TEST(far > 50);
  // The dead heard nothing that mattered, but what they had said before did.
  BOOST_TEST(std::none_of(causes.begin(), causes.end(), [](const CausalPacket& one) {
    return one.to == kVictim && one.arrives > Moment(seconds(8));
  }));
  BOOST_TEST(std::any_of(causes.begin(), causes.end(),
                         [](const CausalPacket& one) { return one.from == kVictim; }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rpcnet::sim
