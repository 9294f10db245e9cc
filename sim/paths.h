// What becomes of one packet between two hosts: lost, late, doubled, or delivered.
//
// Both fidelities ask here for each packet they send, so one plan means the same to both. A packet
// is decided when it leaves; a hold is known to end, so it is a delay.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sim/fault.h"
#include "sim/keyed.h"
#include "sim/latency.h"

namespace rpcnet::sim {

struct Packet {
  HostIndex from = 0;
  HostIndex to = 0;
  std::uint64_t size = 0;
  std::uint64_t entity = 0;   // one direction of one connection
  std::uint64_t counter = 0;  // of its packets
  // The largest of the packets that it stands for, where it stands for several; 0: `size`.
  std::uint64_t largest = 0;
  // The receiver's mapping (Paths::mapping) to whose address it is sent; absent: the present one.
  std::optional<std::uint32_t> mapping{};
};

struct Fate {
  bool lost = false;
  Duration delay{};
  std::optional<Duration> copy;  // a duplicate arrives after this long, in the same state
  // Damage. What is left of the packet arrives, and QUIC's authentication refuses it; a network
  // without bytes to damage takes it for lost.
  std::uint64_t flips = 0;            // not 0: random bits that say which bits of it flip
  std::optional<std::uint64_t> kept;  // so many of its first bytes are left
  // The sender's mapping: where the packet seems to come from (Paths::mapping).
  std::uint32_t mapping = 0;

  bool arrives_whole() const { return !lost && flips == 0 && !kept; }
};

// Does to a UDP payload what its fate says.
void damage(const Fate& fate, std::vector<std::uint8_t>& payload);

class Paths {
 public:
  // `hosts`: how many there are. Without faults every packet takes `latency`, and `loss_ppm` of a
  // million are lost.
  Paths(Keyed keyed, std::size_t hosts, Latency latency, std::uint32_t loss_ppm);

  // `index` is the fault's place in the plan: it names its counter, and its draws if it has no id.
  void begin(std::size_t index, const Fault& fault);
  void end(std::size_t index);

  // Between these two only another latency applies (the first that names them).
  void set_latency(const std::vector<HostIndex>& from, const std::vector<HostIndex>& to,
                   Latency latency);

  // The host's NAT gives it a new address; fault `index` did that.
  void rebind(std::size_t index, HostIndex host);
  // How often that has happened. Others see its packets come from its port plus this number, and
  // reach it there and nowhere else.
  std::uint32_t mapping(HostIndex host) const {
    return bindings_.empty() ? 0 : bindings_[host].mapping;
  }

  Fate pass(Moment now, const Packet& packet);

  // True if nothing can be lost on this path now, so that a caller may skip the draws.
  bool quiet(HostIndex from, HostIndex to) const;

  // From now on remembers which packets this fault alone would have lost, by their names.
  void remember_losses(std::size_t index) { remembered_ = index; }
  const std::vector<PacketName>& losses() const { return losses_; }

  // Told of every packet that is sent.
  using Watcher = std::function<void(Moment, const Packet&, const Fate&)>;
  void on_packet(Watcher watcher) { watcher_ = std::move(watcher); }

  // Since then, was a packet between these two lost or damaged, either way?
  bool lost_since(HostIndex x, HostIndex y, Moment since) const;

  // Packets that the fault changed.
  std::uint64_t effects(std::size_t index) const;

  std::uint64_t packets() const { return packets_; }
  std::uint64_t packets_lost() const { return packets_lost_; }

 private:
  struct Active {
    std::size_t index = 0;
    Fault fault;
    std::vector<bool> from;  // by host
    std::vector<bool> to;
    std::vector<std::uint32_t> group;                               // by host; 0: in none
    std::map<std::pair<HostIndex, HostIndex>, Moment> free_at;      // bandwidth: end of the queue
    std::map<std::pair<HostIndex, HostIndex>, std::uint64_t> sent;  // where packets have names
  };

  struct Binding {
    std::uint32_t mapping = 0;
    std::size_t fault = 0;  // the latest
  };

  const Latency& latency(HostIndex from, HostIndex to) const;
  void translate(const Packet& packet, Fate& fate);
  bool matches(const Active& active, HostIndex from, HostIndex to) const;
  // Applies one fault to `fate`. True: it changed something.
  bool apply(Active& active, Moment now, const Packet& packet, Fate& fate);

  Keyed keyed_;
  std::size_t hosts_;
  Latency latency_;
  std::vector<Latency> others_;
  std::vector<std::uint8_t>
      which_;                      // by from * hosts + to: 0, or 1 + index of others_; may be empty
  std::vector<Binding> bindings_;  // by host; empty until the first
  std::uint32_t loss_ppm_;
  std::vector<Active> active_;  // in plan order
  std::vector<std::uint64_t> effects_;
  std::optional<std::size_t> remembered_;
  std::vector<PacketName> losses_;
  std::map<std::pair<HostIndex, HostIndex>, Moment> last_loss_;  // by pair, the lower host first
  Watcher watcher_;
  std::uint64_t packets_ = 0;
  std::uint64_t packets_lost_ = 0;
};

}  // namespace rpcnet::sim
