#include "io/quic/core/streams.h"

#include <algorithm>

#include "engine/assert.h"

namespace rpcnet::quic {

Stream& Streams::add(StreamId id, bool opened_by_peer) {
  const auto [place, fresh] = streams_.try_emplace(id, id, opened_by_peer);
  ENGINE_ASSERT(fresh);
  return place->second;
}

Stream* Streams::find(StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

void Streams::remove(Stream& stream) {
  leave(stream);
  streams_.erase(stream.id);
}

bool Streams::any_live() const {
  return std::any_of(streams_.begin(), streams_.end(), [](const auto& entry) {
    return entry.second.reading || entry.second.out.unacknowledged() > 0;
  });
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
