// What a host remembers of a call while somebody holds it: shared by the table, which the engine's
// events reach, and by the application's ClientCall or ServerCall.
#pragma once

#include <asio/cancellation_signal.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "engine/bytes.h"
#include "engine/output.h"
#include "engine/status.h"
#include "io/core/wakeup.h"

namespace rpcnet::core {

class Core;

// Messages that have arrived and were not taken. The engine's credit bounds it.
struct Inbox {
  std::deque<Bytes> messages;
  std::uint64_t taken = 0;
  bool complete = false;  // nothing further will come

  Bytes take() {
    Bytes message = std::move(messages.front());
    messages.pop_front();
    ++taken;
    return message;
  }
};

struct OutgoingCall {
  explicit OutgoingCall(Runner& runner) : readable(runner), writable(runner), over(runner) {}

  Core* core = nullptr;  // null: the call is over, or its host is
  CallId id;
  bool unary = false;       // exactly one message is expected
  bool half_closed = false;
  Inbox inbox;
  Metadata headers;
  Metadata trailers;
  std::optional<Status> fault;  // found on this side; wins over what the engine says
  std::optional<Status> end;
  Wakeup readable;
  Wakeup writable;
  Wakeup over;
};

struct IncomingCall {
  IncomingCall(Runner& runner, CallArrived arrived_in)
      : arrived(std::move(arrived_in)), readable(runner), writable(runner) {}

  Core* core = nullptr;  // null: the call is over, or its host is
  CallArrived arrived;
  bool cancelled = false;
  Inbox inbox;
  Metadata trailers;
  std::optional<Status> fault;  // of this side, such as a message over the limit
  Wakeup readable;
  Wakeup writable;
  asio::cancellation_signal cancel;
};

}  // namespace rpcnet::core
