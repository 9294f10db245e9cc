// E8: what an idle member sends and receives, in bytes on the wire.
//
// Ours runs on real QUIC (sim/quic): every packet with its headers, acknowledgements, and the
// handshakes of links that are opened meanwhile. The modes to compare with speak plain datagrams.
// Real QUIC of 5000 nodes is more than a machine's memory, so "modelled" cases count the packets of
// the messages network instead, and at 1000 nodes both: the ratio is the price of a modelled byte.
// 28 bytes of IPv4 and UDP are counted for each packet of either. Churn: one member in a hundred is
// killed each ten seconds, and comes back.
#include <algorithm>
#include <vector>

#include "sim/messages/messages_network.h"
#include "tests/experiments/experiment.h"

namespace rpcnet::experiments {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t kVictim = 0;
constexpr std::uint64_t kIpAndUdp = 28;

constexpr Duration kSettled = seconds(30);
constexpr Duration kMeasured = seconds(60);
constexpr Duration kTurn = seconds(10);

struct Load {
  std::uint64_t packets = 0;
  std::uint64_t out = 0;
  std::uint64_t in = 0;
};

// One in a hundred is off at any time.
void churn(Lab& lab) {
  const std::size_t count = std::max<std::size_t>(lab.nodes() / 100, 1);
  std::vector<HostIndex> off;
  for (Duration passed{}; passed < kMeasured; passed += kTurn) {
    for (const HostIndex host : off) lab.revive(host);
    off = lab.pick(kVictim + static_cast<std::uint64_t>(passed / kTurn), count);
    for (const HostIndex host : off) lab.kill(host);
    lab.run_for(kTurn);
  }
}

double a_second(std::uint64_t count, std::size_t nodes) {
  const double whole = static_cast<double>(nodes) * in_seconds(kMeasured);
  return static_cast<double>(count) / whole;
}

}  // namespace

std::vector<Case> e8_cases(bool quick) {
  if (quick) return {{"N=10 idle", 1, 1}, {"N=100 idle", 1, 12}};
  const std::vector<Mode> all{kModes.begin(), kModes.end()};
  const std::vector<Mode> ours{Mode::ours};
  return {{"N=10 idle", 1, 1, all},          {"N=100 idle", 1, 12, all},
          {"N=1000 idle", 1, 300, all},      {"N=1000 modelled", 1, 60, ours},
          {"N=5000 modelled", 1, 600, ours}, {"N=100 churn", 1, 20, all}};
}

Json e8_run(const Trial& trial) {
  Setup setup = setup_of(trial, static_cast<std::size_t>(number(trial.name, "N")));
  const bool plain = has_plain_links(trial.mode);
  const bool modelled = plain || trial.name.ends_with("modelled");
  setup.fidelity = modelled ? sim::Fidelity::messages : sim::Fidelity::quic;
  // A large cluster that meets for the first time would be most of the work, and is not measured.
  setup.joined = !plain && setup.nodes >= 1000;
  Lab lab(setup);
  const bool gathered = lab.gather(seconds(300));
  lab.run_for(kSettled);
  std::vector<Load> loads(lab.nodes());
  bool measuring = true;
  lab.world().paths().on_packet([&](Moment, const sim::Packet& packet, const sim::Fate& fate) {
    if (!measuring) return;
    const std::uint64_t bytes =
        plain ? packet.size - sim::messages::MessagesNetwork::kPacketOverhead : packet.size;
    ++loads[packet.from].packets;
    loads[packet.from].out += bytes + kIpAndUdp;
    if (fate.arrives_whole()) loads[packet.to].in += bytes + kIpAndUdp;
  });
  if (trial.name.ends_with("churn")) {
    churn(lab);
  } else {
    lab.run_for(kMeasured);
  }
  measuring = false;
  Load all;
  std::vector<std::uint64_t> out;
  for (const Load& load : loads) {
    all.packets += load.packets;
    all.out += load.out;
    all.in += load.in;
    out.push_back(load.out);
  }
  std::sort(out.begin(), out.end());
  const std::uint64_t high = out[out.size() - 1 - out.size() / 100];
  return {{"gathered", gathered},
          {"out_b", a_second(all.out, lab.nodes())},
          {"in_b", a_second(all.in, lab.nodes())},
          {"out_p99_b", a_second(high, 1)},
          {"packets", a_second(all.packets, lab.nodes())}};
}

}  // namespace rpcnet::experiments
