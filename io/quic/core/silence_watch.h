// Judges whether the peer of one link has gone silent (Connect::silence_max).
//
// It counts only time in which this process was awake to hear something. A process that was
// suspended, or starved for long, finds its timer far overdue; the peer may have spoken all along,
// and its packets may still lie in the socket. So after such a stall a fresh PING must have gone
// unanswered for half of silence_max before the link is given up.
//
// Pure: told of time, hearing and nothing else. Ticks every quarter of silence_max. That something
// which wants an answer is in flight at least as often is the keep-alive's part; only after a stall
// does the watch itself ask for a PING.
#pragma once

#include <algorithm>
#include <optional>

#include "engine/instant.h"

namespace rpcnet::quic {

class SilenceWatch {
 public:
  enum class Verdict { wait, ping, silent };

  // Zero: never judges.
  explicit SilenceWatch(Duration silence_max) : max_(silence_max), quarter_(silence_max / 4) {}

  bool enabled() const { return quarter_ > Duration::zero(); }
  Duration quarter() const { return quarter_; }

  // Streams are open from now on.
  void start(Instant now) {
    if (!enabled() || due_) return;
    reset(now);
  }

  void stop() { due_.reset(); }

  // The peer gave a sign of life. Cheap: the tick looks at it later.
  void heard(Instant now) { heard_ = now; }

  std::optional<Instant> due() const { return due_; }

  Verdict tick(Instant now) {
    if (!due_ || now < *due_) return Verdict::wait;
    if (heard_ > counted_to_) {
      const bool recent = heard_ + quarter_ > now;
      reset(recent ? heard_ : now);
      if (!recent) quiet_ = quarter_;
      return recent ? Verdict::wait : Verdict::ping;
    }
    const bool stalled = now - *due_ > quarter_;
    quiet_ += stalled ? quarter_ : now - counted_to_;
    if (stalled) quiet_ = std::min(quiet_, max_ - max_ / 2);
    counted_to_ = now;
    due_ = now + quarter_;
    if (quiet_ >= max_) return Verdict::silent;
    return stalled ? Verdict::ping : Verdict::wait;
  }

 private:
  void reset(Instant now) {
    counted_to_ = heard_ = now;
    quiet_ = Duration::zero();
    due_ = now + quarter_;
  }

  Duration max_;
  Duration quarter_;
  Duration quiet_{};      // awake time without a sign of life
  Instant counted_to_{};  // up to where quiet_ is counted
  Instant heard_{};
  std::optional<Instant> due_;  // absent: not watching
};

}  // namespace rpcnet::quic
