// Our direction of one stream: frames become writes, and what the peer has not acknowledged yet is
// counted, so that a slow peer slows the application instead of filling memory.
//
// Above RpcConfig::send_buffer_max the call is not writable, and the transport is asked to say
// when half of that is reached again. What the transport really holds is never more than what is
// counted here.
#pragma once

#include <cstddef>

#include "engine/bytes.h"
#include "engine/output.h"
#include "engine/rpc/frame.h"
#include "engine/rpc/shared.h"
#include "engine/rpc/stream_key.h"

namespace rpcnet::rpc {

// Up to here a message is copied behind its head: one write costs the transport more than that.
// Beyond, it is moved.
inline constexpr std::size_t kCopyMax = 1024;

inline bool is_small(const Bytes& message) { return message.size() <= kCopyMax; }

// How many bytes append_small, or the head alone of a larger message, adds to a buffer.
std::size_t message_room(const Bytes& message);

// A whole message frame, copied.
void append_small(Bytes& frames, const Bytes& message);

class Sender {
 public:
  // Will a message of this size be taken? Always while writable, else up to twice the limit.
  bool accepts(std::size_t size, const RpcConfig& config) const {
    return writable(config) || pending_ + size <= 2 * config.send_buffer_max;
  }
  bool writable(const RpcConfig& config) const { return pending_ <= config.send_buffer_max; }

  // Counts what waits elsewhere because the stream is not open yet; opened() forgets it again.
  void wait(const Bytes& message) {
    pending_ += message_head_size(message.size()) + message.size();
  }
  void opened() { pending_ = 0; }

  // Writes whole frames. Nothing is written if there are none and no fin.
  void write(Shared& shared, const StreamKey& at, Bytes frames, bool fin, Outbox& out);

  // Writes `frames` and then one message: in one write if the message is small (it is copied behind
  // them), else the message is moved into a write of its own.
  void write_message(Shared& shared, const StreamKey& at, Bytes frames, Bytes message, bool fin,
                     Outbox& out);

  // The transport answered. True: the call was not writable and is now.
  bool on_drained(const RpcConfig& config);

  // Nothing can be written any more: after fin, or when the peer stopped or we reset.
  bool closed() const { return closed_; }
  void close() {
    closed_ = true;
    pending_ = 0;
  }

 private:
  std::size_t pending_ = 0;  // written and perhaps not acknowledged, at most
  bool watching_ = false;    // a StreamDrained will come
  bool closed_ = false;
};

}  // namespace rpcnet::rpc
