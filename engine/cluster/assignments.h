// Calls that were assigned to a worker here and that its own reports do not show yet.
//
// A worker reports its active calls in its heartbeats; between two of them, whoever assigns calls
// must count its own, or a burst would all go to one worker. An assignment ends when a report
// shows that the worker's load rose (the client came), when its time is over (the client never
// came), or with the worker. Nothing else has to remember to release it, so counts cannot leak.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>

#include "engine/ids.h"
#include "engine/instant.h"

namespace rpcnet::cluster {

class Assignments {
 public:
  explicit Assignments(Duration ttl) : ttl_(ttl) {}

  // `request` names it for release().
  void add(Instant now, const NodeId& worker, std::uint64_t request = 0);

  // The call that it was for is over. Nothing changes if it has become a call in a report, or
  // expired.
  void release(const NodeId& worker, std::uint64_t request);

  // A report arrived: `active` calls are open at the worker. `sequence` numbers its reports: the
  // one already seen changes nothing, any other is news (a restarted worker begins anew).
  void on_report(const NodeId& worker, std::uint64_t sequence, std::uint32_t active);

  // How many count at `now`.
  std::uint32_t count(Instant now, const NodeId& worker) const;

  // The same as if this report had been taken in first: for views, which change nothing.
  std::uint32_t count(Instant now, const NodeId& worker, std::uint64_t sequence,
                      std::uint32_t active) const;

  void forget(const NodeId& worker) { workers_.erase(worker); }

 private:
  struct Assignment {
    Instant expiry{};
    std::uint64_t request = 0;
  };
  struct Worker {
    std::deque<Assignment> open;  // by expiry, ascending
    std::uint64_t sequence = 0;
    std::uint32_t active = 0;

    // How many assignments a report shows to have become calls.
    std::size_t arrived(std::uint64_t reported, std::uint32_t active_now) const;
  };

  Duration ttl_;
  std::map<NodeId, Worker> workers_;
};

}  // namespace rpcnet::cluster
