// What the engine wants done and what it has to tell, in one order: that order is part of the
// result (DESIGN invariant 2) and is the golden trace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/bytes.h"
#include "engine/ids.h"
#include "engine/instant.h"
#include "engine/member.h"
#include "engine/status.h"
#include "engine/transport.h"

namespace rpcnet {

// ---------------------------------------------------------------------------------------- calls

// Somebody calls this process. Messages follow as MessageArrived, the end of the caller's
// messages as CallerHalfClosed. Answer with SendMessage and FinishCall.
struct CallArrived {
  CallId call;  // even
  LinkId link;
  Address remote;
  std::optional<PeerIdentity> identity;
  std::string method;
  std::optional<Instant> deadline;  // in this process's time
  Metadata metadata;
};

struct MessageArrived {
  CallId call;
  Bytes message;
};

struct CallerHalfClosed {
  CallId call;
};

// Initial metadata of the response to an outgoing call, if the callee sent any.
struct HeadersArrived {
  CallId call;
  Metadata metadata;
};

// The end of an outgoing call: exactly one for each StartCall, and nothing of that call after it.
struct CallFinished {
  CallId call;
  Status status;
  Metadata trailers;
};

// An incoming call is over before it was finished here (cancelled, deadline, link lost): the
// handler should stop. Nothing of that call follows; a FinishCall for it is refused, harmlessly.
struct CallAborted {
  CallId call;
  Status status;
};

// Room again after a call's unsent data passed RpcConfig::send_buffer_max. `is_writable` on the
// node tells the present state.
struct CallWritable {
  CallId call;
};

// ----------------------------------------------------------------------------------- membership

// The first seed, or the first node of a list, has let us in: its members are known now.
struct Joined {
  Address seed;
};

struct LeaveCompleted {
  bool acknowledged = false;  // false: the time ran out before anybody confirmed
};

struct WorkerSelected {
  std::uint64_t request = 0;
  std::optional<Member> worker;  // absent: nobody matches
};

// Something that an operator should see: counted in the node's counters, logged by the driver.
enum class NoticeKind : std::uint8_t {
  gossip_refused,    // a peer spoke gossip that it may not: wrong node, malformed
  seed_unreachable,  // a seed does not answer; tried again
  node_conflict,     // another live process claims our own name
  refuted,           // we were accused and said that we live
  limit_reached,     // a stated maximum was hit; the detail names it
};

struct Notice {
  NoticeKind kind{};
  std::string detail;
};

using Event = std::variant<CallArrived, MessageArrived, CallerHalfClosed, HeadersArrived,
                           CallFinished, CallAborted, CallWritable, MemberEvent, Joined,
                           LeaveCompleted, WorkerSelected, Notice>;

using Output = std::variant<Order, Event>;

// The FIFO that the engine's parts write to and the driver drains.
class Outbox {
 public:
  template <typename T>
  void push(T&& item) {
    if constexpr (std::is_constructible_v<Order, T&&>) {
      queue_.emplace_back(std::in_place_type<Order>, std::forward<T>(item));
    } else {
      queue_.emplace_back(std::in_place_type<Event>, std::forward<T>(item));
    }
  }

  std::optional<Output> poll() {
    if (next_ == queue_.size()) return std::nullopt;
    std::optional<Output> output(std::move(queue_[next_++]));
    if (next_ == queue_.size()) {  // drained: start over in the same memory
      queue_.clear();
      next_ = 0;
    }
    return output;
  }

  bool empty() const { return next_ == queue_.size(); }

  // What is still to be polled, first to last.
  std::size_t size() const { return queue_.size() - next_; }
  const Output& pending(std::size_t index) const { return queue_[next_ + index]; }

 private:
  std::vector<Output> queue_;
  std::size_t next_ = 0;
};

}  // namespace rpcnet
