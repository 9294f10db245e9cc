// The names of the faults, as plan files spell them.
#include "sim/fault.h"

namespace rpcnet::sim {

const char* to_text(FaultKind kind) {
  switch (kind) {
    case FaultKind::loss: return "loss";
    case FaultKind::burst_loss: return "burst-loss";
    case FaultKind::duplicate: return "duplicate";
    case FaultKind::reorder: return "reorder";
    case FaultKind::corrupt: return "corrupt";
    case FaultKind::truncate: return "truncate";
    case FaultKind::latency: return "latency";
    case FaultKind::bandwidth: return "bandwidth";
    case FaultKind::mtu: return "mtu";
    case FaultKind::cut: return "cut";
    case FaultKind::hold: return "hold";
    case FaultKind::drop: return "drop";
    case FaultKind::partition: return "partition";
    case FaultKind::crash: return "crash";
    case FaultKind::power_off: return "power-off";
    case FaultKind::restart: return "restart";
    case FaultKind::replace: return "replace";
    case FaultKind::join: return "join";
    case FaultKind::leave: return "leave";
    case FaultKind::pause: return "pause";
    case FaultKind::slow: return "slow";
    case FaultKind::clock_jump: return "clock-jump";
    case FaultKind::clock_drift: return "clock-drift";
    case FaultKind::rebind: return "rebind";
  }
  return "?";
}

std::optional<FaultKind> parse_fault_kind(std::string_view text) {
  for (const FaultKind kind : kFaultKinds) {
    if (text == to_text(kind)) return kind;
  }
  return std::nullopt;
}

}  // namespace rpcnet::sim
