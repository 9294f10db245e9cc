// Shrinking against made-up failures: it ends, keeps the failure, never grows, and gets to the end.
#include "sim/shrink.h"

#include <rapidcheck.h>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <string>

#include "sim/plan_edits.h"
#include "sim/scenario.h"
#include "sim/swarm.h"

namespace rpcnet::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using Failure = std::function<bool(const Plan&)>;

ShrinkTools tools(const Failure& fails) {
  return {[&fails](const std::vector<Plan>& plans) -> std::optional<std::size_t> {
            const auto found = std::find_if(plans.begin(), plans.end(), fails);
            if (found == plans.end()) return std::nullopt;
            return static_cast<std::size_t>(found - plans.begin());
          },
          [](const Plan& plan, std::size_t i) {
            // As if it lost every third packet from the first host to each other one.
            std::vector<PacketName> packets;
            for (HostIndex to = 1; to < plan.hosts(); ++to) {
              for (std::uint64_t nth = 1; nth < 30; nth += 3) packets.push_back({0, to, nth});
            }
            return plan.faults[i].kind == FaultKind::loss ? packets : std::vector<PacketName>{};
          },
          {}};
}

Plan drawn_plan(std::uint64_t seed, std::size_t faults) {
  Plan plan;
  plan.seed = seed;
  plan.directors = 1 + seed % 3;
  plan.workers = 2 + seed % 9;
  plan.clients = seed % 4;
  plan.active = seconds(40 + static_cast<int>(seed % 50));
  plan.loss_ppm = static_cast<std::uint32_t>(seed % 2000);
  plan.knobs = {{"gossip_fanout", 3}, {"probe_interval_ms", 937}};
  draw_swarm(plan, faults, {});
  mend(plan);
  return plan;
}

std::size_t count(const Plan& plan, FaultKind kind) {
  return static_cast<std::size_t>(std::count_if(
      plan.faults.begin(), plan.faults.end(), [&](const Fault& one) { return one.kind == kind; }));
}

// Are faults of these kinds in it, one after the other?
bool in_order(const Plan& plan, const std::vector<FaultKind>& kinds) {
  std::size_t next = 0;
  for (const Fault& fault : plan.faults) {
    if (next < kinds.size() && fault.kind == kinds[next]) ++next;
  }
  return next == kinds.size();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(Shrinking)

BOOST_AUTO_TEST_CASE(KeepsWhatTheFailureNeedsAndNothingElse) {
  Plan plan = drawn_plan(11, 30);
  const std::vector<FaultKind> kinds{FaultKind::cut, FaultKind::pause, FaultKind::crash};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    plan.faults.push_back({.kind = kinds[i],
                           .at = milliseconds(9'137 + 3'001 * i),
                           .until = milliseconds(20'333 + 3'001 * i),
                           .hosts = {static_cast<HostIndex>(2 + i)}});
  }
  mend(plan);
  const Failure fails = [&](const Plan& one) { return in_order(one, kinds) && one.workers >= 2; };
  const Plan small = shrink(plan, tools(fails));
  BOOST_TEST(small.faults.size() == 3);
  BOOST_TEST(small.workers == 2);
  BOOST_TEST(small.hosts() == 3);  // each fault has its own
  BOOST_TEST((small.active == seconds(1)));
  BOOST_TEST(small.knobs.empty());
  BOOST_TEST(small.loss_ppm == 0);
  BOOST_TEST((small.faults[2].at == Duration::zero()));
  BOOST_TEST(!small.faults[2].id.has_value());
}

BOOST_AUTO_TEST_CASE(GetsDownToSinglePackets) {
  Plan plan = drawn_plan(3, 0);
  plan.faults.push_back(
      {.kind = FaultKind::loss, .at = seconds(5), .until = seconds(20), .ppm = 333'333});
  const PacketName first{0, 1, 4};
  const PacketName second{0, 2, 10};
  const Failure fails = [&](const Plan& one) {
    if (one.hosts() < 3) return false;
    if (count(one, FaultKind::loss) > 0) return true;
    if (count(one, FaultKind::drop) == 0) return false;
    const auto& packets = one.faults[0].packets;
    return std::binary_search(packets.begin(), packets.end(), first) &&
           std::binary_search(packets.begin(), packets.end(), second);
  };
  const Plan small = shrink(plan, tools(fails));
  BOOST_REQUIRE(small.faults.size() == 1);
  BOOST_TEST((small.faults[0].kind == FaultKind::drop));
  BOOST_TEST((small.faults[0].packets == std::vector<PacketName>{first, second}));
}

BOOST_AUTO_TEST_CASE(KeepsAFaultWhosePacketsAreAllNeeded) {
  Plan plan = drawn_plan(3, 0);
  plan.faults.push_back(
      {.kind = FaultKind::loss, .at = seconds(5), .until = seconds(20), .ppm = 333'333});
  const Failure fails = [&](const Plan& one) {
    return !one.faults.empty() &&
           (one.faults[0].kind == FaultKind::loss || one.faults[0].packets.size() > 40);
  };
  const Plan small = shrink(plan, tools(fails));
  BOOST_REQUIRE(small.faults.size() == 1);
  BOOST_TEST((small.faults[0].kind == FaultKind::loss));
}

BOOST_AUTO_TEST_CASE(FindsValuesThatAreJustEnough) {
  Plan plan = drawn_plan(5, 0);
  plan.workload.tokens = 777;
  plan.loss_ppm = 1'234;
  const Failure fails = [](const Plan& one) {
    return one.workload.tokens >= 90 && one.loss_ppm >= 500 && one.active >= milliseconds(7'300);
  };
  const Plan small = shrink(plan, tools(fails));
  BOOST_TEST(small.workload.tokens == 90);
  BOOST_TEST(small.loss_ppm == 500);
  BOOST_TEST((small.active < seconds(9)));
  BOOST_TEST(small.workload.echo_ms == 0);
}

BOOST_AUTO_TEST_CASE(StillFailsIsNeverLargerAndIsAFixedPoint) {
  const bool holds = rc::check([] {
    const auto seed = *rc::gen::inRange<std::uint64_t>(1, 1'000'000);
    const Plan plan = drawn_plan(seed, *rc::gen::inRange<std::size_t>(1, 14));
    // A failure that some part of this plan brings about.
    const std::size_t size = plan.faults.size();
    RC_PRE(size > 0);
    const auto place = *rc::gen::container<std::vector<std::size_t>>(
        *rc::gen::inRange<std::size_t>(0, 4), rc::gen::inRange<std::size_t>(0, size));
    std::vector<std::size_t> sorted(place);
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    std::vector<FaultKind> kinds;
    for (const std::size_t i : sorted) kinds.push_back(plan.faults[i].kind);
    const auto hosts = *rc::gen::inRange<std::size_t>(1, plan.hosts() + 1);
    const auto ms = *rc::gen::inRange<int>(1, 30'000);
    const Failure fails = [&](const Plan& one) {
      return in_order(one, kinds) && one.hosts() >= hosts && one.active >= milliseconds(ms);
    };
    RC_ASSERT(fails(plan));
    const Plan small = shrink(plan, tools(fails));
    RC_ASSERT(fails(small));
    const PlanSize before = size_of(plan);
    const PlanSize after = size_of(small);
    RC_ASSERT(after.faults <= before.faults);
    RC_ASSERT(after.hosts <= before.hosts);
    RC_ASSERT(after.active <= before.active);
    RC_ASSERT(after.faults == kinds.size());
    RC_ASSERT(shrink(small, tools(fails)) == small);
  });
  BOOST_TEST(holds);
}

BOOST_AUTO_TEST_CASE(TakingHostsAwayKeepsWhatFaultsSayOfTheOthers) {
  Plan plan;
  plan.directors = 2;
  plan.workers = 3;
  plan.clients = 2;
  plan.faults = {{.kind = FaultKind::crash, .at = seconds(1), .hosts = {2}},
                 {.kind = FaultKind::crash, .at = seconds(2), .hosts = {4, 6}},
                 {.kind = FaultKind::cut, .at = seconds(3), .until = seconds(4), .from = {2}},
                 {.kind = FaultKind::partition,
                  .at = seconds(5),
                  .until = seconds(6),
                  .groups = {{0, 2}, {4}, {3}}}};
  const Plan smaller = without_hosts(plan, 2, 4);  // worker-0 and worker-1
  BOOST_TEST(smaller.workers == 1);
  BOOST_REQUIRE(smaller.faults.size() == 2);
  BOOST_TEST((smaller.faults[0].hosts == std::vector<HostIndex>{2, 4}));
  BOOST_TEST(smaller.host_name(smaller.faults[0].hosts[0]) == "worker-0");
  BOOST_TEST(smaller.host_name(smaller.faults[0].hosts[1]) == "client-1");
  BOOST_TEST((smaller.faults[1].groups == std::vector<std::vector<HostIndex>>{{0}, {2}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rpcnet::sim
