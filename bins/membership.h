// What director and worker have in common as members: telling events, and going away.
#pragma once

#include <asio/awaitable.hpp>
#include <string>

#include "bins/console.h"
#include "io/cluster.h"
#include "io/host.h"
#include "io/signals.h"

namespace rpcnet::bins {

// Its tag "label", or its id.
const std::string& label_of(const Member& member);

// From now on the process also works when nobody reads what it says (`director | head`): serving is
// its work, telling of it is not.
void outlive_readers();

// One line for each NodeJoined, NodeLeft, NodeFailed, NodeRecovered; for ever.
asio::awaitable<void> tell_events(EventStream events, Console console);

// At each SIGUSR1, what this node thinks of every member and why; for ever.
asio::awaitable<void> tell_health_on_signal(ClusterMembership cluster, Console console);

// Waits for SIGTERM. SIGINT instead ends the process on the spot, as from a hard kill, which is
// what the chapter's "Hard Kill Test" shows. After either a second signal ends the process at once.
asio::awaitable<void> told_to_leave(ShutdownSignal& shutdown);

// Goes away in good manners: nobody is sent here any more, running calls finish, the others are
// told. Streams without end are the program's own to end, before.
asio::awaitable<void> leave(Host& host, ClusterMembership& cluster, const Console& console);

}  // namespace rpcnet::bins
