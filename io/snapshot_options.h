// SnapshotOptions: a file in which a member keeps what its next life needs to find the cluster
// again when no seed is there any more.
#pragma once

#include <chrono>
#include <string>

#include "engine/instant.h"

namespace rpcnet {

struct SnapshotOptions {
  // Written while members are known, and at the end; read at the start. A file that is damaged, or
  // another node's, is told in the log and not used. Empty: none.
  std::string file{};
  // How often it is written, if anything has changed. Ours: membership changes seldom, and of two
  // snapshots ten seconds apart either finds the cluster.
  Duration interval = std::chrono::seconds(10);
};

}  // namespace rpcnet
