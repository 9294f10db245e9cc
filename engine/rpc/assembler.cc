// Frames out of pieces.
#include "engine/rpc/assembler.h"

#include <algorithm>
#include <utility>

namespace rpcnet::rpc {
namespace {

// The least that a buffer for a frame in several pieces is given, so that a peer that sends byte
// by byte does not make it grow from one.
constexpr std::size_t kReserveMin = 512;

// A buffer that is too small becomes so many times what is needed, up to the frame's length: what a
// peer sent costs at most that, whatever length it claims, and large messages are copied little.
constexpr std::size_t kGrowth = 8;

std::uint64_t max_length(FrameType type, const RpcConfig& config) {
  return type == FrameType::message ? config.message_max : config.metadata_max + kHeaderSlack;
}

}  // namespace

Assembler::Step Assembler::next(BytesView& input, const RpcConfig& config) {
  if (stage_ == Stage::done) {
    stage_ = Stage::head;
    head_size_ = 0;
    whole_ = {};
    if (partial_.capacity() > 0) partial_ = Bytes();
  }
  if (stage_ == Stage::head) {
    const bool complete = read_head(input);
    if (head_size_ > 0 && !is_frame_type(head_[0])) return Step::unknown_type;
    if (!complete) return Step::need_more;
    if (length_ > max_length(type(), config)) return Step::too_large;
    stage_ = Stage::payload;
  }
  const auto missing = static_cast<std::size_t>(length_) - partial_.size();
  if (partial_.empty() && input.size() >= missing) {
    whole_ = input.first(missing);
  } else {
    const std::size_t size = std::min(missing, input.size());
    keep(input.first(size));
    if (size < missing) {
      input = {};
      return Step::need_more;
    }
  }
  input = input.subspan(missing);
  stage_ = Stage::done;
  return Step::frame;
}

Bytes Assembler::take() {
  if (whole_.data() == nullptr) return std::exchange(partial_, {});
  copied_ += whole_.size();
  return {whole_.begin(), whole_.end()};
}

// Type, then a varint (RFC 9000 16) whose first byte tells its size.
bool Assembler::read_head(BytesView& input) {
  // Nearly always it is all there, and short: a length of one byte or two.
  if (head_size_ == 0 && input.size() >= 3 && input[1] < 0x80) {
    const bool one = input[1] < 0x40;
    head_[0] = input[0];
    head_[1] = input[1];
    head_size_ = one ? 2 : 3;
    length_ = one ? input[1] : (input[1] & 0x3fu) << 8 | input[2];
    input = input.subspan(head_size_);
    return true;
  }
  const auto size = [this]() -> std::size_t {
    return head_size_ < 2 ? 2 : 1 + (std::size_t{1} << (head_[1] >> 6));
  };
  while (head_size_ < size()) {
    if (input.empty()) return false;
    head_[head_size_++] = input.front();
    input = input.subspan(1);
  }
  length_ = head_[1] & 0x3f;
  for (std::size_t i = 2; i < head_size_; ++i) length_ = length_ << 8 | head_[i];
  return true;
}

void Assembler::keep(BytesView bytes) {
  const std::size_t needed = partial_.size() + bytes.size();
  if (needed > partial_.capacity()) {
    const std::size_t grown = std::max(kGrowth * needed, kReserveMin);
    partial_.reserve(std::min(grown, static_cast<std::size_t>(length_)));
    copied_ += partial_.size();
  }
  partial_.insert(partial_.end(), bytes.begin(), bytes.end());
  copied_ += bytes.size();
}

}  // namespace rpcnet::rpc
