// What the two roles of one Rpc machine have in common: limits, links, deadlines, counters.
#pragma once

#include "engine/config.h"
#include "engine/ids.h"
#include "engine/links.h"
#include "engine/rpc/counters.h"
#include "engine/timers.h"

namespace rpcnet::rpc {

struct Shared {
  RpcConfig config;
  Links links;
  Timers<CallId> timers;  // one for both roles, so that deadlines fall due in one order
  Counters counters{};
};

}  // namespace rpcnet::rpc
