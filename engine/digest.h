// One number for the content of anything that goes into or comes out of a node.
#pragma once

#include <cstdint>

#include "engine/command.h"
#include "engine/output.h"
#include "engine/transport.h"

namespace rpcnet {

std::uint64_t digest(const Fact& fact);
std::uint64_t digest(const Order& order);
std::uint64_t digest(const Event& event);
std::uint64_t digest(const Command& command);

}  // namespace rpcnet
