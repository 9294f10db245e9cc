// Selection tiers, filters, and assignments that cannot leak.
#include "engine/cluster/registry.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "engine/cluster/assignments.h"
#include "engine/cluster/worker_view.h"

using namespace rpcnet;
using namespace std::chrono_literals;
using cluster::Assignments;
using cluster::Registry;

namespace {

NodeId id(const std::string& text) { return *NodeId::parse(text); }

WorkerView worker(const std::string& name, Tags tags = {{"role", "worker"}}) {
  return {.member = {.id = id(name),
                     .address = Address::v4(127, 0, 0, 1, 62001),
                     .status = MemberStatus::alive,
                     .tags = std::move(tags)}};
}

std::optional<std::size_t> select(Registry& registry, const std::vector<WorkerView>& workers,
                                  const SelectWorker& request) {
  std::vector<cluster::Eligible> eligible;
  for (const WorkerView& view : workers) {
    eligible.push_back({&view.member.id, &view.member.tags, view.load(), view.avoid});
  }
  return registry.select(eligible, request);
}

Registry least_connections() {
  return Registry({}, LoadBalancingStrategy::least_connections, Rng(1));
}

constexpr Instant kStart{};

}  // namespace

BOOST_AUTO_TEST_SUITE(registry)

BOOST_AUTO_TEST_CASE(OnlyMatchingTagsAreChosen) {
  const std::vector workers{worker("a"), worker("b", {{"role", "worker"}, {"gpu", "true"}})};
  auto registry = least_connections();
  const SelectWorker gpu{.filter = *parse_tag_filter("role=worker,gpu=true")};
  for (int i = 0; i < 3; ++i) BOOST_TEST(select(registry, workers, gpu).value() == 1U);
  const SelectWorker nobody{.filter = *parse_tag_filter("gpu=false")};
  BOOST_TEST(!select(registry, workers, nobody).has_value());
}

BOOST_AUTO_TEST_CASE(TheWorkerJustLostIsExcludedWhileAnotherLives) {
  std::vector workers{worker("a"), worker("b")};
  workers[1].active_calls = 50;
  auto registry = least_connections();
  const SelectWorker request{.excluded = {id("a")}};
  BOOST_TEST(select(registry, workers, request).value() == 1U);
}

BOOST_AUTO_TEST_CASE(TheExcludedIsBetterThanNobody) {
  const std::vector workers{worker("a")};
  auto registry = least_connections();
  const SelectWorker request{.excluded = {id("a")}};
  BOOST_TEST(select(registry, workers, request).value() == 0U);
}

BOOST_AUTO_TEST_CASE(SuspectsAreAvoidedWhileAHealthyOneLives) {
  std::vector workers{worker("a"), worker("b")};
  workers[0].avoid = true;
  workers[1].active_calls = 9;
  auto registry = least_connections();
  BOOST_TEST(select(registry, workers, {}).value() == 1U);
  workers[1].avoid = true;
  BOOST_TEST(select(registry, workers, {}).value() == 0U);
}

BOOST_AUTO_TEST_CASE(AWeightIsATagAndNonsenseCountsAsOne) {
  std::vector workers{worker("a", {{"weight", "3"}}), worker("b", {{"weight", "lots"}}),
                      worker("c", {{"weight", "1000001"}}), worker("d")};
  Registry registry({}, LoadBalancingStrategy::weighted, Rng(1));
  std::vector<int> counts(4);
  for (int i = 0; i < 6000; ++i) ++counts[select(registry, workers, {}).value()];
  BOOST_TEST(counts[0] > 2800);
  BOOST_TEST(counts[0] < 3200);
  for (const std::size_t other : {1U, 2U, 3U}) {
    BOOST_TEST(counts[other] > 850);
    BOOST_TEST(counts[other] < 1150);
  }
}

namespace {

struct Zones {
  std::vector<WorkerView> workers{worker("a", {{"zone", "here"}}), worker("b", {{"zone", "there"}}),
                                  worker("c", {{"zone", "here"}}), worker("d")};
  Registry registry;

  explicit Zones(std::uint32_t spill)
      : registry({}, LoadBalancingStrategy::least_connections, Rng(1), {"here", spill}) {}

  bool picks_elsewhere(const SelectWorker& request = {}) {
    const std::string picked = pick(request);
    return picked == "b" || picked == "d";
  }
  std::string pick(const SelectWorker& request = {}) {
    return workers[select(registry, workers, request).value()].member.id.text();
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(TheOwnZoneComesFirst) {
  Zones zones(0);
  zones.workers[0].active_calls = 500;
  zones.workers[2].active_calls = 400;
  for (int i = 0; i < 4; ++i) BOOST_TEST(zones.pick() == "c");
}

BOOST_AUTO_TEST_CASE(AnEmptyZoneSpills) {
  Zones zones(0);
  zones.workers[0].avoid = true;  // a healthy worker elsewhere is better than a sick one here
  const SelectWorker request{.excluded = {id("c")}};
  for (int i = 0; i < 4; ++i) BOOST_TEST(zones.picks_elsewhere(request));
}

BOOST_AUTO_TEST_CASE(AFullZoneSpillsToWhereThereIsLess) {
  Zones zones(4);
  zones.workers[0].active_calls = 3;
  zones.workers[2].active_calls = 4;
  BOOST_TEST(zones.pick() == "a");  // 3.5 on average
  zones.workers[0].active_calls = 5;
  BOOST_TEST(zones.picks_elsewhere());
  zones.workers[1].active_calls = 9;  // there it is 5 on average, here 4.5
  zones.workers[3].active_calls = 1;
  BOOST_TEST(zones.pick() == "c");
}

BOOST_AUTO_TEST_CASE(ABurstBetweenReportsIsSpread) {
  Assignments assignments(2s);
  auto registry = least_connections();
  std::map<std::string, int> counts;
  for (int i = 0; i < 30; ++i) {
    std::vector workers{worker("a"), worker("b"), worker("c")};
    for (auto& view : workers) view.assignments = assignments.count(kStart, view.member.id);
    const auto& chosen = workers[select(registry, workers, {}).value()].member.id;
    assignments.add(kStart, chosen);
    ++counts[chosen.text()];
  }
  BOOST_TEST(counts["a"] == 10);
  BOOST_TEST(counts["b"] == 10);
  BOOST_TEST(counts["c"] == 10);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(assignments)

// rpcnet's director counted up and never down (its bug 18).
BOOST_AUTO_TEST_CASE(Bug18AnAssignmentWhoseClientNeverCameExpires) {
  Assignments assignments(2s);
  assignments.add(kStart, id("a"));
  assignments.add(kStart + 1s, id("a"));
  BOOST_TEST(assignments.count(kStart + 1s, id("a")) == 2U);
  BOOST_TEST(assignments.count(kStart + 2s, id("a")) == 1U);
  BOOST_TEST(assignments.count(kStart + 3s, id("a")) == 0U);
}

BOOST_AUTO_TEST_CASE(AReportThatShowsTheCallReplacesTheAssignment) {
  Assignments assignments(2s);
  assignments.on_report(id("a"), 1, 4);
  assignments.add(kStart, id("a"));
  assignments.add(kStart, id("a"));
  assignments.on_report(id("a"), 2, 5);
  BOOST_TEST(assignments.count(kStart, id("a")) == 1U);
  assignments.on_report(id("a"), 2, 9);  // the same report again
  BOOST_TEST(assignments.count(kStart, id("a")) == 1U);
  assignments.on_report(id("a"), 3, 3);  // calls ended: nothing has arrived
  BOOST_TEST(assignments.count(kStart, id("a")) == 1U);
}

BOOST_AUTO_TEST_CASE(AReleaseTakesItsOwnAssignmentAndNoOther) {
  Assignments assignments(2s);
  for (const std::uint64_t request : {1U, 2U, 3U}) assignments.add(kStart, id("a"), request);
  assignments.release(id("a"), 2);
  assignments.release(id("a"), 2);
  assignments.release(id("b"), 1);
  BOOST_TEST(assignments.count(kStart, id("a")) == 2U);
  assignments.on_report(id("a"), 1, 1);  // number 1 has become a call
  assignments.release(id("a"), 1);
  BOOST_TEST(assignments.count(kStart, id("a")) == 1U);
}

BOOST_AUTO_TEST_CASE(AWorkerThatIsGoneTakesItsAssignmentsAlong) {
  Assignments assignments(2s);
  assignments.add(kStart, id("a"));
  assignments.forget(id("a"));
  BOOST_TEST(assignments.count(kStart, id("a")) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
