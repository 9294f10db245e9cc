// What workers take on: not more unary calls at once than they may, none turned away without need,
// and batches that are not too large, not too late and in the order of arrival.
//
// From the outside: it sees calls arrive, and the answers, which name their batch.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "sim/oracles/oracle.h"

namespace rpcnet::sim {

class ServingOracle final : public Oracle {
 public:
  explicit ServingOracle(const Ground& ground);

  const char* name() const override { return "serving"; }
  void on_stopping(HostIndex host) override;
  void on_command(HostIndex host, const Command& command) override;
  void on_outcome(HostIndex host, Outcome outcome) override;
  void on_event(HostIndex host, const Event& event) override;
  void on_tick() override;

  std::uint64_t turned_away() const { return turned_away_; }
  std::uint64_t batched() const { return batched_; }

 private:
  // Of a call that waits for its batch, or is in one.
  struct Waiting {
    Moment at;
    Instant local;              // the same by the worker's clock
    std::uint64_t arrival = 0;  // its place among those of its worker
  };
  struct Batch {
    std::uint64_t number = 0;
    Instant began;
    Instant over;
    std::size_t size = 0;
    std::uint64_t last = 0;  // the greatest place of its calls
  };
  struct Worker {
    std::map<CallId, Moment> alone;                     // open ones of kEcho: since when
    std::map<CallId, std::optional<Waiting>> together;  // of kTogether; absent: no request yet
    std::uint64_t arrivals = 0;
    std::optional<Batch> batch;  // the latest
  };

  void on_turned_away(HostIndex host, Moment arrived);
  void on_answer(HostIndex host, const Waiting& call, const FinishCall& finish);

  std::vector<Worker> workers_;  // by host
  std::optional<FinishCall> finishing_;
  std::uint64_t turned_away_ = 0;
  std::uint64_t batched_ = 0;
};

}  // namespace rpcnet::sim
