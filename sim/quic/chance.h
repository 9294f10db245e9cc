// A process's unpredictable bytes: a keyed stream, one for each use, so that no process's draws
// shift another's.
#pragma once

#include <cstdint>
#include <span>

#include "io/quic/boundary.h"
#include "sim/keyed.h"

namespace rpcnet::sim {

// What a stream of bytes is for: the purpose of its draws.
enum class ChanceUse : std::uint64_t { tls = 1, quic = 2, certificate = 3 };

class Chance final : public quic::Entropy {
 public:
  // `entity` names the process: its host and which of its lives.
  Chance(Keyed keyed, std::uint64_t entity, ChanceUse use)
      : keyed_(keyed), entity_(entity), purpose_(static_cast<std::uint64_t>(use)) {}

  void fill(std::span<std::uint8_t> out) override {
    while (!out.empty()) {
      std::uint64_t word = keyed_.draw({Domain::entropy, entity_, purpose_, counter_++});
      const std::size_t size = out.size() < 8 ? out.size() : 8;
      for (std::size_t i = 0; i < size; ++i, word >>= 8) out[i] = static_cast<std::uint8_t>(word);
      out = out.subspan(size);
    }
  }

 private:
  Keyed keyed_;
  std::uint64_t entity_;
  std::uint64_t purpose_;
  std::uint64_t counter_ = 0;
};

}  // namespace rpcnet::sim
