// Calls in messages instead of bytes, for any type that has a Codec: what generated clients and
// services are made of, and of use without them.
#pragma once

#include <asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "io/call.h"
#include "io/channel.h"
#include "io/codec.h"
#include "io/result.h"
#include "io/service.h"

namespace rpcnet {

namespace core {

inline Status not_a(const std::string& what, const std::string& type, StatusCode code) {
  return error(code, what + " is no " + type + ": its bytes do not parse");
}

template <typename Reply>
asio::awaitable<Result<Reply>> decode_reply(asio::awaitable<Result<Bytes>> calling,
                                            std::string_view method) {
  Result<Bytes> bytes = co_await std::move(calling);
  if (!bytes.ok()) co_return bytes.status();
  std::optional<Reply> reply = Codec<Reply>::decode(*bytes);
  if (!reply) {
    co_return not_a("the answer of " + std::string(method), Codec<Reply>::name(),
                    StatusCode::internal);
  }
  co_return std::move(*reply);
}

// A message that makes no sense ends the call.
template <typename T, typename Fail>
asio::awaitable<std::optional<T>> decode_next(asio::awaitable<std::optional<Bytes>> reading,
                                              Fail fail, StatusCode code) {
  std::optional<Bytes> bytes = co_await std::move(reading);
  if (!bytes) co_return std::nullopt;
  std::optional<T> message = Codec<T>::decode(*bytes);
  if (!message) fail(not_a("a message", Codec<T>::name(), code));
  co_return message;
}

}  // namespace core

// ----------------------------------------------------------------------------------------- client

// A unary call; Result<Reply>.
template <typename Reply, typename Request, typename Token = Awaited>
auto call(const Channel& channel, const MethodInfo& method, const Request& request,
          CallOptions options = {}, Token&& token = Token()) {
  return core::complete(
      channel.executor(),
      core::decode_reply<Reply>(
          channel.start_call(std::string(method.name), Codec<Request>::encode(request), options,
                             method.idempotency),
          method.name),
      std::forward<Token>(token));
}

// The streaming kinds, begun; a call that cannot begin comes back already ended.
template <typename Stream>
Stream open(const Channel& channel, const MethodInfo& method, CallOptions options = {}) {
  return Stream(channel.start_stream(std::string(method.name), std::nullopt, options));
}
template <typename Stream, typename Request>
Stream open(const Channel& channel, const MethodInfo& method, const Request& request,
            CallOptions options = {}) {
  return Stream(
      channel.start_stream(std::string(method.name), Codec<Request>::encode(request), options));
}

// What the three streaming kinds have in common. One coroutine may read while another one writes.
// Destroying it cancels the call.
class ClientStream {
 public:
  ClientStream() = default;
  explicit ClientStream(ClientCall call) : call_(std::move(call)) {}

  void cancel() { call_.cancel(); }
  const Metadata& headers() const { return call_.headers(); }
  const Metadata& trailers() const { return call_.trailers(); }
  std::optional<Status> ended() const { return call_.ended(); }

  // The call in bytes.
  ClientCall& bytes() { return call_; }

 protected:
  asio::any_io_executor executor() const { return call_.executor(); }

  template <typename Reply>
  asio::awaitable<std::optional<Reply>> next() {
    // The state and not this object, which may move while somebody waits.
    return core::decode_next<Reply>(
        call_.start_read(),
        [state = call_.state()](Status why) { core::give_up(state, std::move(why)); },
        StatusCode::internal);
  }

  ClientCall call_;
};

// Messages come back: a server stream.
template <typename Reply>
class ClientReader : public ClientStream {
 public:
  using ClientStream::ClientStream;

  // The next message (std::optional<Reply>); absent at the end, whose status finish() gives. A slow
  // reader slows the sender.
  template <typename Token = Awaited>
  auto read(Token&& token = Token()) {
    return core::complete(executor(), next<Reply>(), std::forward<Token>(token));
  }
  template <typename Token = Awaited>
  auto finish(Token&& token = Token()) {
    return call_.finish(std::forward<Token>(token));
  }
};

// Messages go there and one comes back: a client stream.
template <typename Request, typename Reply>
class ClientWriter : public ClientStream {
 public:
  using ClientStream::ClientStream;

  // Sends when there is room. False: the call is over, and finish() tells why.
  template <typename Token = Awaited>
  auto write(const Request& request, Token&& token = Token()) {
    return call_.write(Codec<Request>::encode(request), std::forward<Token>(token));
  }
  // Half-closes, and waits for the answer: Result<Reply>.
  template <typename Token = Awaited>
  auto finish(Token&& token = Token()) {
    call_.half_close();
    return core::complete(
        executor(), answer(call_.state(), next<Reply>(), call_.start_read(), call_.start_finish()),
        std::forward<Token>(token));
  }

 private:
  static asio::awaitable<Result<Reply>> answer(std::shared_ptr<core::OutgoingCall> call,
                                               asio::awaitable<std::optional<Reply>> reading,
                                               asio::awaitable<std::optional<Bytes>> reading_on,
                                               asio::awaitable<Status> finishing) {
    std::optional<Reply> reply = co_await std::move(reading);
    const std::optional<Bytes> second = co_await std::move(reading_on);
    if (second) {
      Status fault = error(StatusCode::internal,
                           "the call gave more than one answer: is the method the same in the "
                           ".proto of both sides?");
      core::give_up(call, fault);
      co_return fault;
    }
    Status status = co_await std::move(finishing);
    if (!status.ok()) co_return status;
    if (!reply) co_return error(StatusCode::internal, "the call succeeded without an answer");
    co_return std::move(*reply);
  }
};

// Messages both ways, in any order.
template <typename Request, typename Reply>
class ClientReaderWriter : public ClientStream {
 public:
  using ClientStream::ClientStream;

  template <typename Token = Awaited>
  auto write(const Request& request, Token&& token = Token()) {
    return call_.write(Codec<Request>::encode(request), std::forward<Token>(token));
  }
  // Without waiting. False: there is no room now, or the call is over.
  bool try_write(const Request& request) {
    return call_.try_write(Codec<Request>::encode(request));
  }
  void half_close() { call_.half_close(); }
  template <typename Token = Awaited>
  auto read(Token&& token = Token()) {
    return core::complete(executor(), next<Reply>(), std::forward<Token>(token));
  }
  template <typename Token = Awaited>
  auto finish(Token&& token = Token()) {
    return call_.finish(std::forward<Token>(token));
  }
};

// ----------------------------------------------------------------------------------------- server

// The messages of an incoming call. Copies are the same reader; all end with the handler.
template <typename Request>
class ServerReader {
 public:
  explicit ServerReader(ServerCall& call) : call_(&call) {}

  // The next message (std::optional<Request>); absent when there are no more. One that makes no
  // sense reads as the end, and the call then ends as invalid_argument even if the handler returns
  // a success.
  template <typename Token = Awaited>
  auto read(Token&& token = Token()) {
    return core::complete(
        call_->executor(),
        core::decode_next<Request>(
            call_->start_read(),
            [state = call_->state()](Status why) { core::give_up(state, std::move(why)); },
            StatusCode::invalid_argument),
        std::forward<Token>(token));
  }

 private:
  ServerCall* call_;
};

template <typename Reply>
class ServerWriter {
 public:
  explicit ServerWriter(ServerCall& call) : call_(&call) {}

  // Sends when there is room. False: the caller has gone.
  template <typename Token = Awaited>
  auto write(const Reply& reply, Token&& token = Token()) {
    return call_->write(Codec<Reply>::encode(reply), std::forward<Token>(token));
  }
  // The same without waiting. False: there is no room now, or the caller has gone.
  bool try_write(const Reply& reply) { return call_->try_write(Codec<Reply>::encode(reply)); }

 private:
  ServerCall* call_;
};

// Handlers in bytes, out of functions in messages.

// function: asio::awaitable<Result<Reply>>(ServerCall&, Request)
template <typename Request, typename Reply, typename F>
UnaryHandler unary_handler(F function) {
  return [function = std::move(function)](ServerCall& call,
                                          Bytes bytes) -> asio::awaitable<Result<Bytes>> {
    std::optional<Request> request = Codec<Request>::decode(bytes);
    if (!request) {
      co_return core::not_a("the request of " + call.method(), Codec<Request>::name(),
                            StatusCode::invalid_argument);
    }
    auto running = function(call, std::move(*request));
    Result<Reply> reply = co_await std::move(running);
    if (!reply.ok()) co_return reply.status();
    co_return Codec<Reply>::encode(*reply);
  };
}

// function: asio::awaitable<Status>(ServerCall&, Request, ServerWriter<Reply>)
template <typename Request, typename Reply, typename F>
StreamHandler server_stream_handler(F function) {
  return [function = std::move(function)](ServerCall& call) -> asio::awaitable<Status> {
    ServerReader<Request> reader(call);
    std::optional<Request> request = co_await reader.read();
    if (!request) {
      co_return error(StatusCode::invalid_argument,
                      call.method() + " takes one message and none came that makes sense");
    }
    auto running = function(call, std::move(*request), ServerWriter<Reply>(call));
    Status status = co_await std::move(running);
    co_return status;
  };
}

// function: asio::awaitable<Result<Reply>>(ServerCall&, ServerReader<Request>)
template <typename Request, typename Reply, typename F>
StreamHandler client_stream_handler(F function) {
  return [function = std::move(function)](ServerCall& call) -> asio::awaitable<Status> {
    auto running = function(call, ServerReader<Request>(call));
    Result<Reply> reply = co_await std::move(running);
    if (!reply.ok()) co_return reply.status();
    ServerWriter<Reply> writer(call);
    co_await writer.write(*reply);
    co_return Status{};
  };
}

// function: asio::awaitable<Status>(ServerCall&, ServerReader<Request>, ServerWriter<Reply>)
template <typename Request, typename Reply, typename F>
StreamHandler bidi_stream_handler(F function) {
  return [function = std::move(function)](ServerCall& call) -> asio::awaitable<Status> {
    auto running = function(call, ServerReader<Request>(call), ServerWriter<Reply>(call));
    Status status = co_await std::move(running);
    co_return status;
  };
}

}  // namespace rpcnet
