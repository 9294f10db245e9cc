// What was written to one stream and is not acknowledged yet.
//
// ngtcp2 does not copy stream data: it keeps pointers and reads them again for a retransmission.
// So a byte stays where it is from the write until its acknowledgement. Chunks are freed from the
// front as the acknowledged offset passes them.
#pragma once

#include <ngtcp2/ngtcp2.h>

#include <cstdint>
#include <span>
#include <vector>

#include "engine/bytes.h"

namespace rpcnet::quic {

class SendQueue {
 public:
  // Takes ownership. A small chunk is copied into spare room behind the one before it, so that many
  // small messages do not become as many allocations and iovecs.
  void append(Bytes bytes);
  void finish() { finished_ = true; }

  // Views of what was not given to ngtcp2 yet, as many as fit into `out`; how many were filled.
  std::size_t unsent(std::span<ngtcp2_vec> out) const;

  // ngtcp2 took the next `bytes`, and the end of the stream if `with_fin`.
  void on_sent(std::uint64_t bytes, bool with_fin);

  // Everything before `offset` was acknowledged; gives back how many bytes became free.
  std::uint64_t on_acknowledged(std::uint64_t offset);

  // Forgets everything, for a stream that was reset. Gives back how many bytes became free.
  std::uint64_t clear();

  // As new, with room for chunks kept.
  void reset();

  bool finished() const { return finished_; }
  bool fin_sent() const { return fin_sent_; }
  std::uint64_t unsent_bytes() const { return written_ - sent_; }
  bool has_something() const { return unsent_bytes() > 0 || (finished_ && !fin_sent_); }
  std::uint64_t unacknowledged() const { return written_ - acknowledged_; }

 private:
  void drop_front();

  std::vector<Bytes> chunks_;
  std::size_t first_ = 0;           // chunks before it are acknowledged, and empty
  std::uint64_t front_offset_ = 0;  // stream offset of the first byte of chunks_[first_]
  std::uint64_t acknowledged_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t written_ = 0;
  // Where `sent_` lies, so that a long queue is not walked for each packet.
  std::size_t next_chunk_ = 0;
  std::size_t next_byte_ = 0;
  bool finished_ = false;
  bool fin_sent_ = false;
};

}  // namespace rpcnet::quic
