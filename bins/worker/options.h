// The worker's settings.
#pragma once

#include <string>
#include <vector>

#include "bins/common.h"
#include "engine/instant.h"
#include "engine/member.h"

namespace rpcnet::bins {

struct WorkerOptions {
  std::string label = "worker-1";
  std::string addr = "127.0.0.1:62001";
  std::vector<std::string> directors = {"127.0.0.1:61000"};
  bool failures = false;
  Duration interval = std::chrono::milliseconds(200);
  Tags tags{};  // beside role and label
  CommonOptions common{};
  MemberOptions member{};
};

void parse(WorkerOptions& target, int argc, const char* const* argv);

}  // namespace rpcnet::bins
