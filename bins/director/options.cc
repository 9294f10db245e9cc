#include "bins/director/options.h"

namespace rpcnet::bins {

void parse(DirectorOptions& target, int argc, const char* const* argv) {
  using Strategy = LoadBalancingStrategy;
  Options options(
      "director", "Knows the workers of its cluster by gossip and tells clients which one to use.",
      "Signals: SIGTERM lets running calls finish and says farewell; SIGINT (Ctrl+C) ends at once\n"
      "without a farewell. A second SIGTERM ends at once too.\n"
      "SIGUSR1 prints what this node thinks of each member, and why.\n"
      "Exit status: 0 after SIGTERM, 64 for a bad option or variable, 1 for anything else.");
  options.add({"--addr", {"DIRECTOR_ADDR"}, "HOST:PORT", "where to listen"}, address(target.addr));
  options.add(
      {"--strategy",
       {},
       "NAME",
       "round-robin, random, weighted, weighted-by-load, power-of-two or least-connections"},
      choice<Strategy>(target.strategy, {{"least-connections", Strategy::LeastConnections},
                                         {"round-robin", Strategy::RoundRobin},
                                         {"random", Strategy::Random},
                                         {"weighted", Strategy::Weighted},
                                         {"weighted-by-load", Strategy::WeightedByLoad},
                                         {"power-of-two", Strategy::PowerOfTwo}}));
  options.add({"--partition-policy",
               {"RPCNET_PARTITION_POLICY"},
               "NAME",
               "what it does on the side of a partition without a quorum: go-on, or keep-majority, "
               "which assigns no workers there"},
              choice<PartitionPolicy>(target.partition,
                                      {{"go-on", PartitionPolicy::go_on},
                                       {"keep-majority", PartitionPolicy::keep_majority}}));
  add_member(options, target.member);
  add_common(options, target.common);
  options.parse(argc, argv);
}

}  // namespace rpcnet::bins
