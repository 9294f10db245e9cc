// The client: streams tokens from the worker that the director assigns, and when that is lost goes
// on with the next token elsewhere.
#include <asio/this_coro.hpp>

#include "bins/client/options.h"
#include "bins/client/token_log.h"
#include "bins/client/watchdog.h"
#include "bins/client/worker_finder.h"
#include "bins/inference.rpcnet.h"
#include "bins/latch.h"
#include "bins/program.h"
#include "io/signals.h"

namespace rpcnet::bins {
namespace {

using Generation = ClientReaderWriter<example::GenerateRequest, example::GenerateEvent>;

// Takes tokens until there are enough (ok), or tells why the stream ended.
asio::awaitable<Status> stream_from(Host& host, const FoundWorker& worker,
                                    const ClientOptions& options, TokenLog& tokens,
                                    WorkerFinder& finder, Console console) {
  CallOptions unlimited;
  unlimited.timeout = no_deadline;
  const example::InferenceClient inference(Channel(host, worker.peer));
  const auto call = std::make_shared<Generation>(inference.generate(unlimited));
  Watchdog watchdog(co_await asio::this_coro::executor, call);

  watchdog.allow(options.connect_timeout);
  const std::optional<example::GenerateEvent> hello = co_await call->read();
  if (!hello) co_return co_await call->finish();
  console.info("✅", "direct connection established to worker");

  console.info("📤", "creating request stream");
  example::GenerateRequest request;
  request.set_prompt(options.prompt);
  request.set_next_sequence(tokens.next());
  const bool asked = co_await call->write(request);
  if (!asked) co_return co_await call->finish();
  console.info("🌊", "stream opened successfully, starting to consume responses");

  while (true) {
    watchdog.allow(options.token_timeout);
    const std::optional<example::GenerateEvent> event = co_await call->read();
    if (!event) break;
    if (!event->has_token()) continue;
    tokens.observe(host.now(), event->token().sequence());
    finder.works();
    console.info("📦", "received token (sequence={}, text=\"{}\", total={})",
                 event->token().sequence(), event->token().text(), tokens.tokens());
    if (tokens.tokens() == options.tokens) co_return Status{};
  }
  tokens.observe_failover();
  Status end = co_await call->finish();
  if (watchdog.has_bitten()) co_return error(StatusCode::deadline_exceeded, "no token came");
  co_return end;
}

// Until there are enough tokens, worker after worker.
asio::awaitable<void> consume(Host& host, const ClientOptions& options, TokenLog& tokens,
                              Console console, Latch& end) {
  WorkerFinder finder(host, options, console);
  while (true) {
    const FoundWorker worker = co_await finder.next();
    const Status lost = co_await stream_from(host, worker, options, tokens, finder, console);
    if (options.tokens != 0 && tokens.tokens() >= options.tokens) break;
    console.warn("⚠️ ", "lost worker {} ({}) - returning to director", worker.label, to_text(lost));
    finder.lost(*worker.peer.expected);
  }
  end.set();
}

asio::awaitable<void> end_on_signal(Latch& end) {
  co_await shutdown_signal();
  end.set();
}

asio::awaitable<int> fetch(Program& program, const ClientOptions& options) {
  const Console console(options.common.log, options.common.symbols);
  set_up_library_log(options.common.log);
  console.info("📡", "Starting Client - connecting to director at {}",
               fmt::join(options.directors, ","));
  auto started = Host::start(program.context(), client_host(options));
  if (!started.ok()) throw Exit{1, "cannot start: " + started.status().message};
  Host host = std::move(*started);

  TokenLog tokens;
  Latch end(program.context());
  program.beside(consume(host, options, tokens, console, end));
  program.beside(end_on_signal(end));
  co_await end.wait();
  tokens.end(host.now());
  host.stop();
  console.always(tokens.summary());
  co_return tokens.whole() ? 0 : 1;
}

}  // namespace
}  // namespace rpcnet::bins

int main(int argc, char** argv) {
  using namespace rpcnet::bins;
  ClientOptions options;
  return Program::run(
      "client", [&] { parse(options, argc, argv); },
      [&](Program& program) { return fetch(program, options); });
}
