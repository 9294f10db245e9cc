#include "bins/worker/options.h"

#include "engine/ids.h"

namespace rpcnet::bins {

void parse(WorkerOptions& target, int argc, const char* const* argv) {
  Options options(
      "worker", "Joins the cluster, tags itself role=worker and streams tokens to clients.",
      "Signals: SIGTERM drains: streams end between two tokens so that clients go on elsewhere, "
      "the\n"
      "node says farewell and its peers see NodeLeft. SIGINT (Ctrl+C) ends at once without a\n"
      "farewell, as a hard kill does. A second SIGTERM ends at once too.\n"
      "SIGUSR1 prints what this node thinks of each member, and why.\n"
      "Exit status: 0 after SIGTERM, 64 for a bad option or variable, 1 for anything else.");
  options.add({"--label", {"WORKER_LABEL"}, "NAME", "its label, and its node's name"},
              text(target.label));
  options.add({"--addr", {"WORKER_ADDR"}, "HOST:PORT", "where to listen"}, address(target.addr));
  options.add({"--director",
               {"DIRECTOR_ADDR"},
               "HOST:PORT[,...]",
               "directors to join through; any that answers will do, also one that comes later"},
              addresses(target.directors));
  options.add({"--failures",
               {"WORKER_FAILURE_ENABLED"},
               "",
               "simulate failures: 10 s of work, a warning, 3 s later 5 s of failure"},
              on_off(target.failures));
  options.add({"--interval-ms", {}, "N", "time from one token of a stream to the next"},
              duration_ms(target.interval, std::chrono::milliseconds(0), std::chrono::hours(1)));
  options.add({"--tag", {}, "KEY=VALUE", "a further tag for routing, such as gpu=true; repeatable"},
              tag(target.tags));
  add_member(options, target.member);
  add_common(options, target.common);
  options.parse(argc, argv);

  if (target.member.node.empty()) {
    if (!NodeId::parse(target.label)) {
      throw Exit{kUsage, "WORKER_LABEL=\"" + target.label +
                             "\": expected 1 to 64 of a-z 0-9 . _ - since it names the node too; "
                             "correct WORKER_LABEL or --label, or name the node with --node"};
    }
    target.member.node = target.label;
  }
}

}  // namespace rpcnet::bins
