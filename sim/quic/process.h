// One simulated process's transport: a real quic::Endpoint, and what stands between it and the
// world, as io/driver.h does on a real machine.
//
// A pass goes like there: what came in is told to the endpoint, the node's orders are performed,
// what is ready is flushed, until nothing new comes of it. Facts reach the node from within the
// endpoint; the orders that it answers with wait until the endpoint has returned.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "io/quic/endpoint.h"
#include "sim/network.h"
#include "sim/quic/chance.h"

namespace rpcnet::sim {

// A UDP datagram and the way it goes.
struct Datagram {
  Address from;
  Address to;
  unsigned ecn = 0;
  BytesView bytes;
};

// Where a process's datagrams go.
class Wire {
 public:
  virtual void send(HostIndex from, const Datagram& datagram) = 0;

 protected:
  ~Wire() = default;
};

class Process final : private quic::FactSink, private quic::DatagramSink {
 public:
  // `config`: what is the same for all processes; cluster, address and keys are set here. `tls` is
  // not null and this process's own. world, wire and counters outlive it.
  Process(NetworkEnvironment& world, Wire& wire, NetworkCounters& counters, Keyed keyed,
          HostIndex host, const Credentials& credentials, quic::EndpointConfig config,
          std::shared_ptr<const quic::TlsContext> tls);
  ~Process();

  // Queued until settle().
  void perform(Order&& order);

  // Carries out what is queued and sends what is ready; nothing while a pass is under way.
  void settle();

  void receive(const Datagram& datagram);
  void unreachable(const Address& remote);
  // A wake-up that was scheduled with schedule_wake().
  void wake();
  void clock_changed();

  const quic::Counters& counters() const { return endpoint_->counters(); }
  std::uint64_t stranded_credit() const { return endpoint_->stranded_credit(); }

 private:
  // -- quic::FactSink
  void on_fact(Instant now, const Fact& fact) override;
  void on_refusal(Instant now, const quic::Refusal& refusal) override;
  // -- quic::DatagramSink
  bool send(const quic::Transmit& transmit) override;

  struct Link {
    Address remote;
    bool up = false;
  };

  template <typename Action>
  void pass(Action action);
  void work(Instant now);
  void arm();

  NetworkEnvironment& world_;
  Wire& wire_;
  NetworkCounters& tally_;
  HostIndex host_;
  std::uint32_t life_;
  Address local_;
  Chance tls_chance_;
  Chance quic_chance_;
  std::deque<Order> orders_;
  std::map<LinkId, Link> links_;  // dialled or up
  std::optional<Moment> armed_;   // the earliest scheduled wake-up
  bool in_pass_ = false;
  std::unique_ptr<quic::Endpoint> endpoint_;
};

}  // namespace rpcnet::sim
