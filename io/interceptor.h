// Interceptors: code around calls, on either side, as coroutines.
//
//   // On the server, around every handler.
//   host.intercept([](rpcnet::ServerCall& call, rpcnet::Next next)
//       -> asio::awaitable<rpcnet::Status> {
//     const auto began = std::chrono::steady_clock::now();
//     rpcnet::Status status = co_await next();
//     record(call.method(), status.code, std::chrono::steady_clock::now() - began);
//     co_return status;
//   });
//
//   // On the client, around every call of a channel.
//   channel = channel.with([](rpcnet::OutgoingCallView& call, rpcnet::Next next)
//       -> asio::awaitable<rpcnet::Status> {
//     call.metadata.emplace_back("authorization", token());
//     co_return co_await next();
//   });
//
// The first one added is the outermost. One that returns without next() has ended the call; one
// that returns another status than next() gave has replaced it. An exception ends the call as
// `internal`. next() runs once; a second one gives failed_precondition.
#pragma once

#include <asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/instant.h"
#include "engine/status.h"
#include "io/call.h"

namespace rpcnet {

namespace core {
class Chain;
}

// The rest of the call: the interceptors further in and then the handler, or the network.
class Next {
 public:
  Next(core::Chain& chain, std::size_t index) : chain_(&chain), index_(index) {}
  asio::awaitable<Status> operator()() const;

 private:
  core::Chain* chain_;
  std::size_t index_;
};

// An outgoing call as its interceptors see it; lives until the outermost of them returns.
struct OutgoingCallView {
  std::string method;
  bool streaming = false;
  // What is to be sent; changes count if they are made before next().
  Metadata metadata{};
  std::optional<Instant> deadline{};
  // What came back, after next().
  Metadata headers{};
  Metadata trailers{};
};

using ServerInterceptor = std::function<asio::awaitable<Status>(ServerCall&, Next)>;
using ClientInterceptor = std::function<asio::awaitable<Status>(OutgoingCallView&, Next)>;

// May this call go on? ok, or the status that its caller gets.
using Authorizer = std::function<Status(const ServerCall&)>;

// Authorizers that most servers need. `unauthenticated`: no certificate; `permission_denied`: the
// wrong one.
Authorizer require_certificate();
// The certificate's node name is one of these; "ops-*" is every name that begins so.
Authorizer require_node(std::vector<std::string> names);

}  // namespace rpcnet
