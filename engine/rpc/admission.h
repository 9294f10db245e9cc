// What a server takes on: so many handlers at once, a queue for the next ones, and no further.
//
// A call whose deadline would pass while it waits is turned away when it arrives, while its caller
// can still go elsewhere: work that nobody waits for any more is what keeps an overload going
// (Dean and Barroso; brpc's timeout limiter). How long the wait will be is known from how long
// handlers took lately. While a handler is free every call may begin, whatever the estimate, so an
// estimate that is wrong mends itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "engine/config.h"
#include "engine/ids.h"
#include "engine/instant.h"

namespace rpcnet::rpc {

class Admission {
 public:
  enum class Verdict : std::uint8_t {
    run,      // its handler may begin
    wait,     // queued: next() gives it when its turn comes
    full,     // turned away: queue_max are waiting
    hopeless  // turned away: its deadline would pass in the queue
  };

  explicit Admission(const AdmissionConfig& config) : config_(config) {}

  Verdict on_arrival(Instant now, CallId call, std::optional<Instant> deadline);

  // The call is over, whether it ran or waited; unknown ones are ignored.
  void on_over(Instant now, CallId call);

  // The queued call whose handler may begin now; absent: none. Ask again until there is none.
  struct Turn {
    CallId call;
    bool too_late = false;  // it is to be turned away: what is left of its time is not enough
  };
  std::optional<Turn> next(Instant now);

  std::size_t running() const { return running_.size(); }
  std::size_t waiting() const { return waiting_.size(); }
  // How long a call that arrived now would wait.
  Duration expected_wait() const;

 private:
  struct Waiting {
    std::optional<Instant> deadline;
    std::uint64_t sequence = 0;
  };

  AdmissionConfig config_;
  std::map<CallId, Instant> running_;      // since when
  std::map<std::uint64_t, CallId> queue_;  // by arrival
  std::map<CallId, Waiting> waiting_;
  std::uint64_t arrivals_ = 0;
  Duration usual_{};  // a moving mean of how long handlers ran
};

}  // namespace rpcnet::rpc
