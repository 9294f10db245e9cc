// A node's snapshot as a file: lines of text, with a check at the end.
//
//   rpcnet-snapshot 1
//   cluster dev
//   node worker-a
//   incarnation 3
//   tags-version 7
//   member worker-b 10.0.0.2:61000        one line each
//   check 5a0f3c1200000000                of all that stands before
//
// Written to FILE.new and renamed, readable by its owner alone. It is not forced to the disk, which
// could hold up the heartbeats: what a power failure cuts short the check tells.
#pragma once

#include <string>
#include <string_view>

#include "engine/command.h"
#include "engine/ids.h"
#include "io/result.h"

namespace rpcnet::core {

// Whose it is.
struct SnapshotOwner {
  std::string cluster;
  NodeId node;
};

std::string snapshot_text(const SnapshotOwner& owner, const Snapshot& snapshot);

// invalid_argument: not a snapshot, or damaged. failed_precondition: somebody else's.
Result<Snapshot> parse_snapshot(std::string_view text, const SnapshotOwner& owner);

Status write_snapshot(const std::string& file, const std::string& text);

// As parse_snapshot; not_found: there is no such file. The words name the file.
Result<Snapshot> read_snapshot(const std::string& file, const SnapshotOwner& owner);

}  // namespace rpcnet::core
