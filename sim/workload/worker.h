// The worker of the cluster example in little: echoes, and generates tokens at a steady pace.
#pragma once

#include <map>

#include "sim/plan.h"
#include "sim/program.h"
#include "sim/workload/payload.h"

namespace rpcnet::sim {

class Worker final : public Program {
 public:
  explicit Worker(const Workload& workload) : workload_(workload) {}

  void start(ProgramContext& context) override;
  void on_event(ProgramContext& context, const Event& event) override;
  void on_timer(ProgramContext& context, std::uint64_t token) override;

 private:
  struct Serving {
    bool echo = false;
    std::optional<GenerateRequest> request;
  };

  void on_message(ProgramContext& context, const MessageArrived& message);
  void generate(ProgramContext& context, CallId call, Serving& serving);

  Workload workload_;
  std::map<CallId, Serving> calls_;
};

}  // namespace rpcnet::sim
