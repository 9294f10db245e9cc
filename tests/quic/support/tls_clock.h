// The functions of io/quic/tls_hooks.h for these tests: a keyed stream, and a clock that the test
// moves.
#pragma once

#include <chrono>
#include <cstdint>

#include "engine/instant.h"

namespace rpcnet::test {

// Begins TLS's random stream anew.
void seed_tls(std::uint64_t seed);

// Today is when the program began; TLS sees today + `since_start`.
void set_tls_time(Duration since_start);

}  // namespace rpcnet::test
