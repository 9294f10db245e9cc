#include "io/quic/core/send_queue.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "engine/assert.h"

namespace rpcnet::quic {

namespace {

constexpr std::size_t kSmall = 1024;      // chunks up to this are worth a copy
constexpr std::size_t kBlock = 8 * 1024;  // what a second small chunk allocates
constexpr std::size_t kRoomMax = 64;      // chunks; a queue that was longer starts anew

}  // namespace

void SendQueue::append(Bytes bytes) {
  ENGINE_ASSERT(!finished_);
  if (bytes.empty()) return;
  written_ += bytes.size();
  if (bytes.size() <= kSmall && first_ < chunks_.size()) {
    Bytes& last = chunks_.back();
    // Within the capacity an insert moves nothing, so what ngtcp2 points to stays put.
    if (last.capacity() - last.size() >= bytes.size()) {
      last.insert(last.end(), bytes.begin(), bytes.end());
      return;
    }
    if (last.size() <= kBlock) {
      Bytes block;
      block.reserve(kBlock);
      block.insert(block.end(), bytes.begin(), bytes.end());
      chunks_.push_back(std::move(block));
      return;
    }
  }
  chunks_.push_back(std::move(bytes));
}

std::size_t SendQueue::unsent(std::span<ngtcp2_vec> out) const {
  std::size_t count = 0;
  std::size_t byte = next_byte_;
  for (std::size_t i = next_chunk_; i < chunks_.size() && count < out.size(); ++i, byte = 0) {
    const Bytes& chunk = chunks_[i];
    if (byte == chunk.size()) continue;
    // ngtcp2_vec has no const form; ngtcp2 only reads (ngtcp2_conn_writev_stream).
    out[count++] = {const_cast<std::uint8_t*>(chunk.data()) + byte, chunk.size() - byte};
  }
  return count;
}

void SendQueue::on_sent(std::uint64_t bytes, bool with_fin) {
  sent_ += bytes;
  ENGINE_ASSERT(sent_ <= written_);
  next_byte_ += static_cast<std::size_t>(bytes);
  while (next_chunk_ < chunks_.size() && next_byte_ >= chunks_[next_chunk_].size()) {
    // A full last chunk stays the place to append to, so the position stays at its end.
    if (next_chunk_ + 1 == chunks_.size()) break;
    next_byte_ -= chunks_[next_chunk_].size();
    ++next_chunk_;
  }
  if (with_fin) fin_sent_ = true;
}

std::uint64_t SendQueue::on_acknowledged(std::uint64_t offset) {
  if (offset <= acknowledged_) return 0;
  ENGINE_ASSERT(offset <= sent_);
  const std::uint64_t freed = offset - acknowledged_;
  acknowledged_ = offset;
  while (first_ < chunks_.size() && front_offset_ + chunks_[first_].size() <= acknowledged_) {
    drop_front();
  }
  return freed;
}

void SendQueue::drop_front() {
  front_offset_ += chunks_[first_].size();
  chunks_[first_] = Bytes();
  if (next_chunk_ == first_) {
    ++next_chunk_;
    next_byte_ = 0;
  }
  ++first_;
  if (first_ == chunks_.size()) {
    chunks_.clear();
  } else if (2 * first_ >= std::max(chunks_.size(), kRoomMax)) {
    // What lies behind moves up once at least as much has gone: each chunk moves about once.
    chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(first_));
  } else {
    return;
  }
  next_chunk_ -= first_;
  first_ = 0;
}

std::uint64_t SendQueue::clear() {
  const std::uint64_t freed = unacknowledged();
  chunks_.clear();
  front_offset_ = acknowledged_ = sent_ = written_;
  first_ = next_chunk_ = next_byte_ = 0;
  finished_ = fin_sent_ = true;
  return freed;
}

void SendQueue::reset() {
  if (chunks_.capacity() > kRoomMax) chunks_ = {};
  chunks_.clear();
  front_offset_ = acknowledged_ = sent_ = written_ = 0;
  first_ = next_chunk_ = next_byte_ = 0;
  finished_ = fin_sent_ = false;
}

}  // namespace rpcnet::quic
