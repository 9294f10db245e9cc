// Byte by byte but for the contents of messages.
#include "engine/recording/frame_mask.h"

#include <algorithm>
#include <string_view>

#include "engine/rpc/frame.h"

namespace rpcnet::recording {
namespace {

// Keys that begin so are the library's (engine/status.h).
constexpr std::string_view kOurs = "rpcnet-";

}  // namespace

Bytes FrameMask::pass(BytesView bytes) {
  Bytes masked(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    if (stage_ == Stage::lost) break;
    if (stage_ == Stage::content) {
      const std::uint64_t size = std::min<std::uint64_t>(frame_left_, bytes.size() - at);
      frame_left_ -= size;
      at += static_cast<std::size_t>(size);
      if (frame_left_ == 0) stage_ = Stage::type;
      continue;
    }
    masked[at] = step(bytes[at]);
    ++at;
  }
  return masked;
}

// RFC 9000 16; true: `number_` is whole.
bool FrameMask::varint(std::uint8_t byte) {
  if (!in_number_) {
    in_number_ = true;
    number_ = byte & 0x3f;
    number_left_ = static_cast<std::uint8_t>((1U << (byte >> 6)) - 1);
  } else {
    number_ = number_ << 8 | byte;
    --number_left_;
  }
  if (number_left_ > 0) return false;
  in_number_ = false;
  return true;
}

std::uint8_t FrameMask::step(std::uint8_t byte) {
  const bool in_payload = stage_ != Stage::type && stage_ != Stage::length;
  if (in_payload) --frame_left_;
  std::uint8_t kept = byte;
  switch (stage_) {
    case Stage::type:
      type_ = byte;
      stage_ = rpc::is_frame_type(byte) ? Stage::length : Stage::lost;
      return kept;
    case Stage::length:
      if (varint(byte)) {
        frame_left_ = number_;
        begin_frame();
      }
      return kept;
    case Stage::number:
      if (varint(byte)) {
        begin_text(type_ == static_cast<std::uint8_t>(rpc::FrameType::trailer) ? Kind::words
                                                                               : Kind::method);
      }
      break;
    case Stage::size:
      if (varint(byte)) {
        text_left_ = number_;
        stage_ = Stage::text;
        if (kind_ == Kind::key) key_.clear();
        if (text_left_ == 0) end_text();
      }
      break;
    case Stage::text: {
      const bool ours = kind_ == Kind::value && key_.starts_with(kOurs);
      if (kind_ == Kind::key && key_.size() < kOurs.size()) key_ += static_cast<char>(byte);
      if (kind_ != Kind::key && kind_ != Kind::method && !ours) kept = 0;
      if (--text_left_ == 0) end_text();
      break;
    }
    case Stage::content:
    case Stage::lost: return 0;
  }
  // A payload ends where it ends, whatever its inside claims: the engine then refuses it.
  if (frame_left_ == 0) {
    stage_ = Stage::type;
    in_number_ = false;
  }
  return kept;
}

void FrameMask::begin_frame() {
  if (frame_left_ == 0) {
    stage_ = Stage::type;
    return;
  }
  switch (static_cast<rpc::FrameType>(type_)) {
    case rpc::FrameType::message: stage_ = Stage::content; return;
    case rpc::FrameType::response_header: return begin_text(Kind::key);
    case rpc::FrameType::request_header:
    case rpc::FrameType::trailer: stage_ = Stage::number; return;
  }
}

void FrameMask::begin_text(Kind kind) {
  kind_ = kind;
  stage_ = Stage::size;
}

void FrameMask::end_text() {
  switch (kind_) {
    case Kind::words: return begin_text(Kind::details);
    case Kind::key: return begin_text(Kind::value);
    case Kind::method:
    case Kind::details:
    case Kind::value: return begin_text(Kind::key);
  }
}

}  // namespace rpcnet::recording
