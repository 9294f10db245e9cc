// run: a main() for a program that is one Host.
//
//   int main() { return rpcnet::run({.bind = "127.0.0.1:7000"}, std::make_shared<Greeter>()); }
//
// Given a service, or a function that sets the Host up (`void (rpcnet::Host&)`), the program serves
// until SIGINT or SIGTERM; then it turns new calls away, lets running ones end for at most
// 10 seconds, and is over. Given a coroutine (`asio::awaitable<void> (rpcnet::Host&)`), the program
// is that coroutine, which also decides what signals mean (io/signals.h).
//
// Either way the library's log is set up (io/log.h), and what goes wrong is one line on standard
// error and the exit status 1.
#pragma once

#include <asio/awaitable.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "io/host.h"
#include "io/service.h"

namespace rpcnet {
namespace core {

using Work = std::function<asio::awaitable<void>(Host&)>;

int run_program(HostOptions options, const Work& work);
Work serve_until_told(std::function<void(Host&)> set_up);

}  // namespace core

// Gives the exit status of the program: 0 when all went well.
template <std::invocable<Host&> Function>
int run(HostOptions options, Function work) {
  if constexpr (std::is_void_v<std::invoke_result_t<Function&, Host&>>) {
    return core::run_program(std::move(options), core::serve_until_told(std::move(work)));
  } else {
    return core::run_program(std::move(options), std::move(work));
  }
}

inline int run(HostOptions options, std::shared_ptr<Service> service) {
  return run(std::move(options), [&](Host& host) { host.serve(service); });
}

}  // namespace rpcnet
