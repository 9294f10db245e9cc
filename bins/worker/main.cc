// A worker: joins the cluster, tags itself so that it is found, and streams tokens.
#include "bins/common.h"
#include "bins/membership.h"
#include "bins/program.h"
#include "bins/worker/failure_cycle.h"
#include "bins/worker/inference.h"
#include "bins/worker/options.h"
#include "io/cluster.h"
#include "services/standard.h"

namespace rpcnet::bins {
namespace {

// Joins as soon as a director answers, and makes itself known as a worker.
asio::awaitable<void> join(Program& program, const WorkerOptions& options,
                           ClusterMembership cluster, Inference& inference, Console console) {
  console.info("🌐", "Enabling cluster, connecting to director at {}...",
               fmt::join(options.directors, ","));
  EventStream events = cluster.events();
  const Status joined = co_await cluster.join(options.directors);
  if (joined.code == StatusCode::cancelled) co_return;  // told to leave before anybody answered
  if (!joined.ok()) throw cannot_start(options.addr, joined);
  console.info("✅", "Cluster enabled, connected to director");

  console.info("🏷️ ", "Tagging worker with role=worker and label={}...", options.label);
  const Status tagged = cluster.set_tags({{"role", "worker"}, {"label", options.label}});
  if (!tagged.ok()) throw cannot_start(options.addr, tagged);
  console.info("✅", "Worker '{}' joined cluster with role=worker", options.label);
  console.info("🚀", "Worker '{}' is running and ready to handle requests", options.label);

  program.beside(tell_events(std::move(events), console));
  if (options.failures) program.beside(simulate_failures(inference, cluster, console));
}

asio::awaitable<int> work(Program& program, const WorkerOptions& options) {
  ShutdownSignal shutdown(program.context());
  const Console console(options.common.log, options.common.symbols);
  set_up_library_log(options.common.log);
  outlive_readers();
  console.info("👷", "Starting Worker '{}' at {}", options.label, options.addr);
  console.info("🔌", "Binding server to {}...", options.addr);
  auto started = Host::start(program.context(), member_host(options.addr, options.directors.front(),
                                                            options.common, options.member));
  if (!started.ok()) throw cannot_start(options.addr, started.status());
  Host host = std::move(*started);

  const auto inference = std::make_shared<Inference>(options.interval);
  host.serve(inference);
  serve_standard(host);
  console.info("✅", "Server bound successfully");

  ClusterMembership cluster(host);
  const Status tagged = cluster.set_tags(options.tags);
  if (!tagged.ok()) throw Exit{1, "--tag: " + tagged.message};
  program.beside(tell_health_on_signal(cluster, console));
  program.beside(join(program, options, cluster, *inference, console));
  co_await told_to_leave(shutdown);
  inference->drain();
  co_await leave(host, cluster, console);
  co_return 0;
}

}  // namespace
}  // namespace rpcnet::bins

int main(int argc, char** argv) {
  using namespace rpcnet::bins;
  WorkerOptions options;
  return Program::run(
      "worker", [&] { parse(options, argc, argv); },
      [&](Program& program) { return work(program, options); });
}
