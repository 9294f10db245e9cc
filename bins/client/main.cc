// The client: streams tokens from the worker that the director assigns, and when that is lost goes
// on with the next token elsewhere.
#include <memory>
#include <optional>
#include <vector>

#include "bins/client/options.h"
#include "bins/client/token_log.h"
#include "bins/client/worker_finder.h"
#include "bins/inference.rpcnet.h"
#include "bins/latch.h"
#include "bins/program.h"
#include "io/signals.h"

namespace rpcnet::bins {
namespace {

// How the stream is to be resumed, so that a lost worker is left soon.
ResumeOptions resume_options(const ClientOptions& options) {
  ResumeOptions resume;
  resume.call.timeout = no_deadline;
  resume.resume.attempts_max = 0;
  resume.resume.backoff_max = std::chrono::milliseconds(200);
  resume.resume.open_max = options.connect_timeout;
  resume.resume.silence_max = options.token_timeout;
  return resume;
}

void tell(const ResumeEvent& event, const WorkerFinder& finder, const Console& console) {
  if (event.kind == ResumeEvent::Kind::opened) {
    console.info("✅", "direct connection established to worker");
    console.info("📤", "creating request stream");
    console.info("🌊", "stream opened successfully, starting to consume responses");
  } else {
    console.warn("⚠️ ", "lost worker {} ({}) - returning to director", finder.label(event.worker),
                 to_text(event.status));
  }
}

// Until there are enough tokens, worker after worker.
asio::awaitable<void> consume(Host& host, const ClientOptions& options, TokenLog& log,
                              Console console, Latch& end) {
  const auto finder = std::make_shared<WorkerFinder>(host, options, console);
  const example::InferenceClient inference(Channel(
      host, [finder](std::vector<NodeId> excluded) { return finder->find(std::move(excluded)); }));
  example::GenerateRequest request;
  request.set_prompt(options.prompt);
  auto tokens = inference.generate_resumable(request, resume_options(options));
  tokens.on_event([&](const ResumeEvent& event) {
    if (event.kind == ResumeEvent::Kind::lost && event.was_opened) log.observe_failover();
    tell(event, *finder, console);
  });
  while (options.tokens == 0 || log.tokens() < options.tokens) {
    const std::optional<example::Token> token = co_await tokens.read();
    if (!token) {
      const Status status = co_await tokens.finish();
      throw Exit{1, status.message};
    }
    log.observe(host.now(), token->sequence());
    console.info("📦", "received token (sequence={}, text=\"{}\", total={})", token->sequence(),
                 token->text(), log.tokens());
  }
  end.set();
}

asio::awaitable<void> end_on_signal(ShutdownSignal& shutdown, Latch& end) {
  co_await shutdown.wait();
  end.set();
}

asio::awaitable<int> fetch(Program& program, const ClientOptions& options) {
  ShutdownSignal shutdown(program.context());
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
  program.beside(end_on_signal(shutdown, end));
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
