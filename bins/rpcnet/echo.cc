// rpcnet echo: something to call.
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "bins/common.h"
#include "bins/echo.rpcnet.h"
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

class Echo final : public example::EchoService {
 public:
  asio::awaitable<Result<example::Words>> Say(ServerCall&, example::Words request) override {
    co_return request;
  }

  asio::awaitable<Status> Repeat(ServerCall&, example::Words request,
                                 ServerWriter<example::Words> replies) override {
    for (std::uint32_t i = 0; i < request.times(); ++i) {
      const bool written = co_await replies.write(request);
      if (!written) co_return error(StatusCode::cancelled, "the caller has gone");
    }
    co_return Status{};
  }

  asio::awaitable<Result<example::Words>> Join(ServerCall&,
                                               ServerReader<example::Words> requests) override {
    example::Words all;
    while (const std::optional<example::Words> next = co_await requests.read()) {
      all.set_text(all.text() + next->text());
      all.set_times(all.times() + 1);
    }
    co_return all;
  }

  asio::awaitable<Status> Chat(ServerCall&, ServerReader<example::Words> requests,
                               ServerWriter<example::Words> replies) override {
    while (const std::optional<example::Words> next = co_await requests.read()) {
      const bool written = co_await replies.write(*next);
      if (!written) co_return error(StatusCode::cancelled, "the caller has gone");
    }
    co_return Status{};
  }

  asio::awaitable<Result<example::Words>> Fail(ServerCall&, example::Failure request) override {
    if (request.code() < 1 || request.code() > 16) {
      co_return error(StatusCode::invalid_argument, "expected a code from 1 to 16");
    }
    co_return error(static_cast<StatusCode>(request.code()), request.words(), request);
  }
};

void parse(EchoOptions& target, int argc, const char* const* argv) {
  Options options("rpcnet echo", "Serves methods that give back what they get.",
                  "SIGTERM drains: running calls end, callers go elsewhere. SIGINT ends at once.\n"
                  "Exit status: 0 after SIGTERM, 64 for a bad option, 1 for anything else.");
  options.add({"--addr", {}, "HOST:PORT", "where to listen"}, address(target.addr));
  options.add({"--delay-ms", {}, "N", "how long each call to the method of bytes takes"},
              duration_ms(target.delay, std::chrono::milliseconds(0), std::chrono::hours(1)));
  add_common(options, target.common);
  options.parse(argc, argv);
}

asio::awaitable<int> serve(Program& program, const EchoOptions& options) {
  ShutdownSignal shutdown(program.context());
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
  host.serve(std::make_shared<Echo>());
  serve_standard(host);
  std::printf("echo: serving %s at %s\n", kEcho, to_text(host.address()).c_str());
  std::fflush(stdout);
  co_await told_to_leave(shutdown);
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
