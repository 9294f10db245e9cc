// The director's settings.
#pragma once

#include <string>

#include "bins/common.h"
#include "engine/command.h"
#include "engine/config.h"

namespace rpcnet::bins {

struct DirectorOptions {
  std::string addr = "127.0.0.1:61000";
  LoadBalancingStrategy strategy = LoadBalancingStrategy::LeastConnections;
  PartitionPolicy partition = PartitionPolicy::go_on;
  CommonOptions common{};
  MemberOptions member{};
};

void parse(DirectorOptions& target, int argc, const char* const* argv);

}  // namespace rpcnet::bins
