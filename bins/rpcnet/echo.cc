// rpcnet echo: something to call.
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <cstdio>
#include <string>

#include "bins/common.h"
#include "bins/membership.h"
#include "bins/program.h"
#include "bins/rpcnet/commands.h"
#include "io/cluster.h"
#include "services/standard.h"

namespace rpcnet::bins {
namespace {

struct EchoOptions {
  std::string addr = "127.0.0.1:7000";
  Duration delay{};
  CommonOptions common{};
};

void parse(EchoOptions& target, int argc, const char* const* argv) {
  Options options("rpcnet echo", "Serves a method that gives back what it gets.",
                  "SIGTERM drains: running calls end, callers go elsewhere. SIGINT ends at once.\n"
                  "Exit status: 0 after SIGTERM, 64 for a bad option, 1 for anything else.");
  options.add({"--addr", {}, "HOST:PORT", "where to listen"}, address(target.addr));
  options.add({"--delay-ms", {}, "N", "how long each call takes"},
              duration_ms(target.delay, std::chrono::milliseconds(0), std::chrono::hours(1)));
  add_common(options, target.common);
  options.parse(argc, argv);
}

asio::awaitable<int> serve(Program& program, const EchoOptions& options) {
  set_up_library_log(options.common.log);
  HostOptions with;
  with.bind = options.addr;
  with.credentials = options.common.credentials;
  with.member = false;
  auto started = Host::start(program.context(), std::move(with));
  if (!started.ok()) throw cannot_start(options.addr, started.status());
  Host host = std::move(*started);
  host.serve(
      kEcho,
      [delay = options.delay](ServerCall& call, Bytes request) -> asio::awaitable<Result<Bytes>> {
        if (delay > Duration::zero()) {
          asio::steady_timer timer(call.executor(), delay);
          co_await timer.async_wait(asio::use_awaitable);
        }
        co_return request;
      });
  serve_standard(host);
  std::printf("echo: serving %s at %s\n", kEcho, to_text(host.address()).c_str());
  std::fflush(stdout);
  co_await told_to_leave();
  const bool whole = co_await host.drain(std::chrono::seconds(5));
  std::printf("echo: drained=%s\n", whole ? "yes" : "no");
  co_return whole ? 0 : 1;
}

}  // namespace

int echo(int argc, const char* const* argv) {
  EchoOptions options;
  return Program::run(
      "rpcnet echo", [&] { parse(options, argc, argv); },
      [&](Program& program) { return serve(program, options); });
}

}  // namespace rpcnet::bins
