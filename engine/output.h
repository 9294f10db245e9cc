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

// For SwimConfig::refused_join_timeout no seed has let us in, and all have refused this node or it
// them: a certificate, an authority or the cluster is wrong. Tried again all the same.
struct JoinRefused {
  std::string detail;  // of the last one: which seed, and why
};

struct LeaveCompleted {
  bool acknowledged = false;  // false: the time ran out before anybody confirmed
};

struct WorkerSelected {
  std::uint64_t request = 0;
  std::optional<Member> worker;  // absent: nobody matches
  // Nobody was looked for: the side of a partition without a quorum (PartitionPolicy).
  bool no_quorum = false;
};

// Something that an operator should see: counted in the node's counters, logged by the driver.
enum class NoticeKind : std::uint8_t {
  gossip_refused,    // a peer spoke gossip that it may not: wrong node, malformed
  seed_unreachable,  // a seed does not answer; tried again
  seed_refused,      // a seed does not accept our certificate, or we not its; tried again
  node_conflict,     // another live process claims our own name
  refuted,           // we were accused and said that we live
  limit_reached,     // a stated maximum was hit; the detail names it
};

struct Notice {
  NoticeKind kind{};
  std::string detail;
};

using Event =
    std::variant<CallArrived, MessageArrived, CallerHalfClosed, HeadersArrived, CallFinished,
                 CallAborted, CallWritable, MemberEvent, MembersCut, PartitionDetected,
                 PartitionHealed, Joined, JoinRefused, LeaveCompleted, WorkerSelected, Notice>;

using Output = std::variant<Order, Event>;

// The FIFO that the engine's parts write to and the driver drains. Outputs are made, taken and
// ended in one place: they lie in blocks that stay where they are and are used again.
class Outbox {
 public:
  template <typename T>
  void push(T&& item) {
    const std::size_t block = pushed_ / kBlock;
    if (block == blocks_.size()) blocks_.emplace_back().reserve(kBlock);
    if constexpr (std::is_constructible_v<Order, T&&>) {
      blocks_[block].emplace_back(std::in_place_type<Order>, std::forward<T>(item));
    } else {
      blocks_[block].emplace_back(std::in_place_type<Event>, std::forward<T>(item));
    }
    ++pushed_;
  }

  // The next one, to be read or moved from; nullptr: there is none. Stays until the next poll(),
  // whatever is pushed meanwhile.
  Output* poll() {
    if (polled_ < pushed_) {
      const std::size_t at = polled_++;
      return &blocks_[at / kBlock][at % kBlock];
    }
    // Drained: starts over in the same memory.
    for (std::size_t used = 0; used * kBlock < pushed_; ++used) blocks_[used].clear();
    // What one burst took is given back.
    if (blocks_.size() > kBlocksKept) blocks_.resize(kBlocksKept);
    pushed_ = 0;
    polled_ = 0;
    return nullptr;
  }

  bool empty() const { return polled_ == pushed_; }

  // What is still to be polled, first to last.
  std::size_t size() const { return pushed_ - polled_; }
  const Output& pending(std::size_t index) const {
    return blocks_[(polled_ + index) / kBlock][(polled_ + index) % kBlock];
  }

 private:
  static constexpr std::size_t kBlock = 16;
  static constexpr std::size_t kBlocksKept = 16;

  std::vector<std::vector<Output>> blocks_;
  std::size_t pushed_ = 0;  // since it was last drained
  std::size_t polled_ = 0;
};

}  // namespace rpcnet
