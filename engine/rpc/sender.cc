// Writing frames, and counting what is under way.
#include "engine/rpc/sender.h"

#include <algorithm>
#include <utility>

#include "engine/rpc/frame.h"

namespace rpcnet::rpc {

std::size_t message_room(const Bytes& message) {
  return message_head_size(message.size()) + (is_small(message) ? message.size() : 0);
}

void append_small(Bytes& frames, const Bytes& message) {
  append_message_head(frames, message.size());
  frames.insert(frames.end(), message.begin(), message.end());
}

void Sender::write(Shared& shared, const StreamKey& at, Bytes frames, bool fin, Outbox& out) {
  if (frames.empty() && !fin) return;
  pending_ += frames.size();
  shared.counters.bytes_sent += frames.size();
  if (fin) closed_ = true;
  out.push(WriteStream{at.link, at.stream, std::move(frames), fin});
  if (closed_ || watching_ || writable(shared.config)) return;
  watching_ = true;
  out.push(WatchDrain{at.link, at.stream, shared.config.send_buffer_max / 2});
}

void Sender::write_message(Shared& shared, const StreamKey& at, Bytes frames, Bytes message,
                           bool fin, Outbox& out) {
  ++shared.counters.messages_sent;
  if (frames.empty()) frames.reserve(message_room(message));
  if (is_small(message)) {
    append_small(frames, message);
    write(shared, at, std::move(frames), fin, out);
    return;
  }
  append_message_head(frames, message.size());
  write(shared, at, std::move(frames), false, out);
  write(shared, at, std::move(message), fin, out);
}

bool Sender::on_drained(const RpcConfig& config) {
  if (!std::exchange(watching_, false)) return false;
  const bool was_writable = writable(config);
  // At most the low mark was unacknowledged when the transport said so.
  pending_ = std::min(pending_, config.send_buffer_max / 2);
  return !was_writable;
}

}  // namespace rpcnet::rpc
