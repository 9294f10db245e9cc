// Cuts a stream's bytes into frames: a varint length and as many bytes.
#pragma once

#include <cstddef>
#include <optional>

#include "engine/bytes.h"

namespace rpcnet::swim {

// A longer frame is against the grammar. Wide enough for the tags of one member at their longest.
inline constexpr std::size_t kFrameMax = 65'536;

class FrameBuffer {
 public:
  void append(BytesView bytes) { buffer_.insert(buffer_.end(), bytes.begin(), bytes.end()); }

  // The next whole frame's content, valid until append(); nullopt: more bytes are needed.
  std::optional<BytesView> next();

  // A length over kFrameMax was announced: nothing more can be read.
  bool broken() const { return broken_; }

  // Neither a begun frame nor a whole one is waiting.
  bool empty() const { return taken_ == buffer_.size(); }

 private:
  Bytes buffer_;
  std::size_t taken_ = 0;
  bool broken_ = false;
};

}  // namespace rpcnet::swim
