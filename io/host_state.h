// What a Host is doing now, link by link and method by method, for operators: what gRPC calls
// channelz. Numbers that only grow are HostCounters.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "io/quic/link_view.h"

namespace rpcnet {

struct HostState {
  struct Serving {
    std::size_t running = 0;  // handlers
    std::size_t waiting = 0;  // for one of AdmissionConfig::running_max to end
  };

  std::vector<quic::LinkView> links;       // in the order in which they began
  std::map<std::string, Serving> serving;  // incoming calls that are open, by method
  std::size_t calls_out = 0;               // outgoing calls that are open
  bool draining = false;
};

}  // namespace rpcnet
