// What Node adds to its parts: routing, real load, watched workers.
#include "engine/node.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>

#include "tests/support/node_net.h"

using namespace rpcnet;
using namespace std::chrono_literals;
using test::NodeNet;

namespace {

// A director (0) with an open registry and two workers (1, 2), settled.
struct Cluster {
  NodeNet net;

  Cluster() {
    net.add("director");
    for (const std::string name : {"worker-a", "worker-b"}) {
      const auto worker = net.add(name);
      net.command(worker, ChangeTags{{{"role", "worker"}, {"label", name}}});
    }
    net.command(0, Join{});
    net.command(1, Join{{net.address(0)}});
    net.command(2, Join{{net.address(0)}});
    BOOST_TEST_REQUIRE(
        (net.command(0, OpenRegistry{.registry = 1, .filter = *parse_tag_filter("role=worker")}) ==
         Outcome::done));
    net.run_for(5s);
  }

  std::vector<WorkerView> workers() { return net[0].node->workers(1, net.now()); }

  std::optional<Member> select(std::vector<NodeId> excluded = {}) {
    net.command(0, SelectWorker{.registry = 1, .request = 1, .excluded = std::move(excluded)});
    return net.told<WorkerSelected>(0).back().worker;
  }

  // A call from the director to a worker that the worker does not finish.
  void open_call(std::size_t worker, std::uint64_t number) {
    net.command(0, StartCall{.call = {2 * number + 1},
                             .peer = {net.address(worker), std::nullopt},
                             .method = "Inference.generate",
                             .last = true});
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(node)

BOOST_AUTO_TEST_CASE(ARegistryFindsWorkersByTheirTags) {
  Cluster cluster;
  const auto workers = cluster.workers();
  BOOST_TEST_REQUIRE(workers.size() == 2U);
  BOOST_TEST(workers[0].member.tags.at("label") == "worker-a");
  BOOST_TEST(workers[1].member.tags.at("label") == "worker-b");
}

BOOST_AUTO_TEST_CASE(LoadIsWhatTheWorkerReports) {
  Cluster cluster;
  for (std::uint64_t i = 0; i < 3; ++i) cluster.open_call(1, i);
  cluster.net.run_for(2s);
  BOOST_TEST(cluster.workers()[0].active_calls == 3U);
  BOOST_TEST(cluster.workers()[1].active_calls == 0U);
  for (int i = 0; i < 3; ++i) BOOST_TEST(cluster.select()->id.text() == "worker-b");

  // The caller gives up: the load is gone with the next report, nobody has to release it.
  for (std::uint64_t i = 0; i < 3; ++i) cluster.net.command(0, CancelCall{{2 * i + 1}});
  cluster.net.run_for(3s);
  BOOST_TEST(cluster.workers()[0].active_calls == 0U);
  BOOST_TEST(cluster.workers()[1].assignments == 0U);
}

BOOST_AUTO_TEST_CASE(LoadIsThatOfAllNodesOfAProcess) {
  Cluster cluster;
  cluster.open_call(1, 0);
  cluster.net.command(1, CountElsewhere{4});
  cluster.net.run_for(2s);
  BOOST_TEST(cluster.workers()[0].active_calls == 5U);
  cluster.net.command(1, CountElsewhere{0});
  cluster.net.run_for(2s);
  BOOST_TEST(cluster.workers()[0].active_calls == 1U);
}

// An unfed detector is what the original shipped: silence must move phi and the choice.
BOOST_AUTO_TEST_CASE(PhiIsFedByHeartbeatsAndMovesTheChoice) {
  Cluster cluster;
  cluster.net.run_for(10s);
  for (const auto& worker : cluster.workers()) BOOST_TEST(!worker.avoid);
  const auto heartbeats = cluster.net[0].node->swim_counters().heartbeats_received;
  BOOST_TEST(heartbeats > 20U);

  cluster.net[1].silent = true;
  const auto quiet_since = cluster.net.now();
  while (!cluster.workers()[0].avoid && cluster.net.now() < quiet_since + 5s) {
    cluster.net.run_for(50ms);
  }
  BOOST_TEST(cluster.workers()[0].avoid);
  BOOST_TEST(cluster.workers()[0].phi_milli >= 3000U);
  BOOST_TEST(((cluster.net.now() - quiet_since) < 2s));
  for (int i = 0; i < 4; ++i) BOOST_TEST(cluster.select()->id.text() == "worker-b");
}

// The original's registry kept the tags and the address of its first sight (its bug 19).
BOOST_AUTO_TEST_CASE(TheRegistryFollowsTagsThatChange) {
  Cluster cluster;
  const SelectWorker gpu{.registry = 1, .request = 2, .filter = *parse_tag_filter("gpu=true")};
  cluster.net.command(0, gpu);
  BOOST_TEST(!cluster.net.told<WorkerSelected>(0).back().worker.has_value());
  cluster.net.command(2, ChangeTags{{{"gpu", "true"}}});
  cluster.net.run_for(3s);
  cluster.net.command(0, gpu);
  BOOST_TEST_REQUIRE(cluster.net.told<WorkerSelected>(0).back().worker.has_value());
  BOOST_TEST(cluster.net.told<WorkerSelected>(0).back().worker->id.text() == "worker-b");

  cluster.net.command(2, ChangeTags{{{"role", std::nullopt}}});
  cluster.net.run_for(3s);
  BOOST_TEST_REQUIRE(cluster.workers().size() == 1U);
  BOOST_TEST(cluster.workers()[0].member.id.text() == "worker-a");
}

BOOST_AUTO_TEST_CASE(ADeadWorkerLeavesTheRegistryAndItsEventIsTold) {
  Cluster cluster;
  cluster.net[2].silent = true;
  cluster.net.run_for(20s);
  BOOST_TEST_REQUIRE(cluster.workers().size() == 1U);
  const auto events = cluster.net.told<MemberEvent>(0);
  BOOST_TEST(std::count_if(events.begin(), events.end(), [](const MemberEvent& event) {
               return event.kind == MemberEventKind::failed && event.member.id.text() == "worker-b";
             }) == 1);
  cluster.net[2].silent = false;
  cluster.net.run_for(20s);
  BOOST_TEST(cluster.workers().size() == 2U);
}

// A director that is cut off from its two workers, by policy. It sees the partition either way.
BOOST_AUTO_TEST_CASE(ThePolicySaysWhatASideWithoutAQuorumDoes) {
  for (const auto policy :
       {PartitionPolicy::go_on, PartitionPolicy::read_only, PartitionPolicy::keep_majority}) {
    NodeNet net;
    SwimConfig swim;
    swim.partition.policy = policy;
    net.add("director", true, swim);
    for (const std::string name : {"worker-a", "worker-b", "worker-c"}) {
      const auto worker = net.add(name, true, swim);
      net.command(worker, ChangeTags{{{"role", "worker"}}});
      net.command(worker, Join{{net.address(0)}});
    }
    net.command(0, Join{});
    net.command(0, OpenRegistry{.registry = 1, .filter = *parse_tag_filter("role=worker")});
    const auto select = [&] {
      net.command(0, SelectWorker{.registry = 1, .request = 1});
      return net.told<WorkerSelected>(0).back();
    };
    net.run_for(5s);
    BOOST_TEST(select().worker.has_value());
    net[0].silent = true;
    net.run_for(11s);  // suspect and not yet dead: there is whom to choose
    BOOST_TEST_REQUIRE(net.told<PartitionDetected>(0).size() == 1U);
    BOOST_TEST(!net[0].node->partition()->quorum);
    const bool keeps = policy == PartitionPolicy::keep_majority;
    BOOST_TEST(select().no_quorum == keeps);
    BOOST_TEST(net[0].node->workers(1, net.now()).empty() == keeps);
    BOOST_TEST(net[0].node->read_only() == (policy == PartitionPolicy::read_only));
    BOOST_TEST(net.told<PartitionDetected>(1).empty());
    net[0].silent = false;
    net.run_for(30s);
    BOOST_TEST(net.told<PartitionHealed>(0).size() == 1U);
    BOOST_TEST(select().worker.has_value());
    BOOST_TEST(!net[0].node->read_only());
  }
}

BOOST_AUTO_TEST_CASE(AClientThatIsNoMemberRefusesGossip) {
  NodeNet net;
  const auto client = net.add("client", false);
  BOOST_TEST((net.command(client, Join{}) == Outcome::not_a_member));
  BOOST_TEST((net.command(client, OpenRegistry{.registry = 1}) == Outcome::not_a_member));
  net.fact(client, LinkUp{.link = {1}, .protocol = Protocol::gossip});
  BOOST_TEST_REQUIRE(net[client].closed.size() == 1U);
  BOOST_TEST((net[client].closed[0].link == LinkId{1}));
}

BOOST_AUTO_TEST_CASE(AnUnknownRegistrySelectsNobody) {
  Cluster cluster;
  BOOST_TEST((cluster.net.command(0, SelectWorker{.registry = 9}) == Outcome::unknown_registry));
}

BOOST_AUTO_TEST_CASE(AnEarlyDeadlineIsANoOp) {
  Cluster cluster;
  Node& node = *cluster.net[0].node;
  const auto deadline = node.deadline();
  BOOST_TEST_REQUIRE(deadline.has_value());
  BOOST_TEST_REQUIRE((*deadline > cluster.net.now()));
  node.handle_deadline(cluster.net.now());
  BOOST_TEST(node.poll() == nullptr);
  BOOST_TEST((node.deadline() == deadline));
}

// As if from a snapshot: it is probed, and nobody is told of it.
BOOST_AUTO_TEST_CASE(WhoIsRememberedIsNoNews) {
  const Member other{.id = *NodeId::parse("b"), .address = Address::v4(10, 0, 0, 2, 4000)};
  Node node({.id = *NodeId::parse("a"),
             .cluster = "test",
             .advertise = Address::v4(10, 0, 0, 1, 4000),
             .seed = 1},
            std::span(&other, 1));
  BOOST_TEST((node.poll() == nullptr));
  BOOST_TEST((node.find(other.id) == other));

  Instant now{1s};
  node.handle(now, Join{});
  std::optional<LinkId> dialled;
  while (!dialled) {
    while (Output* next = node.poll()) {
      const auto* order = std::get_if<Order>(next);
      const auto* connect = order == nullptr ? nullptr : std::get_if<Connect>(order);
      if (connect != nullptr) dialled = connect->link;
    }
    now = *node.deadline();
    node.handle_deadline(now);
  }
  node.handle(
      now, LinkUp{*dialled, Protocol::gossip, other.address, PeerIdentity{"test", "b"}, 1200, 16});
  BOOST_TEST(node.swim_counters().messages_sent > 0U);
  BOOST_TEST(node.swim_counters().updates_sent == 0U);
}

// In whatever order they are given, itself among them.
BOOST_AUTO_TEST_CASE(ManyAreRememberedAsTheyAre) {
  std::vector<Member> remembered;
  for (const std::string name : {"d", "b", "a", "c"}) {
    const auto last = static_cast<std::uint8_t>(name[0]);
    remembered.push_back({.id = *NodeId::parse(name),
                          .address = Address::v4(10, 0, 0, last, 4000),
                          .tags_version = 3,
                          .tags = {{"role", "worker"}, {"label", name}}});
  }
  Node node({.id = remembered[1].id, .advertise = remembered[1].address}, remembered);
  std::vector<std::string> names;
  for (const Member& member : node.members()) names.push_back(member.id.text());
  BOOST_TEST((names == std::vector<std::string>{"a", "b", "c", "d"}));
  for (const std::size_t i : {0, 2, 3}) {
    BOOST_TEST((node.find(remembered[i].id) == remembered[i]));
  }
  node.handle(Instant{} + 1s, Command{Join{}});
  while (const Output* output = node.poll()) {
    const auto* event = std::get_if<Event>(output);
    BOOST_TEST((event == nullptr || !std::holds_alternative<MemberEvent>(*event)));
  }
}

// A client that is no member chooses among workers that it is told of.
BOOST_AUTO_TEST_CASE(ARosterIsForThoseWhoAreNoMembers) {
  NodeNet net;
  const auto client = net.add("client", false);
  OpenRegistry open{.registry = 1, .filter = *parse_tag_filter("role=worker")};
  open.roster = true;
  BOOST_REQUIRE((net.command(client, OpenRegistry(open)) == Outcome::done));
  const auto entry = [](const char* role, std::uint8_t last, std::uint32_t active) {
    RosterEntry worker{.address = Address::v4(10, 0, 0, last, 7000)};
    worker.tags = {{"role", role}};
    worker.active_calls = active;
    return worker;
  };
  UpdateRoster update{1, {entry("worker", 1, 0), entry("worker", 2, 3), entry("other", 3, 0)}};
  update.workers[1].id = *NodeId::parse("worker-b");
  BOOST_REQUIRE((net.command(client, UpdateRoster(update)) == Outcome::done));
  const auto select = [&](std::uint64_t request) {
    net.command(client, SelectWorker{.registry = 1, .request = request});
    return net.told<WorkerSelected>(client).back().worker->id;
  };
  // The one with less to do, until it has as much.
  for (const std::uint64_t request : {1U, 2U, 3U})
    BOOST_TEST(select(request).text() == "10.0.0.1-7000");
  const NodeId first = *NodeId::parse("10.0.0.1-7000");
  const NodeId second = *NodeId::parse("worker-b");
  const bool tie_to_the_next = select(4) == second;
  BOOST_TEST(tie_to_the_next);
  const bool then_the_first = select(5) == first;
  BOOST_TEST(then_the_first);
  // Calls that are over no longer count, however long ago they began.
  net.run_for(1h);
  for (const std::uint64_t request : {1U, 2U, 3U, 5U}) {
    net.command(client, ReleaseWorker{1, request, first});
  }
  BOOST_TEST(net[client].node->workers(1, net.now())[0].load() == 0U);
  BOOST_TEST(net[client].node->workers(1, net.now())[1].load() == 4U);
  // A registry of members has no roster.
  BOOST_CHECK((net.command(client, UpdateRoster{2, {}}) == Outcome::unknown_registry));
}

BOOST_AUTO_TEST_CASE(AMemberThatDrainsIsAvoided) {
  Cluster cluster;
  cluster.net.command(1, ChangeTags{{{"rpcnet.draining", "yes"}}});
  cluster.net.run_for(5s);
  for (int i = 0; i < 4; ++i) BOOST_TEST(cluster.select()->id.text() == "worker-b");
}

// Goal: a call that crosses the end of its link is known not to have begun. Method: it leaves the
// caller in the step in which the callee, drained, closes.
BOOST_AUTO_TEST_CASE(WhatADrainedCalleeDidNotBeginIsSafeElsewhere) {
  Cluster cluster;
  NodeNet& net = cluster.net;
  cluster.open_call(1, 1);  // brings the link up
  net.run_for(1s);
  const auto arrived = net.told<CallArrived>(1);
  BOOST_REQUIRE(arrived.size() == 1U);
  net.command(1, StopAccepting{});
  net.command(1, CloseDrained{});
  net.run_for(1s);
  BOOST_TEST(net.told<CallFinished>(0).empty());  // a link on which a call runs stays
  net.command(1, FinishCall{.call = arrived[0].call});
  net.run_for(1s);
  BOOST_REQUIRE(net.told<CallFinished>(0).size() == 1U);
  BOOST_CHECK(net.told<CallFinished>(0)[0].status.ok());
  cluster.open_call(1, 2);
  net.command(1, CloseDrained{});
  net.run_for(1s);
  BOOST_REQUIRE(net.told<CallFinished>(0).size() == 2U);
  const CallFinished crossed = net.told<CallFinished>(0)[1];
  BOOST_CHECK(crossed.status.code == StatusCode::unavailable);
  BOOST_REQUIRE(crossed.trailers.size() == 1U);
  BOOST_TEST(crossed.trailers[0].first == "rpcnet-not-started");
  BOOST_TEST(net.told<CallArrived>(1).size() == 1U);
}

// The members view, in words: every reason why one is thought ill.
BOOST_AUTO_TEST_CASE(HealthIsToldInWords) {
  MemberHealth health{.member = {.id = *NodeId::parse("b"),
                                 .address = Address::v4(10, 0, 0, 3, 61000),
                                 .status = MemberStatus::suspect,
                                 .incarnation = 2},
                      .accusers = {*NodeId::parse("a"), *NodeId::parse("c")},
                      .suspicion_left = 3200ms,
                      .silent_for = 4100ms,
                      .unanswered_for = 4900ms,
                      .phi_heard_milli = 9300,
                      .phi_answered_milli = 12400,
                      .samples = 7,
                      .local_health = 2,
                      .degraded = true,
                      .avoid = true};
  BOOST_TEST(
      to_text(health) ==
      "b suspect at 10.0.0.3:61000, incarnation 2; accused by a, c; dead in 3.2 s; silent "
      "for 4.1 s; phi 9.3; no answer for 4.9 s, phi 12.4; says its own health is 2; 0 calls; "
      "degraded; avoided");
  health = {.member = {.id = *NodeId::parse("b"), .address = Address::v4(10, 0, 0, 3, 61000)},
            .accusers = {},
            .suspicion_left = std::nullopt,
            .silent_for = std::nullopt,
            .unanswered_for = std::nullopt};
  BOOST_TEST(to_text(health) ==
             "b alive at 10.0.0.3:61000, incarnation 0; never heard directly; 0 calls");
}

BOOST_AUTO_TEST_SUITE_END()
