// The seam between the world and a simulated network, shared by both fidelities.
//
// A network takes a node's transport orders and gives it transport facts, keeping the rules of
// engine/transport.h. How faithfully it models what is in between is its own affair: `messages`
// models links, streams and datagrams; `quic` runs io/quic over simulated UDP.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/transport.h"
#include "sim/event_queue.h"
#include "sim/moment.h"
#include "sim/paths.h"

namespace rpcnet::sim {

// What a process shows to the network.
struct Credentials {
  std::optional<PeerIdentity> identity;  // its certificate; absent: a client without one
  std::string cluster;                   // whose certificates it accepts
  bool accepts = true;                   // false: a pure client
  bool gossip = true;                    // does it speak rpcnet-gossip/1?
};

enum class HostState : std::uint8_t {
  off,   // no power: nothing answers
  idle,  // the host is up, but no process listens
  running,
};

// What a network may ask of the world.
class NetworkEnvironment {
 public:
  virtual ~NetworkEnvironment() = default;

  virtual Moment now() const = 0;
  // What the host's clock shows, and the first moment at which it shows `instant`.
  virtual Instant local_now(HostIndex host) const = 0;
  virtual Moment moment_of(HostIndex host, Instant instant) const = 0;
  virtual HostState state(HostIndex host) const = 0;
  // How many processes have run on the host. A packet for an earlier one is for a stranger.
  virtual std::uint32_t life(HostIndex host) const = 0;
  virtual std::optional<HostIndex> host_of(const Address& address) const = 0;
  virtual Address address_of(HostIndex host) const = 0;

  // `source` is the host that caused it: it orders what happens at one instant.
  virtual void schedule(Moment at, HostIndex source, Happening&& happening) = 0;

  // Only while a happening is being handled or a host settles, never from within perform().
  virtual void deliver(HostIndex host, const Fact& fact) = 0;
  virtual void unreachable(HostIndex host, const Address& address) = 0;

  // One line of the trace: a packet's bytes as they left, and what becomes of it.
  virtual void record_datagram(HostIndex from, HostIndex to, BytesView bytes, const Fate& fate) = 0;

  // The engine broke the transport's rules: an oracle's business.
  virtual void violation(HostIndex host, const std::string& what) = 0;
};

struct NetworkCounters {
  std::uint64_t links = 0;  // handshakes completed
  std::uint64_t dials = 0;
  std::uint64_t dials_failed = 0;
  std::uint64_t datagrams = 0;
  std::uint64_t datagrams_too_large = 0;
  std::uint64_t duplicates_absorbed = 0;
  std::uint64_t retransmissions = 0;
  std::uint64_t stream_bytes = 0;
};

class Network {
 public:
  virtual ~Network() = default;

  // A process begins or ends on a host. Ending tells nobody: like a crash, seen from outside.
  virtual void start(HostIndex host, const Credentials& credentials) = 0;
  virtual void stop(HostIndex host) = 0;

  virtual void perform(HostIndex host, Order&& order) = 0;

  // The orders that followed from one input were all performed: what waited for that may go now.
  virtual void settle(HostIndex host) { static_cast<void>(host); }

  // The host's clock jumped or changed its rate: times computed with it are no longer true.
  virtual void clock_changed(HostIndex host) { static_cast<void>(host); }

  // Something that it scheduled itself comes soon: it may fetch what that will need.
  virtual void expect(const Happening& happening) const { static_cast<void>(happening); }

  // Something that it scheduled itself.
  virtual void handle(Happening&& happening) = 0;

  virtual std::size_t open_links(HostIndex host) const = 0;
  virtual std::size_t open_streams(HostIndex host) const = 0;
  // Bytes that its process wrote to streams and that nobody has acknowledged yet.
  virtual std::uint64_t unacknowledged(HostIndex host) const = 0;
  // Bytes received on streams and not given back to the windows of their links; 0 where the network
  // does not keep count.
  virtual std::uint64_t uncredited(HostIndex) const { return 0; }
  // Of these, bytes that no reader holds: they will never be given back.
  virtual std::uint64_t stranded_credit(HostIndex) const { return 0; }
  virtual const NetworkCounters& counters() const = 0;
};

}  // namespace rpcnet::sim
