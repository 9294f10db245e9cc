// The anomalies of the experiments as lines of a fault plan.
#pragma once

#include <vector>

#include "tests/experiments/lab.h"

namespace rpcnet::experiments {

// From `at` to `until` nothing that these hosts send or receive gets through; then all of it does,
// at once. Timers and clocks go on: Lifeguard's anomaly, a process whose message handling hangs.
Fault block(std::vector<HostIndex> hosts, Duration at, Duration until);

// Again and again: `on` with it, `off` without, from `at` until `end`.
std::vector<Fault> again_and_again(const Fault& fault, Duration on, Duration off, Duration end);

Fault loss(std::vector<HostIndex> from, std::vector<HostIndex> to, std::int64_t ppm, Duration at,
           Duration until);
Fault cut(std::vector<HostIndex> from, std::vector<HostIndex> to, Duration at, Duration until);
Fault partition(std::vector<std::vector<HostIndex>> groups, Duration at, Duration until);
Fault host_fault(FaultKind kind, std::vector<HostIndex> hosts, Duration at,
                 Duration until = Duration::zero(), std::int64_t micros = 0);

std::vector<HostIndex> range(HostIndex begin, HostIndex end);
std::vector<HostIndex> all_but(std::size_t nodes, const std::vector<HostIndex>& few);

}  // namespace rpcnet::experiments
