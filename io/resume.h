// Streams that go on elsewhere when their server is lost: nothing missing, nothing twice, one end.
//
//   // serves: any server-stream method
//   asio::awaitable<Status> Count(ServerCall& call, Range range, ServerWriter<Number>) override {
//     rpcnet::ResumableWriter<Number> numbers(call);
//     while (numbers.next() <= range.size()) co_await numbers.write(number(numbers.next()));
//     co_return Status{};
//   }
//   // reads
//   auto numbers = client.Count_resumable(range);
//   while (auto number = co_await numbers.read()) ...
//   Status end = co_await numbers.finish();
//
// Items are numbered from 1. The reader asks for those from a number on, which a handler must be
// able to begin at: from what it stores, or because it makes the same items again. When the call is
// lost, the reader makes another one from the next item on, at another worker where its Channel has
// several. docs/wire.md has the two lines of metadata that this takes.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/config.h"
#include "engine/ids.h"
#include "io/call.h"
#include "io/channel.h"
#include "io/codec.h"
#include "io/completion.h"
#include "io/service.h"
#include "io/typed.h"

namespace rpcnet {

struct ResumeOptions {
  // Of the stream as a whole: its timeout counts from the first attempt on and is 10 seconds unless
  // told otherwise; `response` is not used.
  CallOptions call{};
  ResumeConfig resume{};
  std::uint64_t from = 1;  // the first item wanted
};

// What a reader meets, for logs.
struct ResumeEvent {
  enum class Kind : std::uint8_t {
    opened,  // an attempt was answered: items follow
    lost,    // an attempt ended before the stream did
  };
  Kind kind = Kind::opened;
  std::optional<NodeId> worker;  // as far as the Channel tells
  std::uint64_t next = 0;        // the item that is to come
  bool was_opened = false;       // before it was lost
  Status status;                 // why
};

namespace core {
class Resumption;
}

// In bytes. Destroying it cancels the stream. Only one coroutine may read at a time, and between
// its reads nothing happens: a server that is lost meanwhile is noticed by the next one.
class ResumableCall {
 public:
  ResumableCall() = default;  // no stream: finished from the start
  ResumableCall(const Channel& channel, std::string method, Bytes request,
                const ResumeOptions& options = {});
  ResumableCall(ResumableCall&&) noexcept = default;
  ResumableCall& operator=(ResumableCall&& other) noexcept;
  ~ResumableCall();

  // The next item (std::optional<Bytes>); absent at the end, whose status finish() gives.
  template <typename Token = Awaited>
  auto read(Token&& token = Token()) {
    return core::complete(executor(), start_read(), std::forward<Token>(token));
  }
  // Waits for the end and gives the Status; items not read are dropped.
  template <typename Token = Awaited>
  auto finish(Token&& token = Token()) {
    return core::complete(executor(), start_finish(), std::forward<Token>(token));
  }
  void cancel();
  // The same for a fault found on this side: finish() says `why`.
  void fail(Status why);

  // The item that read() gives next: what another reader would have to begin from.
  std::uint64_t next() const;
  // How often a server that had begun to answer was lost.
  std::uint64_t failovers() const;
  std::optional<Status> ended() const;
  // Called from inside read() and finish(); it must not destroy this.
  void on_event(std::function<void(const ResumeEvent&)> listener);

  // For the other classes of the library.
  asio::awaitable<std::optional<Bytes>> start_read();
  asio::awaitable<Status> start_finish();
  asio::any_io_executor executor() const;
  const std::shared_ptr<core::Resumption>& state() const { return state_; }

 private:
  std::shared_ptr<core::Resumption> state_;
};

namespace core {
void give_up(const std::shared_ptr<Resumption>& stream, Status why);
}

// In messages; else as ResumableCall.
template <typename Reply>
class ResumableReader {
 public:
  ResumableReader() = default;
  explicit ResumableReader(ResumableCall call) : call_(std::move(call)) {}

  // std::optional<Reply>
  template <typename Token = Awaited>
  auto read(Token&& token = Token()) {
    return core::complete(
        call_.executor(),
        core::decode_next<Reply>(
            call_.start_read(),
            [state = call_.state()](Status why) { core::give_up(state, std::move(why)); },
            StatusCode::internal),
        std::forward<Token>(token));
  }
  template <typename Token = Awaited>
  auto finish(Token&& token = Token()) {
    return call_.finish(std::forward<Token>(token));
  }
  void cancel() { call_.cancel(); }

  std::uint64_t next() const { return call_.next(); }
  std::uint64_t failovers() const { return call_.failovers(); }
  std::optional<Status> ended() const { return call_.ended(); }
  void on_event(std::function<void(const ResumeEvent&)> listener) {
    call_.on_event(std::move(listener));
  }

 private:
  ResumableCall call_;
};

// What a generated client's M_resumable does. The request is sent again with each attempt.
template <typename Reply, typename Request>
ResumableReader<Reply> resumable(const Channel& channel, const MethodInfo& method,
                                 const Request& request, const ResumeOptions& options = {}) {
  return ResumableReader<Reply>(
      ResumableCall(channel, std::string(method.name), Codec<Request>::encode(request), options));
}

// ----------------------------------------------------------------------------------------- server

// The first item that the caller wants; 1 if it does not say.
std::uint64_t resume_from(const ServerCall& call);

namespace core {
// Tells the caller that `first` is the number of the first item. False: that cannot be, and the
// call ends with why, unless the handler knows better.
bool announce(ServerCall& call, std::uint64_t first, Metadata headers);
asio::awaitable<bool> not_written();
}  // namespace core

// Writes a handler's items, in order. It must not outlive the handler.
template <typename Reply>
class ResumableWriter {
 public:
  // Tells the caller at once that its wish is met; `headers` travel along.
  explicit ResumableWriter(ServerCall& call, Metadata headers = {})
      : ResumableWriter(call, resume_from(call), std::move(headers)) {}
  // For a handler that can only begin earlier, such as at a checkpoint: the reader drops what it
  // has had already. Later than resume_from() is of no use to it.
  ResumableWriter(ServerCall& call, std::uint64_t first, Metadata headers = {})
      : call_(&call), next_(first), good_(core::announce(call, first, std::move(headers))) {}
  ResumableWriter(ResumableWriter&&) noexcept = default;
  ResumableWriter& operator=(ResumableWriter&&) noexcept = default;
  ResumableWriter(const ResumableWriter&) = delete;
  ResumableWriter& operator=(const ResumableWriter&) = delete;
  ~ResumableWriter() = default;

  // The number of the item to write now.
  std::uint64_t next() const { return next_; }

  // Sends item next() when there is room. False: the caller has gone, or
  // its wish made no sense.
  template <typename Token = Awaited>
  auto write(const Reply& reply, Token&& token = Token()) {
    ++next_;
    return core::complete(
        call_->executor(),
        good_ ? call_->start_write(Codec<Reply>::encode(reply)) : core::not_written(),
        std::forward<Token>(token));
  }

 private:
  ServerCall* call_;
  std::uint64_t next_;
  bool good_;
};

}  // namespace rpcnet
