// What an EndpointConfig may be; see engine/config_bounds.h.
#pragma once

#include <optional>
#include <string>

#include "io/quic/config.h"

namespace rpcnet::quic {

// The first number out of its bounds, in words. nullopt: all are within.
std::optional<std::string> fault_of(const EndpointConfig& config);

}  // namespace rpcnet::quic
