// Who does worse than the others: workers that fail again and again, or take much longer, are left
// alone for a while, the longer the more often (Envoy's "outlier detection").
//
// What one chooser sees of its own calls, and nobody else's opinion: it needs no messages and
// cannot spread. It is advice: who is away comes last and not never (cluster/registry.h). Who comes
// back is on trial (ours; a circuit breaker's half-open state): one call at a time goes there,
// until one has done well. So a worker that is still bad costs one call each time.
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
    failure,    // of the worker or the way to it, not of what was asked
    given_up,   // by us, before its end
    not_begun,  // no handler saw it
  };

  // A call to this worker begins, whose on_ended will tell how long it took. Exactly one follows.
  void on_begun(Instant now, const NodeId& worker);

  // A call to this worker ended, after `latency`; absent: how long it took says nothing (a stream,
  // which needs no on_begun).
  void on_ended(Instant now, const NodeId& worker, Ending ending, std::optional<Duration> latency);

  // Who is to be left alone now, in NodeId order.
  std::vector<NodeId> away(Instant now);

  // How often somebody was sent away.
  std::uint64_t ejections() const { return ejections_; }

 private:
  struct Worker {
    std::uint32_t failures = 0;  // since the last success
    std::uint32_t calls = 0;     // since its last mean, and the time that they took
    Duration spent{};
    std::optional<Duration> mean;  // of its latest calls
    std::uint32_t times = 0;       // that it was sent away and has not made good
    Instant until{};               // away until then; later, when it was last forgiven a time
    bool on_trial = false;         // from then on
    bool tried = false;            // by a call that has not ended
    Instant heard{};               // its last call

    bool away(Instant now) const { return until > now || tried; }
  };

  void compare(Instant now);
  // Whether the worker may stay.
  bool conclude_trial(Instant now, Worker& worker, Ending ending, std::optional<Duration> latency);
  bool slow(Duration latency) const;
  void forgive(Instant now, Worker& worker) const;
  void send_away(Instant now, Worker& worker);
  bool room_for(Instant now, const Worker& another) const;
  Duration term(std::uint32_t times) const;  // away, for who was so often before

  OutlierConfig config_;
  std::map<NodeId, Worker> workers_;
  std::optional<Duration> median_;  // of the workers' means; absent: nothing to compare with
  Instant compared_{};
  bool begun_ = false;
  std::uint64_t ejections_ = 0;
};

}  // namespace rpcnet::cluster
