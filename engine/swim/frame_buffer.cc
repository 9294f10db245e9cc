// Waiting for whole frames.
#include "engine/swim/frame_buffer.h"

#include "engine/wire/reader.h"

namespace rpcnet::swim {

std::optional<BytesView> FrameBuffer::next() {
  if (broken_) return std::nullopt;
  const BytesView rest = BytesView(buffer_).subspan(taken_);
  wire::Reader in(rest);
  const auto size = in.varint();
  broken_ = size && *size > kFrameMax;
  if (!size || broken_ || *size > in.left()) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
    return std::nullopt;
  }
  const auto content = in.bytes(*size);
  taken_ = buffer_.size() - in.left();
  return content;
}

}  // namespace rpcnet::swim
