// A call from its two ends: ClientCall is held by the one who calls, ServerCall by the handler.
//
// All of it lives on the one thread that runs the Host's io_context. Whatever waits takes a
// completion token (io/completion.h), a coroutine's unless told otherwise. A coroutine ends early,
// with Asio's own exception, only when it is itself cancelled through Asio; everything else is told
// by value.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "engine/address.h"
#include "engine/bytes.h"
#include "engine/instant.h"
#include "engine/status.h"
#include "engine/transport.h"
#include "io/completion.h"
#include "io/result.h"

namespace rpcnet {

namespace core {
class Core;
struct OutgoingCall;
struct IncomingCall;

// As ClientCall::fail and ServerCall::fail, for who holds only the call's state.
void give_up(const std::shared_ptr<OutgoingCall>& call, Status why);
void give_up(const std::shared_ptr<IncomingCall>& call, Status why);
}  // namespace core

class ServerCall;

// For CallOptions::timeout: the call may take for ever.
struct NoDeadline {};
inline constexpr NoDeadline no_deadline;

// How long a whole call may take, connecting included. Not given, it is HostOptions::call_timeout,
// 10 seconds: a call without an end is how a fault in one process stops many.
class Timeout {
 public:
  constexpr Timeout() = default;
  constexpr Timeout(NoDeadline) : kind_(Kind::none) {}
  template <typename Rep, typename Period>
  constexpr Timeout(std::chrono::duration<Rep, Period> span)
      : kind_(Kind::given), span_(within(span)) {}

  // `usual` where nothing was given.
  constexpr std::optional<Duration> or_usual(std::optional<Duration> usual) const {
    if (kind_ == Kind::usual) return usual;
    return kind_ == Kind::given ? std::optional<Duration>(span_) : std::nullopt;
  }

 private:
  // `hours::max()` is more nanoseconds than there are numbers for.
  template <typename Rep, typename Period>
  static constexpr Duration within(std::chrono::duration<Rep, Period> span) {
    using Seconds = std::chrono::duration<double>;
    if (Seconds(span) >= Seconds(Duration::max())) return Duration::max();
    if (Seconds(span) <= Seconds(Duration::min())) return Duration::min();
    return std::chrono::duration_cast<Duration>(span);
  }

  enum class Kind : std::uint8_t { usual, given, none };
  Kind kind_ = Kind::usual;
  Duration span_{};
};

// Metadata that stays the caller's own: the host copies it when call() or open() is called. Only of
// a variable, so that it is still there.
class MetadataView {
 public:
  constexpr MetadataView() = default;
  MetadataView(const Metadata& metadata) : metadata_(&metadata) {}
  MetadataView(Metadata&&) = delete;
  Metadata copy() const { return metadata_ != nullptr ? *metadata_ : Metadata{}; }

 private:
  const Metadata* metadata_ = nullptr;
};

// What a response carries beside its message.
struct ResponseMetadata {
  Metadata headers;
  Metadata trailers;
};

// To be written in place: `co_await host.call(peer, method, request, {.timeout = 2s})`. Nothing in
// it owns memory, because g++ 12 copies such a temporary bit by bit.
struct CallOptions {
  Timeout timeout{};
  MetadataView metadata{};
  // A peer that cannot be reached is tried again until it can or the time is up. Without it such a
  // call fails at once, as unavailable.
  bool wait_for_ready = false;
  // What the call is about, for a strategy that goes by it (ConsistentHash): the same key goes to
  // the same worker. Copied when the call is made.
  std::string_view key{};
  // The incoming call for whose sake this one is made. Its deadline holds here too, its trace goes
  // on (metadata traceparent and tracestate), this one is cancelled with it and cannot begin once
  // it is cancelled. Not given, it is the call whose handler makes this one, in its coroutine or in
  // one spawned on this_coro::executor.
  const ServerCall* parent = nullptr;
  // For nobody's sake, though a handler makes it: work that outlives the handler's call.
  bool detached = false;
  // For a unary call: filled when it ends, until when it must live. Streams have headers() and
  // trailers().
  ResponseMetadata* response = nullptr;
};

// An outgoing call with messages both ways. One coroutine may read while another one writes.
// Destroying it cancels the call.
class ClientCall {
 public:
  ClientCall() = default;  // no call: finished from the start
  explicit ClientCall(std::shared_ptr<core::OutgoingCall> state);
  ClientCall(ClientCall&&) noexcept = default;
  ClientCall& operator=(ClientCall&& other) noexcept;
  ~ClientCall();

  // Sends one message, when there is room for it: a slow peer makes this wait. False: the call is
  // over and finish() tells why.
  template <typename Token = Awaited>
  auto write(Bytes message, Token&& token = Token()) {
    return core::complete([this] { return executor(); }, start_write(std::move(message)),
                          std::forward<Token>(token));
  }

  // The same without waiting. False: there is no room now, or the call is over.
  bool try_write(Bytes message);

  // The next message if it has arrived; absent: none has, or there are no more.
  std::optional<Bytes> try_read();

  // No more messages will be written.
  void half_close();

  // The next message (std::optional<Bytes>); absent when there are no more. Taking a message is
  // what lets the peer send further ones.
  template <typename Token = Awaited>
  auto read(Token&& token = Token()) {
    return core::complete([this] { return executor(); }, start_read(), std::forward<Token>(token));
  }

  // Waits for the end and gives the Status. Half-closes first; messages not read are dropped.
  template <typename Token = Awaited>
  auto finish(Token&& token = Token()) {
    return core::complete(executor(), start_finish(), std::forward<Token>(token));
  }

  // Gives the call up: the peer's handler is told. finish() then says cancelled.
  void cancel();
  // The same for a fault found on this side, such as a message that makes no sense: finish() says
  // `why`, if the call was not over yet.
  void fail(Status why);

  // The response's initial metadata, as far as it has arrived; the trailers after the end.
  const Metadata& headers() const;
  const Metadata& trailers() const;

  // The status once the call is over.
  std::optional<Status> ended() const;

  // For the other classes of the library: the same without a token.
  asio::awaitable<bool> start_write(Bytes message);
  asio::awaitable<std::optional<Bytes>> start_read();
  asio::awaitable<Status> start_finish();
  asio::any_io_executor executor() const;
  const std::shared_ptr<core::OutgoingCall>& state() const { return state_; }

 private:
  std::shared_ptr<core::OutgoingCall> state_;
};

// An incoming call, as its handler sees it. Lives until the handler returns.
class ServerCall {
 public:
  explicit ServerCall(std::shared_ptr<core::IncomingCall> state);
  ServerCall(const ServerCall&) = delete;
  ServerCall& operator=(const ServerCall&) = delete;
  ~ServerCall();

  const std::string& method() const;
  const Metadata& metadata() const;
  const Address& remote() const;
  // What the caller's certificate says; absent if it presented none.
  const std::optional<PeerIdentity>& identity() const;
  // In this process's time; absent: none.
  std::optional<Instant> deadline() const;
  std::optional<Duration> time_left() const;

  // Is the call over before the handler returned: cancelled, deadline passed, caller gone? The
  // handler is then also cancelled through Asio: what it waits for ends with operation_aborted.
  bool cancelled() const;

  // As for ClientCall. A unary handler has its message already and writes its answer by returning.
  template <typename Token = Awaited>
  auto read(Token&& token = Token()) {
    return core::complete([this] { return executor(); }, start_read(), std::forward<Token>(token));
  }
  template <typename Token = Awaited>
  auto write(Bytes message, Token&& token = Token()) {
    return core::complete([this] { return executor(); }, start_write(std::move(message)),
                          std::forward<Token>(token));
  }

  bool try_write(Bytes message);
  std::optional<Bytes> try_read();

  // Something on this side makes the call fail, such as a message of the caller's that makes no
  // sense: it ends with `why` even if the handler returns a success.
  void fail(Status why);

  // Initial metadata of the response, before the first message. False: too late, or too large.
  bool send_headers(Metadata metadata);

  // Travel with the status when the handler returns.
  Metadata& trailers();

  // For the other classes of the library: the same without a token.
  asio::awaitable<bool> start_write(Bytes message);
  asio::awaitable<std::optional<Bytes>> start_read();
  asio::any_io_executor executor() const;
  const std::shared_ptr<core::IncomingCall>& state() const { return state_; }

 private:
  std::shared_ptr<core::IncomingCall> state_;
};

// What serves a method. A handler is a coroutine; it is kept alive while a call runs in it, so a
// lambda may use its captures, also when another handler has taken over the name meanwhile. An
// exception ends the call as `internal`, without its text, and is logged.
using UnaryHandler = std::function<asio::awaitable<Result<Bytes>>(ServerCall&, Bytes)>;
using StreamHandler = std::function<asio::awaitable<Status>(ServerCall&)>;
using Handler = std::variant<UnaryHandler, StreamHandler>;

}  // namespace rpcnet
