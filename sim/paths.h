// What becomes of one packet between two hosts: lost, late, doubled, or delivered.
//
// Both fidelities ask here for each packet they send, so one plan means the same to both. A packet
// is decided when it leaves; a hold is known to end, so it is a delay.
#pragma once

#include <cstdint>
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
};

struct Fate {
  bool lost = false;
  Duration delay{};
  std::optional<Duration> copy;  // a duplicate arrives after this long
};

class Paths {
 public:
  // `hosts`: how many there are. Without faults every packet takes `latency`, and `loss_ppm` of a
  // million are lost.
  Paths(Keyed keyed, std::size_t hosts, Latency latency, std::uint32_t loss_ppm);

  // `index` is the fault's place in the plan: it names its counter, and its draws if it has no id.
  void begin(std::size_t index, const Fault& fault);
  void end(std::size_t index);

  Fate pass(Moment now, const Packet& packet);

  // True if nothing at all can be lost on this path now, so that a caller may skip the draws.
  bool quiet(HostIndex from, HostIndex to) const;

  // From now on remembers which packets this fault alone would have lost, by their names.
  void remember_losses(std::size_t index) { remembered_ = index; }
  const std::vector<PacketName>& losses() const { return losses_; }

  // Packets that the fault changed.
  std::uint64_t effects(std::size_t index) const;

  std::uint64_t packets() const { return packets_; }
  std::uint64_t packets_lost() const { return packets_lost_; }

 private:
  struct Active {
    std::size_t index = 0;
    Fault fault;
    std::vector<bool> from;            // by host
    std::vector<bool> to;
    std::vector<std::uint32_t> group;  // by host; 0: in none
    std::map<std::pair<HostIndex, HostIndex>, Moment> free_at;  // bandwidth: end of the queue
    std::map<std::pair<HostIndex, HostIndex>, std::uint64_t> sent;  // where packets have names
  };

  bool matches(const Active& active, HostIndex from, HostIndex to) const;
  // Applies one fault to `fate`. True: it changed something.
  bool apply(Active& active, Moment now, const Packet& packet, Fate& fate);

  Keyed keyed_;
  std::size_t hosts_;
  Latency latency_;
  std::uint32_t loss_ppm_;
  std::vector<Active> active_;  // in plan order
  std::vector<std::uint64_t> effects_;
  std::optional<std::size_t> remembered_;
  std::vector<PacketName> losses_;
  std::uint64_t packets_ = 0;
  std::uint64_t packets_lost_ = 0;
};

}  // namespace rpcnet::sim
