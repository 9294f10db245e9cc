// An io_context, a Host, and what a program makes of them.
#include "io/run.h"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>

#include "io/log.h"
#include "io/signals.h"

namespace rpcnet::core {
namespace {

int complain(const std::string& what) {
  std::fprintf(stderr, "error: %s\n", printable(what).c_str());
  return 1;
}

}  // namespace

int run_program(HostOptions options, const Work& work) {
  set_up_log();
  try {
    asio::io_context context(1);
    auto started = Host::start(context, std::move(options));
    if (!started.ok()) return complain(to_text(started.status()));
    Host host = std::move(*started);
    std::exception_ptr fault;
    asio::co_spawn(context, work(host), [&](std::exception_ptr thrown) {
      fault = std::move(thrown);
      host.stop();
      context.stop();
    });
    context.run();
    if (fault) std::rethrow_exception(fault);
  } catch (const std::exception& fault) {
    return complain(fault.what());
  }
  return 0;
}

Work serve_until_told(std::function<void(Host&)> set_up) {
  return [set_up = std::move(set_up)](Host& host) -> asio::awaitable<void> {
    ShutdownSignal shutdown(host.context());
    set_up(host);
    co_await shutdown.wait();
    co_await host.drain(std::chrono::seconds(10));
  };
}

}  // namespace rpcnet::core
