// What a configuration may be: numbers that would hang a node, or that contradict each other, are
// told before one is made.
//
// The bounds are wide. Zero is within them where it means "never" or "off" (engine/config.h says
// where), and outside where a timer would fire for ever at the same moment.
#pragma once

#include <optional>
#include <string>

#include "engine/config.h"

namespace rpcnet {

// The first number out of its bounds, in words: "SwimConfig::sync_interval is 0 ms, expected 1 ms
// to 3650 days". nullopt: all are within.
std::optional<std::string> fault_of(const NodeConfig& config);
std::optional<std::string> fault_of(const RetryConfig& config);
std::optional<std::string> fault_of(const HedgeConfig& config);
std::optional<std::string> fault_of(const OutlierConfig& config);
std::optional<std::string> fault_of(const BatchConfig& config);

}  // namespace rpcnet
