// The client of the cluster example in little: asks a director for a worker, reads a stream of
// tokens from it, and goes on with another worker, where it stopped, when that one is lost.
//
// Beside the streams it makes unary calls at a steady pace and gives some of them up.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "engine/command.h"
#include "sim/plan.h"
#include "sim/program.h"
#include "sim/workload/payload.h"

namespace rpcnet::sim {

class Client final : public Program {
 public:
  // `number` makes its sessions unique in the run.
  Client(const Workload& workload, std::vector<Peer> directors, std::uint64_t number)
      : workload_(workload), directors_(std::move(directors)), number_(number) {}

  void start(ProgramContext& context) override;
  void on_event(ProgramContext& context, const Event& event) override;
  void on_timer(ProgramContext& context, std::uint64_t token) override;

 private:
  void ask_director(ProgramContext& context);
  void begin_session(ProgramContext& context);
  void open_stream(ProgramContext& context);
  void make_unary_call(ProgramContext& context);
  void on_message(ProgramContext& context, const MessageArrived& message);
  void on_finished(ProgramContext& context, const CallFinished& finished);
  CallId new_call() { return CallId{std::exchange(next_call_, next_call_ + 2)}; }

  Workload workload_;
  std::vector<Peer> directors_;
  std::uint64_t number_;
  std::uint64_t next_call_ = 1;
  std::uint64_t sessions_ = 0;
  std::uint64_t director_ = 0;  // the one to ask next

  bool in_session_ = false;
  GenerateRequest session_;
  std::optional<AssignResponse> worker_;
  std::vector<NodeId> excluded_;  // the worker just lost
  std::optional<CallId> assigning_;
  std::optional<AssignResponse> assigned_;
  std::optional<CallId> streaming_;
  std::uint64_t echoes_ = 0;
};

}  // namespace rpcnet::sim
