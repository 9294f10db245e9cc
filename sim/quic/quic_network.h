// The `quic` fidelity: real io/quic endpoints, real TLS 1.3, over a simulated UDP network.
//
// What is simulated ends at the UDP socket. A datagram meets the fate that sim/paths.h gives it;
// where it arrives, a process takes it, a host without one answers with ICMP port unreachable, and
// a host without power says nothing. Certificates come from an authority of the run's own.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/network.h"
#include "sim/quic/authority.h"
#include "sim/quic/process.h"

namespace rpcnet::sim {

class QuicNetwork final : public Network, private Wire {
 public:
  // `config`: what all processes have in common; their names, addresses and keys are set for each.
  QuicNetwork(NetworkEnvironment& world, Paths& paths, Keyed keyed, std::size_t hosts,
              quic::EndpointConfig config);

  void start(HostIndex host, const Credentials& credentials) override;
  void stop(HostIndex host) override;
  void perform(HostIndex host, Order&& order) override;
  void settle(HostIndex host) override;
  void handle(Happening&& happening) override;
  void clock_changed(HostIndex host) override;
  std::size_t open_links(HostIndex host) const override;
  std::size_t open_streams(HostIndex host) const override;
  std::uint64_t unacknowledged(HostIndex host) const override;
  std::uint64_t uncredited(HostIndex host) const override;
  std::uint64_t stranded_credit(HostIndex host) const override;
  const NetworkCounters& counters() const override { return counters_; }

  // What the host's endpoint has counted; null while no process runs there.
  const quic::Counters* endpoint(HostIndex host) const;

 private:
  struct Station {
    std::unique_ptr<Process> process;
    // Packets that left for each host since the process began; a draw of Paths names one by this.
    std::vector<std::uint64_t> sent;
  };

  // -- Wire
  void send(HostIndex from, const Datagram& datagram) override;

  void arrive(const Happening& datagram);
  void answer_unreachable(const Happening& datagram);
  // The host's address as another one sees it, through its NAT.
  Address seen(HostIndex host, std::uint64_t port) const;
  // The next packet from here to there, to that port.
  Packet packet(HostIndex from, HostIndex to, std::uint64_t port, std::uint64_t size);

  NetworkEnvironment& world_;
  Paths& paths_;
  Keyed keyed_;
  quic::EndpointConfig config_;
  Authority authority_;
  std::vector<Station> stations_;
  NetworkCounters counters_;
};

}  // namespace rpcnet::sim
