#include "io/quic/core/streams.h"

#include <algorithm>
#include <utility>

#include "engine/assert.h"

namespace rpcnet::quic {

Stream& Streams::add(StreamId id, bool opened_by_peer) {
  ENGINE_ASSERT(!index_.contains(id));
  if (free_.empty()) {
    const std::size_t first = blocks_.size() * kBlock;
    blocks_.push_back(std::make_unique<Block>());
    for (std::size_t i = kBlock; i > 0; --i) {
      free_.push_back(static_cast<std::uint32_t>(first + i - 1));
    }
  }
  const std::uint32_t place = free_.back();
  free_.pop_back();
  index_.set(id, place);
  Stream& stream = at(place);
  stream.id = id;
  stream.place = place;
  stream.opened_by_peer = opened_by_peer;
  stream.open = true;
  return stream;
}

Stream* Streams::find(StreamId id) {
  const std::uint32_t place = index_.find(id);
  return place == KeyIndex<StreamId>::kNone ? nullptr : &at(place);
}

void Streams::remove(Stream& stream) {
  leave(stream);
  free_.push_back(stream.place);
  index_.erase(stream.id);
  stream.open = false;
  stream.out.reset();
  stream.unconsumed = 0;
  stream.reading = true;
  stream.writing = true;
  stream.blocked = false;
  stream.drain_mark.reset();
}

bool Streams::any_live() const {
  return std::any_of(blocks_.begin(), blocks_.end(), [](const auto& block) {
    return std::any_of(block->begin(), block->end(), [](const Stream& stream) {
      return stream.open && (stream.reading || stream.out.unacknowledged() > 0);
    });
  });
}

std::vector<StreamId> Streams::unacknowledged_answers() const {
  std::vector<StreamId> answers;
  for (const auto& block : blocks_) {
    for (const Stream& stream : *block) {
      if (!stream.open || !stream.opened_by_peer || stream.out.unacknowledged() == 0) continue;
      answers.push_back(stream.id);
    }
  }
  return answers;
}

bool Streams::is_unacknowledged(StreamId id) const {
  const std::uint32_t place = index_.find(id);
  return place != KeyIndex<StreamId>::kNone && at(place).out.unacknowledged() > 0;
}

std::uint64_t Streams::unconsumed() const {
  std::uint64_t bytes = 0;
  for (const auto& block : blocks_) {
    for (const Stream& stream : *block) bytes += stream.unconsumed;
  }
  return bytes;
}

void Streams::wake(Stream& stream) {
  if (stream.next != nullptr || stream.blocked || !stream.writing) return;
  if (!stream.out.has_something()) return;
  if (front_ == nullptr) {
    front_ = stream.next = stream.previous = &stream;
    return;
  }
  // In front of the one whose turn it is means last in line.
  stream.next = front_;
  stream.previous = front_->previous;
  stream.previous->next = &stream;
  front_->previous = &stream;
}

void Streams::leave(Stream& stream) {
  if (stream.next == nullptr) return;
  if (stream.next == &stream) {
    front_ = nullptr;
  } else {
    stream.previous->next = stream.next;
    stream.next->previous = stream.previous;
    if (front_ == &stream) front_ = stream.next;
  }
  stream.next = stream.previous = nullptr;
}

Stream* Streams::front_with_only_fin() const {
  Stream* stream = front_;
  if (stream == nullptr) return nullptr;
  do {
    if (stream->out.unsent_bytes() == 0) return stream;
    stream = stream->next;
  } while (stream != front_);
  return nullptr;
}

}  // namespace rpcnet::quic
