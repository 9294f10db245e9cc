// How long a packet is under way when nothing is wrong: a distribution in integers.
#pragma once

#include <cstdint>

#include "engine/instant.h"

namespace rpcnet::sim {

enum class LatencyShape : std::uint8_t {
  fixed,        // `base`
  uniform,      // `base` to `base + spread`
  exponential,  // `base`, and an exponential one with mean `spread`, at most 16 times that
  tailed,       // uniform; one in a thousand up to 20 times `spread` more (FoundationDB's shape)
};

struct Latency {
  LatencyShape shape = LatencyShape::uniform;
  Duration base = std::chrono::microseconds(100);
  Duration spread = std::chrono::microseconds(300);

  // `chance` is 64 random bits.
  Duration draw(std::uint64_t chance) const;

  friend bool operator==(const Latency&, const Latency&) = default;
};

}  // namespace rpcnet::sim
