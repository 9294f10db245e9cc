// Calls and streams, as caller and callee see them: one outcome each, nothing after it, answers
// that belong to the question, tokens without gap or repeat, deadlines kept.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/oracles/oracle.h"
#include "sim/workload/payload.h"

namespace rpcnet::sim {

class CallsOracle final : public Oracle {
 public:
  explicit CallsOracle(const Ground& ground);

  const char* name() const override { return "calls"; }
  void on_stopping(HostIndex host) override;
  void on_command(HostIndex host, const Command& command) override;
  void on_outcome(HostIndex host, Outcome outcome) override;
  void on_event(HostIndex host, const Event& event) override;
  bool settled() override;
  std::string unsettled() override;
  Duration patience() const override { return bounds().quiet; }

  std::uint64_t calls() const { return calls_; }
  std::uint64_t calls_ok() const { return calls_ok_; }
  std::uint64_t tokens() const { return tokens_; }
  std::uint64_t sessions_done() const { return sessions_done_; }
  std::uint64_t failovers() const { return failovers_; }

 private:
  struct Outgoing {
    std::string method;
    std::optional<Instant> deadline;
    Moment began;
    Bytes request;
    std::uint64_t messages = 0;
    std::optional<Moment> cancelled;
    std::optional<GenerateRequest> stream;
    std::uint64_t next = 0;  // of the stream
  };
  struct Session {
    std::uint64_t next = 0;
    std::uint64_t total = 0;
    std::uint64_t streams = 0;
  };

  void on_headers(HostIndex host, const HeadersArrived& headers);
  void on_message(HostIndex host, const MessageArrived& message);
  void on_finished(HostIndex host, const CallFinished& finished);
  void on_start(HostIndex host, const StartCall& call);
  bool is_open(HostIndex host, CallId call) const;
  std::string text_of(CallId call, const Outgoing& outgoing) const;

  std::vector<std::map<CallId, Outgoing>> outgoing_;  // by host
  std::vector<std::map<CallId, bool>> incoming_;      // by host
  // Ended by a command in this very moment: events that the node had already queued then are no
  // fault of its own.
  std::vector<std::map<CallId, Moment>> just_ended_;
  std::vector<CallId> last_outgoing_;  // highest number started
  std::map<std::pair<HostIndex, std::uint64_t>, Session> sessions_;
  std::optional<std::pair<HostIndex, CallId>> starting_;
  std::optional<std::pair<HostIndex, CallId>> finishing_;
  std::optional<std::pair<HostIndex, CallId>> cancelling_;
  std::uint64_t calls_ = 0;
  std::uint64_t calls_ok_ = 0;
  std::uint64_t tokens_ = 0;
  std::uint64_t sessions_done_ = 0;
  std::uint64_t failovers_ = 0;
};

}  // namespace rpcnet::sim
