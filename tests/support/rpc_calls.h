// Short forms for tests of the RPC machine: making commands, picking events.
#pragma once

#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/command.h"
#include "engine/output.h"
#include "tests/support/rpc_pair.h"

namespace rpcnet::test {

inline StartCall unary(std::uint64_t call, Bytes message) {
  return StartCall{.call = CallId{call},
                   .peer = RpcPair::server_peer(),
                   .method = "Echo.say",
                   .deadline = std::nullopt,
                   .message = std::move(message),
                   .last = true};
}

// A call whose messages are still to come.
inline StartCall streaming(std::uint64_t call) {
  return StartCall{.call = CallId{call},
                   .peer = RpcPair::server_peer(),
                   .method = "Echo.chat",
                   .deadline = std::nullopt};
}

inline FinishCall answer(CallId call, std::optional<Bytes> message) {
  return FinishCall{.call = call, .message = std::move(message), .status = {}, .trailers = {}};
}

inline FinishCall failure(CallId call, StatusCode code, std::string_view text) {
  return FinishCall{.call = call,
                    .message = std::nullopt,
                    .status = {code, std::string(text), {}},
                    .trailers = {}};
}

// All events of one kind, in order.
template <typename T>
std::vector<T> all(const std::vector<Event>& events) {
  std::vector<T> found;
  for (const Event& event : events) {
    if (const T* match = std::get_if<T>(&event)) found.push_back(*match);
  }
  return found;
}

// The only one of its kind; a default-made one with call 0 if there is none or more.
template <typename T>
T only(const std::vector<Event>& events) {
  auto found = all<T>(events);
  return found.size() == 1 ? std::move(found.front()) : T{};
}

}  // namespace rpcnet::test
