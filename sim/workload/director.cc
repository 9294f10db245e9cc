// Assignments, answered from the registry.
#include "sim/workload/director.h"

#include "sim/workload/payload.h"

namespace rpcnet::sim {
namespace {

constexpr std::uint32_t kWorkers = 1;

Status failure(StatusCode code, const char* message) { return {code, message, {}}; }

}  // namespace

void Director::start(ProgramContext& context) {
  context.command(OpenRegistry{kWorkers, TagFilter{{{"role", "worker"}}},
                               LoadBalancingStrategy::least_connections});
}

void Director::on_event(ProgramContext& context, const Event& event) {
  if (const auto* arrived = std::get_if<CallArrived>(&event)) {
    if (arrived->method == kAssign) {
      calls_.emplace(arrived->call, false);
    } else {
      context.command(FinishCall{arrived->call, std::nullopt,
                                 failure(StatusCode::unimplemented, "not a director's method"),
                                 {}});
    }
  } else if (const auto* message = std::get_if<MessageArrived>(&event)) {
    const auto call = calls_.find(message->call);
    if (call == calls_.end() || call->second) return;
    const auto request = parse_assign_request(message->message);
    if (!request) {
      calls_.erase(call);
      context.command(FinishCall{message->call, std::nullopt,
                                 failure(StatusCode::invalid_argument, "malformed"), {}});
      return;
    }
    call->second = true;
    context.command(SelectWorker{kWorkers, message->call.value, {}, request->excluded});
  } else if (const auto* aborted = std::get_if<CallAborted>(&event)) {
    calls_.erase(aborted->call);
  } else if (const auto* selected = std::get_if<WorkerSelected>(&event)) {
    answer(context, *selected);
  }
}

void Director::answer(ProgramContext& context, const WorkerSelected& selected) {
  const CallId call{selected.request};
  if (calls_.erase(call) == 0) return;
  if (!selected.worker) {
    context.command(FinishCall{call, std::nullopt,
                               failure(StatusCode::unavailable, "no worker"), {}});
    return;
  }
  context.command(FinishCall{
      call, serialize(AssignResponse{selected.worker->id, selected.worker->address}), {}, {}});
}

void Director::on_timer(ProgramContext&, std::uint64_t) {}

}  // namespace rpcnet::sim
