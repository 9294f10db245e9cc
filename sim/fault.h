// A fault as data: what goes wrong, for whom, from when to when.
//
// The same struct is a line of a plan file, what the world executes, and what a report counts.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/moment.h"

namespace rpcnet::sim {

enum class FaultKind : std::uint8_t {
  // The network, for packets from `from` to `to`; everybody where a list is empty.
  loss,        // each packet with probability ppm
  burst_loss,  // in `ppm` of all slots of `micros`, every packet
  duplicate,   // each packet with probability ppm, again up to `micros` later
  reorder,     // each packet with probability ppm is late by up to `micros`
  corrupt,     // bits of each packet flip with probability ppm
  truncate,    // each packet loses its end with probability ppm
  latency,     // every packet takes `micros` more, and up to `spread_micros` on top
  bandwidth,   // `bytes_per_second`, with a queue of `queue_bytes`; what does not fit is dropped
  mtu,         // packets of more than `bytes` do not fit
  cut,         // nothing gets through
  hold,        // nothing gets through until the end, then everything at once
  drop,        // exactly the `packets` are lost: what shrinking makes of the kinds above
  partition,   // nothing gets from one of `groups` to another; who is in none is not affected
  // Hosts.
  crash,        // the process dies; its host says that nobody listens (ICMP)
  power_off,    // the host is gone: silence
  restart,      // a dead process or host comes back, with its name and nothing remembered
  replace,      // a dead host comes back under a name that nobody has had before
  join,         // the hosts are kept back at the beginning of the run and start now, all at once
  leave,        // the process says farewell and then ends
  pause,        // the process does nothing; what arrives piles up
  slow,         // each input costs the process `micros`
  clock_jump,   // its clock jumps ahead by `micros`
  clock_drift,  // its clock gains `ppm` microseconds a second (may be negative)
  rebind,       // its NAT forgets: what it sends comes from another address from now on, and what
                // is sent to the old one is lost. For clients: nobody could join through it
};

inline constexpr std::array kFaultKinds{
    FaultKind::loss,      FaultKind::burst_loss, FaultKind::duplicate,   FaultKind::reorder,
    FaultKind::corrupt,   FaultKind::truncate,   FaultKind::latency,     FaultKind::bandwidth,
    FaultKind::mtu,       FaultKind::cut,        FaultKind::hold,        FaultKind::drop,
    FaultKind::partition, FaultKind::crash,      FaultKind::power_off,   FaultKind::restart,
    FaultKind::replace,   FaultKind::join,       FaultKind::leave,       FaultKind::pause,
    FaultKind::slow,      FaultKind::clock_jump, FaultKind::clock_drift, FaultKind::rebind};

const char* to_text(FaultKind kind);
std::optional<FaultKind> parse_fault_kind(std::string_view text);

constexpr bool is_network(FaultKind kind) { return kind <= FaultKind::partition; }

// Does it end by itself, at `until`?
constexpr bool has_end(FaultKind kind) {
  return is_network(kind) || kind == FaultKind::pause || kind == FaultKind::slow ||
         kind == FaultKind::clock_drift;
}

// Might it, while it lasts, make a running process look dead?
constexpr bool may_accuse(FaultKind kind) {
  switch (kind) {
    case FaultKind::restart:
    case FaultKind::join:
    case FaultKind::duplicate:
    case FaultKind::crash:
    case FaultKind::power_off:
    case FaultKind::replace:
    case FaultKind::leave: return false;
    default: return true;
  }
}

// One packet of a run: the `nth` (from 1) that `from` sends to `to` after the fault began.
struct PacketName {
  HostIndex from = 0;
  HostIndex to = 0;
  std::uint64_t nth = 1;

  friend auto operator<=>(const PacketName&, const PacketName&) = default;
};

struct Fault {
  FaultKind kind{};
  // Names its draws; without one its place in the plan does. A line keeps its own when lines
  // before it are taken out, so that it goes on doing what it did.
  std::optional<std::uint64_t> id;
  Duration at{};  // since the beginning of the run
  Duration until{};
  std::vector<HostIndex> from;
  std::vector<HostIndex> to;
  bool both_ways = false;  // `from` and `to` change places too
  std::vector<std::vector<HostIndex>> groups;
  std::vector<HostIndex> hosts;
  std::vector<PacketName> packets;  // sorted
  std::int64_t ppm = 0;
  std::int64_t micros = 0;
  std::int64_t spread_micros = 0;
  std::int64_t bytes_per_second = 0;
  std::int64_t queue_bytes = 0;
  std::int64_t bytes = 0;

  friend bool operator==(const Fault&, const Fault&) = default;
};

}  // namespace rpcnet::sim
