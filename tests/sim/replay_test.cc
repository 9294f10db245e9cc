// What a simulated host went through, recorded and fed to a new node: the same comes out, whatever
// the faults were; and what is not the same is found.
#include "engine/replay.h"

#include <boost/test/unit_test.hpp>

#include <string>

#include "sim/scenario.h"
#include "sim/simulation.h"

namespace rpcnet::sim {
namespace {

// Small and rough: everything that inputs are made of happens within a few seconds.
Plan rough(std::uint64_t seed) {
  Scenario scenario;
  scenario.name = "rough";
  scenario.numbers = {{"active_ms", {15000, 25000}},
                      {"cluster.directors", {1, 2}},
                      {"cluster.workers", {2, 5}},
                      {"cluster.clients", {1, 2}},
                      {"cluster.clock_offset_ms", {0, 100000}},
                      {"cluster.clock_drift_ppm", {0, 200}},
                      {"network.base_us", {50, 20000}},
                      {"network.loss_ppm", {0, 20000}},
                      {"network.peer_streams_max", {4, 64}},
                      {"network.stream_window_bytes", {4000, 200000}},
                      {"workload.tokens", {5, 100}},
                      {"workload.token_ms", {5, 100}},
                      {"workload.token_bytes", {1, 4000}},
                      {"workload.session_gap_ms", {0, 1000}},
                      {"workload.echo_ms", {50, 400}},
                      {"workload.echo_bytes", {8, 40000}},
                      {"workload.cancel_ppm", {0, 200000}}};
  scenario.swarm_faults = Range{1, 6};
  Problem problem;
  const auto plan = expand(scenario, seed, problem);
  BOOST_REQUIRE_MESSAGE(plan, problem.what);
  return *plan;
}

Report record_all(const Plan& plan, Fidelity fidelity = Fidelity::messages) {
  RunOptions options;
  options.fidelity = fidelity;
  for (HostIndex host = 0; host < plan.hosts(); ++host) options.record.push_back(host);
  return run(plan, options);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(replay)

BOOST_AUTO_TEST_CASE(TheSameComesOutUnderFaults) {
  std::uint64_t recordings = 0;
  std::uint64_t cut_short = 0;
  std::uint64_t inputs = 0;
  std::uint64_t outputs = 0;
  std::uint64_t checkpoints = 0;
  for (std::uint64_t seed = 1; seed <= 14; ++seed) {
    const Plan plan = rough(seed);
    const Report report = record_all(plan, seed > 12 ? Fidelity::quic : Fidelity::messages);
    std::uint64_t inputs_of_seed = 0;
    for (HostIndex host = 0; host < report.recordings.size(); ++host) {
      for (const Bytes& bytes : report.recordings[host]) {
        BOOST_TEST_CONTEXT("seed " << seed << ", " << plan.host_name(host)) {
          Replay replay(bytes);
          BOOST_REQUIRE(replay.header());
          BOOST_TEST(replay.header()->config.id.text().starts_with(plan.host_name(host)));
          while (const auto step = replay.next()) {
            BOOST_REQUIRE_MESSAGE(step->equal(), "input " << step->number << " differs");
          }
          BOOST_TEST(!replay.difference());
          BOOST_TEST((replay.fault().kind == recording::Fault::Kind::end));
          ++recordings;
          cut_short += !replay.ended();
          inputs_of_seed += replay.tally().inputs;
          outputs += replay.tally().outputs;
          checkpoints += replay.checkpoints();
        }
      }
    }
    // Every input of every life was recorded.
    BOOST_TEST(inputs_of_seed == report.inputs);
    inputs += inputs_of_seed;
  }
  BOOST_TEST_MESSAGE(recordings << " recordings, " << cut_short << " of crashed processes, "
                                << inputs << " inputs, " << outputs << " outputs, " << checkpoints
                                << " checkpoints");
  BOOST_TEST(cut_short > 0);
  BOOST_TEST(checkpoints > 0);
}

// A node that does something else with one input is found at that input, and not before.
BOOST_AUTO_TEST_CASE(ADifferenceIsFoundWhereItBegins) {
  const Report report = record_all(rough(3));
  const Bytes& whole = report.recordings.front().front();
  recording::Reader reader(whole);
  auto header = reader.header();
  BOOST_REQUIRE(header);
  // Another configuration stands for another engine.
  header->config.swim.indirect_probes = 0;
  header->config.swim.gossip_fanout = 1;
  Bytes other;
  recording::Writer writer(other);
  writer.begin(*header);
  while (auto record = reader.next()) {
    if (auto* input = std::get_if<recording::InputRecord>(&*record)) {
      if (const auto* fact = std::get_if<Fact>(&input->input)) {
        writer.input(input->at, *fact);
      } else if (const auto* command = std::get_if<Command>(&input->input)) {
        writer.input(input->at, *command);
      } else if (const auto* gone = std::get_if<recording::Unreachable>(&input->input)) {
        writer.unreachable(input->at, gone->address);
      } else {
        writer.deadline(input->at);
      }
    } else if (const auto* result = std::get_if<recording::ResultRecord>(&*record)) {
      writer.result(*result);
    } else if (const auto* checkpoint = std::get_if<recording::CheckpointRecord>(&*record)) {
      writer.checkpoint(checkpoint->tally);
    }
  }
  Replay replay(other);
  BOOST_REQUIRE(replay.header());
  std::uint64_t equal = 0;
  bool found = false;
  while (const auto step = replay.next()) {
    if (step->equal()) {
      ++equal;
      continue;
    }
    found = true;
    BOOST_TEST(step->number == equal);
    break;
  }
  BOOST_TEST(found);
  BOOST_TEST(equal > 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rpcnet::sim
