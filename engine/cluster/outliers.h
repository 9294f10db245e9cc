// Who does worse than the others: workers that fail again and again, or take much longer, are left
// alone for a while, the longer the more often (Envoy's "outlier detection").
//
// What one chooser sees of its own calls, and nobody else's opinion: it needs no messages and
// cannot spread. It is advice: who is away comes last and not never (cluster/registry.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "engine/config.h"
#include "engine/ids.h"
#include "engine/instant.h"

namespace rpcnet::cluster {

class Outliers {
 public:
  explicit Outliers(const OutlierConfig& config) : config_(config) {}

  enum class Ending : std::uint8_t {
    success,
    failure,   // of the worker or the way to it, not of what was asked
    given_up,  // by us, before its end
  };

  // A call to this worker ended, after `latency`; absent: how long it took says nothing (a stream).
  void on_ended(Instant now, const NodeId& worker, Ending ending, std::optional<Duration> latency);

  // Who is to be left alone now, in NodeId order.
  std::vector<NodeId> away(Instant now);

  // How often somebody was sent away.
  std::uint64_t ejections() const { return ejections_; }

 private:
  struct Worker {
    std::uint32_t failures = 0;  // since the last success
    std::uint32_t calls = 0;     // since the last comparison, and the time that they took
    Duration spent{};
    std::uint32_t times = 0;  // that it was sent away and has not made good
    Instant until{};          // away until then
    Instant heard{};          // its last call
  };

  void compare(Instant now);
  void send_away(Instant now, Worker& worker);
  bool room_for_another(Instant now) const;

  OutlierConfig config_;
  std::map<NodeId, Worker> workers_;
  Instant compared_{};
  bool begun_ = false;
  std::uint64_t ejections_ = 0;
};

}  // namespace rpcnet::cluster
