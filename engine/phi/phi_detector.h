// Phi Accrual (Hayashibara, Defago, Yared, Katayama, SRDS 2004): how surprising is this silence?
//
// Model. A peer sends heartbeats in a steady rhythm. The gaps between their arrivals are taken as
// normally distributed, with the mean and the deviation of the last `window` of them (Phi 5.2).
// After `t` since the last arrival
//
//   phi(t) = -log10( 1 - CDF( (t - mean - pause) / deviation ) )
//
// so that at level 1 one alarm in ten is false, at 3 one in a thousand. `pause` is an allowance for
// what the rhythm does not show: garbage collection, scheduling, a retransmission (Akka's
// acceptable-heartbeat-pause).
//
// Phi is monotone in t, hence it can be inverted once: level L is reached at
//
//   last + mean + pause + z(L) * deviation        z(3) = 3.09, z(5) = 4.26, z(8) = 5.61
//
// which is a deadline like any other. Decisions use when(), by integers only; phi_milli() is a
// number for people and for reports.
//
// Rejected:
// - Polling phi against a threshold: costs a transcendental function per peer and tick, and
//   decides late by up to a tick.
// - Akka's logistic approximation: overstates the tail (level 8 at 5.23 deviations, not 5.61).
// - An exponential model (Cassandra, chitchat): knows no rhythm, so silence of 18 gaps is needed
//   where a steady heartbeat has said it all after three.
// - Variance as a difference of floating-point means: turns negative, then NaN. Sums here are
//   exact integers.
// - 1 - CDF as written: is 0 beyond 8.3 deviations. See normal_tail.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/config.h"
#include "engine/instant.h"

namespace rpcnet::phi {

class PhiDetector {
 public:
  // `expected`: the gap that the peer has promised, the first guess until gaps are known.
  PhiDetector(const PhiConfig& config, Duration expected);

  // A heartbeat arrived. A gap under half of the expected one is not a sample: what was queued
  // during a pause comes in a burst that says nothing of the rhythm (akka.net 4849). Neither is one
  // over gap_max, which was an outage.
  void observe(Instant now);

  // Another sign of life: the silence ends, but the rhythm has learned nothing.
  void hear(Instant now);

  // A heartbeat arrived after something that was no rhythm (the peer was dead): the gap is dropped.
  void resume(Instant now);

  // This process itself was stopped for so long: what it did not hear is not the peer's silence.
  void delay(Duration stall);

  // The level times 1000 now, 0 to 300000; 0 before the first sign of life.
  std::uint32_t phi_milli(Instant now) const;

  // When the level will be reached if nothing more is heard; nullopt before the first sign of
  // life.
  // Levels under 1 count as 1.
  std::optional<Instant> when(std::uint32_t level_milli) const;

  Duration mean() const { return mean_; }
  Duration deviation() const { return deviation_; }   // at least PhiConfig::deviation_min
  std::uint64_t samples() const { return samples_; }  // since the beginning
  std::optional<Instant> last() const { return last_; }

 private:
  __extension__ using Wide = __int128;

  void record(std::int64_t gap);
  void measure();

  PhiConfig config_;
  Duration expected_;
  std::vector<std::int64_t> gaps_;  // nanoseconds; a ring once it is full
  std::size_t oldest_ = 0;
  std::int64_t sum_ = 0;
  Wide squares_ = 0;
  Duration mean_{};  // of the gaps, as they are now
  Duration deviation_{};
  std::uint64_t samples_ = 0;
  std::optional<Instant> last_;     // latest arrival
  std::optional<Instant> sampled_;  // latest arrival that ended a sampled gap
};

}  // namespace rpcnet::phi
