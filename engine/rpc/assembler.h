// Cuts the bytes of one stream direction into frames, as they come.
//
// Linear in what is received, whatever the pieces: a frame that lies inside one piece is not
// copied here at all, one that does not is copied once into a buffer which grows with what has
// really come, so a length that is only claimed reserves nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/bytes.h"
#include "engine/config.h"
#include "engine/rpc/frame.h"

namespace rpcnet::rpc {

class Assembler {
 public:
  enum class Step : std::uint8_t {
    need_more,     // the input is used up
    frame,         // type(), and payload() or take()
    unknown_type,  // not in the grammar
    too_large,     // type() and length() tell; nothing of the payload was kept
  };

  // Takes bytes from the front of `input` up to the end of the next frame. After unknown_type and
  // too_large the stream cannot be read any further.
  Step next(BytesView& input, const RpcConfig& config);

  // Of the frame that next() reached.
  FrameType type() const { return static_cast<FrameType>(head_[0]); }
  std::uint64_t length() const { return length_; }
  std::size_t head_size() const { return head_size_; }

  // Valid until the next call and while the input is.
  BytesView payload() const { return whole_.data() != nullptr ? whole_ : BytesView(partial_); }
  // Owned: one copy if the frame came in one piece, none if it was assembled.
  Bytes take();

  // Nothing of a further frame has come: the only place where a stream may end.
  bool between_frames() const { return stage_ == Stage::done || head_size_ == 0; }

  // Bytes copied so far, growth included: for the proof that decoding is linear.
  std::uint64_t copied() const { return copied_; }

 private:
  enum class Stage : std::uint8_t { head, payload, done };

  bool read_head(BytesView& input);
  void keep(BytesView bytes);

  Stage stage_ = Stage::head;
  std::array<std::uint8_t, kFrameHeadMax> head_{};
  std::uint8_t head_size_ = 0;
  std::uint64_t length_ = 0;
  BytesView whole_;
  Bytes partial_;
  std::uint64_t copied_ = 0;
};

}  // namespace rpcnet::rpc
