// The only readers of the operating system's clock and entropy.
//
// system.cc also defines the functions of io/quic/tls_hooks.h for programs that touch the network.
#pragma once

#include <cstdint>
#include <span>

#include "engine/instant.h"
#include "io/quic/boundary.h"

namespace rpcnet {

// The time since the machine started, without the time it was suspended (CLOCK_MONOTONIC).
//
// Not CLOCK_BOOTTIME: timers wait on CLOCK_MONOTONIC, and deadlines must come from the clock that
// wakes us up. And what a suspended machine did not hear is no evidence against its peers: after it
// wakes, silence is counted from there.
Instant system_now();

// getrandom(2). A system without entropy cannot speak TLS: a failure ends the process.
void system_entropy(std::span<std::uint8_t> out);
std::uint64_t system_random_number();

class SystemEntropy final : public quic::Entropy {
 public:
  void fill(std::span<std::uint8_t> out) override { system_entropy(out); }
};

}  // namespace rpcnet
