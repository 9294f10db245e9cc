// A call from its two ends: ClientCall is held by the one who calls, ServerCall by the handler.
//
// All of it lives on the one thread that runs the Host's io_context. Waiting functions are Asio
// coroutines and end early, with Asio's own exception, only when the waiting coroutine itself is
// cancelled through Asio; everything else is told by value.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/address.h"
#include "engine/bytes.h"
#include "engine/instant.h"
#include "engine/status.h"
#include "engine/transport.h"
#include "io/result.h"

namespace rpcnet {

namespace core {
class Core;
struct OutgoingCall;
struct IncomingCall;
}  // namespace core

class ServerCall;

// For CallOptions::timeout: the call may take for ever.
inline constexpr std::nullopt_t no_deadline = std::nullopt;

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

// To be written in place: `co_await host.call(peer, method, request, {.timeout = 2s})`. Nothing in
// it owns memory, because g++ 12 copies such a temporary bit by bit.
struct CallOptions {
  // How long the whole call may take, connecting included. Finite unless asked otherwise
  // (no_deadline): a call without an end is how a fault in one process stops many.
  std::optional<Duration> timeout = std::chrono::seconds(10);
  MetadataView metadata{};
  // The incoming call for whose sake this one is made, if any: its deadline holds here too.
  const ServerCall* parent = nullptr;
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
  asio::awaitable<bool> write(Bytes message);

  // No more messages will be written.
  void half_close();

  // The next message; absent when there are no more. Taking a message is what lets the peer send
  // further ones.
  asio::awaitable<std::optional<Bytes>> read();

  // Waits for the end and gives the status. Half-closes first; messages not read are dropped.
  asio::awaitable<Status> finish();

  // Gives the call up: the peer's handler is told. finish() then says cancelled.
  void cancel();

  // The response's initial metadata, as far as it has arrived; the trailers after the end.
  const Metadata& headers() const;
  const Metadata& trailers() const;

  // The status once the call is over.
  std::optional<Status> ended() const;

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
  asio::awaitable<std::optional<Bytes>> read();
  asio::awaitable<bool> write(Bytes message);

  // Initial metadata of the response, before the first message. False: too late, or too large.
  bool send_headers(Metadata metadata);

  // Travel with the status when the handler returns.
  Metadata& trailers();

 private:
  friend class core::Core;
  std::shared_ptr<core::IncomingCall> state_;
};

// What serves a method. A handler is a coroutine; it is kept alive while a call runs in it, so a
// lambda may use its captures, also when another handler has taken over the name meanwhile. An
// exception ends the call as `internal`, without its text, and is logged.
using UnaryHandler = std::function<asio::awaitable<Result<Bytes>>(ServerCall&, Bytes)>;
using StreamHandler = std::function<asio::awaitable<Status>(ServerCall&)>;

}  // namespace rpcnet
