// The streams of one link: what is queued on each, and whose turn it is to be written.
//
// Knows nothing of packets. Streams that have something to send stand in a ring, so that each gets
// its share of every packet; one that the peer's flow control holds back leaves it until it is
// given credit.
//
// Every call is a stream, so a place is used again as it is, room for chunks included: a call costs
// no allocation here. Places are kept as long as the link; peer_streams_max bounds them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/ids.h"
#include "engine/key_index.h"
#include "io/quic/core/send_queue.h"

namespace rpcnet::quic {

struct Stream {
  StreamId id{};
  std::uint32_t place = 0;  // among the streams
  bool opened_by_peer = false;
  bool open = false;  // false: a place that is free
  SendQueue out;
  std::uint64_t unconsumed = 0;  // told to the engine, not given back by ConsumeStream
  bool reading = true;           // false: stopped by us or reset by the peer: no more facts
  bool writing = true;           // false: reset by us or stopped by the peer
  bool blocked = false;          // by the peer's flow control for this stream
  std::optional<std::uint64_t> drain_mark;

  // The ring. Null: not in it.
  Stream* next = nullptr;
  Stream* previous = nullptr;
};

class Streams {
 public:
  Stream& add(StreamId id, bool opened_by_peer);
  Stream* find(StreamId id);
  void remove(Stream& stream);

  // Is anything still expected of the peer? A stream that we gave up in both directions only waits
  // to be forgotten.
  bool any_live() const;

  // Those that the peer opened and that hold bytes of ours which it has not acknowledged.
  std::vector<StreamId> unacknowledged_answers() const;
  bool is_unacknowledged(StreamId id) const;

  // Bytes that readers were told of and have not given back, all streams together.
  std::uint64_t unconsumed() const;

  std::size_t size() const { return index_.size(); }

  // Puts the stream into the ring if it has something to send and may.
  void wake(Stream& stream);
  void leave(Stream& stream);

  // The stream whose turn it is, or null. rotate() gives the turn to the next.
  Stream* front() const { return front_; }
  void rotate() {
    if (front_ != nullptr) front_ = front_->next;
  }

  // A stream in the ring that has nothing but its end to send: that passes even when the link's own
  // flow control is exhausted.
  Stream* front_with_only_fin() const;

 private:
  static constexpr std::size_t kBlock = 4;  // an idle link keeps one
  using Block = std::array<Stream, kBlock>;

  Stream& at(std::uint32_t place) { return (*blocks_[place / kBlock])[place % kBlock]; }
  const Stream& at(std::uint32_t place) const { return (*blocks_[place / kBlock])[place % kBlock]; }

  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<std::uint32_t> free_;  // places
  KeyIndex<StreamId> index_;
  Stream* front_ = nullptr;
};

}  // namespace rpcnet::quic
