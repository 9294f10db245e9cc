// What director and worker have in common as members: telling events, and going away.
#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <string>

#include "bins/console.h"
#include "io/cluster.h"
#include "io/host.h"

namespace rpcnet::bins {

// Its tag "label", or its id.
const std::string& label_of(const Member& member);

// One line for each NodeJoined, NodeLeft, NodeFailed, NodeRecovered; for ever.
asio::awaitable<void> tell_events(EventStream events, Console console);

// Waits for a signal. SIGTERM: `drain` (may be empty) ends the program's own streams, running calls
// finish, the node says farewell. SIGINT: the process ends on the spot, as from a hard kill, which
// is what the chapter's "Hard Kill Test" shows. A second signal ends a drain at once.
asio::awaitable<void> leave_on_signal(Host& host, ClusterMembership cluster, Console console,
                                      std::function<void()> drain = {});

}  // namespace rpcnet::bins
