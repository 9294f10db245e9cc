// The members of a cluster as people read them.
#pragma once

#include <cstddef>
#include <limits>
#include <string>

#include "rpcnet/v1/cluster.rpcnet.h"

namespace rpcnet::bins {

// A row for each member, the one that answered marked with a star; below, what is the matter with
// the whole.
std::string members_table(const v1::MembersResponse& members,
                          std::size_t width = std::numeric_limits<std::size_t>::max());

// "NodeFailed: worker-b at 127.0.0.1:62002, dead, incarnation 3".
std::string event_line(const v1::ClusterEvent& event);

}  // namespace rpcnet::bins
