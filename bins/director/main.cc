// The director: knows the workers by gossip and tells clients which one to use.
#include "bins/common.h"
#include "bins/director/assign.h"
#include "bins/director/options.h"
#include "bins/director/pool_status.h"
#include "bins/membership.h"
#include "bins/program.h"
#include "io/cluster.h"
#include "services/standard.h"

namespace rpcnet::bins {
namespace {

asio::awaitable<int> direct(Program& program, const DirectorOptions& options) {
  ShutdownSignal shutdown(program.context());
  const Console console(options.common.log, options.common.symbols);
  set_up_library_log(options.common.log);
  outlive_readers();
  console.info("🎯", "Starting Director at {}", options.addr);
  console.info("📁", "Loading certificates from \"{}\"",
               located(options.common.credentials).certificate);
  HostOptions own = member_host(options.addr, {}, options.common, options.member);
  own.cluster.with_partition_policy(options.partition);
  auto started = Host::start(program.context(), std::move(own));
  if (!started.ok()) throw cannot_start(options.addr, started.status());
  Host host = std::move(*started);

  // No seeds: the first of its cluster. Workers that name this address find it.
  ClusterMembership cluster(host);
  EventStream events = cluster.events();
  cluster.set_tag("role", "director");
  std::vector<std::string> seeds;
  const Status joined = co_await cluster.join(std::move(seeds));
  if (!joined.ok()) throw cannot_start(options.addr, joined);
  console.info("✅", "Director registered itself in cluster");
  console.info("✅", "Cluster enabled - Director is now discoverable");

  WorkerRegistry registry(cluster, options.strategy);
  registry.start();
  console.info("🔄", "Load balancing strategy: {}", to_text(options.strategy));
  PoolStatus pool(registry, console);
  pool.tell();

  host.serve(directory(registry, console));
  serve_standard(host);
  console.info("🚀", "Director ready - listening on {}", to_text(host.address()));

  program.beside(pool.watch());
  program.beside(tell_events(std::move(events), console));
  program.beside(tell_health_on_signal(cluster, console));
  co_await told_to_leave(shutdown);
  co_await leave(host, cluster, console);
  co_return 0;
}

}  // namespace
}  // namespace rpcnet::bins

int main(int argc, char** argv) {
  using namespace rpcnet::bins;
  DirectorOptions options;
  return Program::run(
      "director", [&] { parse(options, argc, argv); },
      [&](Program& program) { return direct(program, options); });
}
