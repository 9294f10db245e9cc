// Replay: a recording fed to a new node, and whether the same came out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/node.h"
#include "engine/recording.h"

namespace rpcnet {

class Replay {
 public:
  // The bytes outlive it.
  explicit Replay(BytesView bytes);
  ~Replay();
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  // Absent: the bytes are no recording; fault() says why.
  const std::optional<recording::Header>& header() const;

  struct Step {
    std::uint64_t number = 0;  // of the input, from 0
    recording::InputRecord input;
    std::vector<Output> outputs;  // of the replay; redacted unless payloads were recorded
    recording::ResultRecord replayed;
    // Absent: the recording ends before it says; nothing is compared.
    std::optional<recording::ResultRecord> recorded;

    bool equal() const { return !recorded || *recorded == replayed; }
  };

  // The input that next() will feed; null: none.
  const recording::InputRecord* upcoming() const;
  std::uint64_t offset() const;  // how far the bytes are read

  // The next input and what came of it. nullopt: the recording is over (fault(), ended()), or a
  // tally in it is not that of the replay (difference()).
  std::optional<Step> next();

  const recording::Fault& fault() const;
  // The recording's last record, if it has one that says so.
  const std::optional<recording::EndRecord>& ended() const;
  // A tally of the recording that differs from ours, although all results were equal.
  const std::optional<recording::Tally>& difference() const;
  const recording::Tally& tally() const;  // of the replay so far
  std::uint64_t checkpoints() const;      // that were compared and are equal
  const Node& node() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace rpcnet
