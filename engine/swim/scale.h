// How protocol times and counts follow the size of the cluster: logarithms by integers, so that
// every platform decides alike (DESIGN invariant 3).
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/config.h"
#include "engine/instant.h"

namespace rpcnet::swim {

// The binary logarithm times 2^32, rounded down. n must not be 0.
std::uint64_t log2_q32(std::uint64_t n);

// How many times an update is sent: ceil(factor * ln(n + 1)) (SWIM 4.1: lambda log n), at least 1.
std::uint32_t transmit_limit(std::uint32_t factor, std::size_t members);

// memberlist's: factor * ceil(log10(n + 1)), at least 1.
std::uint32_t transmit_limit_in_steps(std::uint32_t factor, std::size_t members);

// The least that a suspicion lasts: suspicion_min_milli / 1000 * max(1, log10(n)) * probe_interval,
// and not under suspicion_floor (memberlist, Lifeguard IV.B).
Duration suspicion_min(const SwimConfig& config, std::size_t members);

// How long it lasts once so many others than the first accuser have confirmed it (Lifeguard IV.B):
// from the most, suspicion_max_factor times the least, down to the least, by the logarithm. Of two
// members nobody is left to confirm anything: half of the most.
Duration suspicion_length(const SwimConfig& config, std::size_t members, std::size_t confirmations);

// How long between two comparisons of whole views: one interval up to 32 members, one more for
// each doubling (memberlist).
Duration sync_interval(const SwimConfig& config, std::size_t members);

}  // namespace rpcnet::swim
