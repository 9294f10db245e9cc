// The director of the cluster example in little: tells clients which worker is theirs.
#pragma once

#include <chrono>
#include <map>

#include "sim/plan.h"
#include "sim/program.h"

namespace rpcnet::sim {

class Director final : public Program {
 public:
  explicit Director(const Workload& workload) : between_choices_(workload.choose_ms),
        burst_(static_cast<std::uint64_t>(workload.choose_burst)) {}

  void start(ProgramContext& context) override;
  void on_event(ProgramContext& context, const Event& event) override;
  void on_timer(ProgramContext& context, std::uint64_t token) override;

 private:
  void choose(ProgramContext& context, std::uint32_t registry);
  void answer(ProgramContext& context, const WorkerSelected& selected);

  struct Assigning {
    bool understood = false;
    Metadata metadata;
  };
  std::map<CallId, Assigning> calls_;
  std::chrono::milliseconds between_choices_;
  std::uint64_t burst_;
  std::uint64_t turns_ = 0;    // of the timer
  std::uint64_t choices_ = 0;  // for nobody
};

}  // namespace rpcnet::sim
