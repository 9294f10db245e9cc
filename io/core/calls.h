// What a host remembers of a call while somebody holds it: shared by the table, which the engine's
// events reach, and by the application's ClientCall or ServerCall.
#pragma once

#include <asio/cancellation_signal.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/bytes.h"
#include "engine/ids.h"
#include "engine/key_index.h"
#include "engine/output.h"
#include "engine/status.h"
#include "io/core/wakeup.h"

namespace rpcnet::core {

class Core;

// Messages that have arrived and were not taken. The engine's credit bounds it.
class Inbox {
 public:
  std::uint64_t taken = 0;
  bool complete = false;  // nothing further will come

  bool empty() const { return !first_; }

  void push(Bytes message) {
    if (!first_) {
      first_ = std::move(message);
      return;
    }
    if (!later_) later_ = std::make_unique<std::deque<Bytes>>();
    later_->push_back(std::move(message));
  }

  Bytes take() {
    Bytes message = std::move(*first_);
    first_.reset();
    if (later_ && !later_->empty()) {
      first_ = std::move(later_->front());
      later_->pop_front();
    }
    ++taken;
    return message;
  }

  void clear() {
    first_.reset();
    later_.reset();
  }

 private:
  std::optional<Bytes> first_;                // of a unary call there is no other
  std::unique_ptr<std::deque<Bytes>> later_;  // null until it is needed
};

enum class Kind : std::uint8_t {
  unary,  // one message there, one back
  stream,
};

struct OutgoingCall {
  explicit OutgoingCall(Runner& runner_in)
      : runner(runner_in), readable(runner), writable(runner), over(runner) {}

  Runner& runner;

  Core* core = nullptr;  // null: not begun yet, over, or its host is
  CallId id;
  bool preparing = false;  // it will begin when its interceptors let it
  bool conducted = false;  // interceptors have the last word on its end
  Kind kind = Kind::stream;
  bool half_closed = false;
  bool packs = false;          // what it writes (io/core/compression.h)
  std::size_t unpack_max = 0;  // of what it reads, bytes; 0: that is not packed
  Inbox inbox;
  std::optional<NodeId> worker;  // that was chosen for it
  Metadata headers;
  Metadata trailers;
  std::optional<Status> fault;          // found on this side; wins over what the engine says
  std::optional<Status> outcome;        // what became of it on the network
  std::optional<Status> end;            // what the application is told
  asio::cancellation_signal conductor;  // stops the interceptors
  std::shared_ptr<Wakeup> news;         // of who waits for several calls
  Wakeup readable;
  Wakeup writable;
  Wakeup over;
};

struct Served;
struct Surroundings;

struct IncomingCall {
  IncomingCall(Runner& runner_in, CallArrived arrived_in)
      : runner(runner_in), arrived(std::move(arrived_in)), readable(runner), writable(runner) {}

  Runner& runner;
  Core* core = nullptr;  // null: the call is over, or its host is
  CallArrived arrived;
  bool started = false;        // its handler
  bool packs = false;          // what it writes, if the caller is told in time
  bool tells_packing = false;  // the headers that say so have left
  std::size_t unpack_max = 0;  // of what it reads, bytes; 0: that is not packed
  bool cancelled = false;
  Inbox inbox;
  Metadata trailers;
  std::optional<Status> fault;  // of this side, such as a message over the limit
  Wakeup readable;
  Wakeup writable;
  asio::cancellation_signal* cancel = nullptr;  // of its handler; null before and after
  // What runs once its turn has come.
  std::shared_ptr<const Served> served;
  std::shared_ptr<const Surroundings> around;
  // Calls made for its sake: they end with it when it is aborted.
  std::vector<std::weak_ptr<OutgoingCall>> children;
};

// The calls that are open, by number.
template <typename Call>
class OpenCalls {
 public:
  void add(CallId id, std::shared_ptr<Call> call) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(calls_.size()));
      calls_.emplace_back();
    }
    index_.set(id, free_.back());
    calls_[free_.back()] = std::move(call);
    free_.pop_back();
  }

  // Null: there is none.
  Call* find(CallId id) const {
    const std::uint32_t place = index_.find(id);
    return place == KeyIndex<CallId>::kNone ? nullptr : calls_[place].get();
  }

  std::shared_ptr<Call> share(CallId id) const {
    const std::uint32_t place = index_.find(id);
    return place == KeyIndex<CallId>::kNone ? nullptr : calls_[place];
  }

  // The same, and it is no longer among them.
  std::shared_ptr<Call> take(CallId id) {
    const std::uint32_t place = index_.find(id);
    if (place == KeyIndex<CallId>::kNone) return nullptr;
    index_.erase(id);
    free_.push_back(place);
    return std::move(calls_[place]);
  }

  bool empty() const { return index_.size() == 0; }

  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const auto& call : calls_) {
      if (call) visit(*call);
    }
  }

  std::vector<std::shared_ptr<Call>> take_all() {
    std::vector<std::shared_ptr<Call>> all = std::exchange(calls_, {});
    std::erase(all, nullptr);
    free_.clear();
    index_ = {};
    return all;
  }

 private:
  std::vector<std::shared_ptr<Call>> calls_;  // null: free
  std::vector<std::uint32_t> free_;
  KeyIndex<CallId> index_;
};

}  // namespace rpcnet::core
