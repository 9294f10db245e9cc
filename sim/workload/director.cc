// Assignments, answered from the registry.
#include "sim/workload/director.h"

#include "sim/workload/payload.h"

namespace rpcnet::sim {
namespace {

constexpr LoadBalancingStrategy kStrategies[kRegistries] = {
    LoadBalancingStrategy::least_connections,
    LoadBalancingStrategy::round_robin,
    LoadBalancingStrategy::random,
    LoadBalancingStrategy::power_of_two,
    LoadBalancingStrategy::weighted,
    LoadBalancingStrategy::consistent_hash,
    LoadBalancingStrategy::weighted_by_load,
    LoadBalancingStrategy::least_connections};
// The last one prefers a zone, until its workers have so much to do.
constexpr std::uint32_t kZoneSpill = 2;

// What it chooses for nobody, so that there is enough to judge: chance is judged by numbers, so one
// of two choices is left to it. The requests have numbers that no call has.
constexpr std::uint64_t kForNobody = std::uint64_t{1} << 62;

// In one turn of so many it makes several at once: that is a load which the next ones have to see.
constexpr std::uint64_t kBetweenBursts = 8;

Status failure(StatusCode code, const char* message) { return {code, message, {}}; }

}  // namespace

void Director::start(ProgramContext& context) {
  for (std::uint32_t i = 0; i < kRegistries; ++i) {
    OpenRegistry open{i + 1, TagFilter{{{"role", "worker"}}}, kStrategies[i]};
    if (i + 1 == kRegistries) {
      open.zone = kZones[0];
      open.zone_spill = kZoneSpill;
    }
    context.command(std::move(open));
  }
  if (between_choices_.count() > 0) context.wake(std::chrono::seconds(2), 0);
}

void Director::on_event(ProgramContext& context, const Event& event) {
  if (const auto* arrived = std::get_if<CallArrived>(&event)) {
    if (arrived->method == kAssign) {
      calls_.emplace(arrived->call, Assigning{false, arrived->metadata});
    } else {
      context.command(FinishCall{arrived->call,
                                 std::nullopt,
                                 failure(StatusCode::unimplemented, "not a director's method"),
                                 {}});
    }
  } else if (const auto* message = std::get_if<MessageArrived>(&event)) {
    const auto call = calls_.find(message->call);
    if (call == calls_.end() || call->second.understood) return;
    const auto request = parse_assign_request(message->message);
    if (!request) {
      calls_.erase(call);
      context.command(FinishCall{
          message->call, std::nullopt, failure(StatusCode::invalid_argument, "malformed"), {}});
      return;
    }
    call->second.understood = true;
    SelectWorker select{request->registry, message->call.value, {}, request->excluded};
    select.key = std::to_string(request->key);
    if (request->shard) select.filter.equal.emplace_back(kShard, *request->shard);
    context.command(std::move(select));
  } else if (const auto* aborted = std::get_if<CallAborted>(&event)) {
    calls_.erase(aborted->call);
  } else if (const auto* selected = std::get_if<WorkerSelected>(&event)) {
    answer(context, *selected);
  }
}

void Director::answer(ProgramContext& context, const WorkerSelected& selected) {
  const CallId call{selected.request};
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  Metadata trailers = std::move(found->second.metadata);
  calls_.erase(found);
  if (!selected.worker) {
    context.command(FinishCall{call, std::nullopt, failure(StatusCode::not_found, "no worker"),
                               std::move(trailers)});
    return;
  }
  context.command(
      FinishCall{call,
                 serialize(AssignResponse{selected.worker->id, selected.worker->address}),
                 {},
                 std::move(trailers)});
}

void Director::on_timer(ProgramContext& context, std::uint64_t) {
  if (!context.active()) return;
  const std::uint64_t number = turns_++;
  const auto turn = static_cast<std::uint32_t>(number / 2 % kRegistries + 1);
  const std::uint32_t random = number % 4 == 1 ? kRandomRegistry : kWeightedRegistry;
  choose(context, number % 2 == 0 ? turn : random);
  if (number % kBetweenBursts == 0) {
    for (std::uint64_t i = 0; i < burst_; ++i) choose(context, kWeightedByLoadRegistry);
  }
  context.wake(between_choices_, 0);
}

void Director::choose(ProgramContext& context, std::uint32_t registry) {
  const std::uint64_t number = choices_++;
  SelectWorker select{registry, kForNobody + number, {}, {}};
  select.key = std::to_string(number / 2 % kKeys);
  context.command(std::move(select));
}

}  // namespace rpcnet::sim
