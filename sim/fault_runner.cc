// Faults, begun and ended.
#include "sim/fault_runner.h"

#include <algorithm>

namespace rpcnet::sim {
namespace {

bool touches_process(FaultKind kind) {
  return kind == FaultKind::pause || kind == FaultKind::slow || kind == FaultKind::clock_jump ||
         kind == FaultKind::clock_drift;
}

enum class FaultStep : std::uint8_t { begin, end, drained, farewell_done };

// How long who leaves takes no new calls before it says farewell.
constexpr Duration kDrain = std::chrono::seconds(1);

}  // namespace

FaultRunner::FaultRunner(World& world, const Plan& plan)
    : world_(world),
      plan_(plan),
      effects_(plan.faults.size()),
      deferred_before_(plan.faults.size()),
      active_(plan.faults.size()),
      left_(plan.hosts()),
      holding_(plan.hosts()),
      last_held_up_(plan.hosts()),
      last_absent_(plan.hosts()) {
  world_.on_fault([this](const Happening& happening) { handle(happening); });
  for (std::size_t i = 0; i < plan.faults.size(); ++i) {
    const Fault& fault = plan.faults[i];
    Happening begins;
    begins.party = Party::fault;
    begins.kind = static_cast<std::uint8_t>(FaultStep::begin);
    begins.b = i;
    world_.schedule(Moment(fault.at), 0, std::move(begins));
    if (!has_end(fault.kind)) continue;
    Happening ends;
    ends.party = Party::fault;
    ends.kind = static_cast<std::uint8_t>(FaultStep::end);
    ends.b = i;
    world_.schedule(Moment(std::min(fault.until, plan.active)), 0, std::move(ends));
  }
}

void FaultRunner::handle(const Happening& happening) {
  switch (static_cast<FaultStep>(happening.kind)) {
    case FaultStep::begin: return begin(happening.b);
    case FaultStep::end: return end(happening.b);
    case FaultStep::drained:
      return say_farewell(happening.b, static_cast<HostIndex>(happening.a), happening.life);
    case FaultStep::farewell_done: {
      const auto host = static_cast<HostIndex>(happening.b);
      if (world_.host(host).running() && world_.life(host) == happening.life) {
        world_.stop(host, HostState::idle);
      }
      return;
    }
  }
}

void FaultRunner::begin(std::size_t index) {
  const Fault& fault = plan_.faults[index];
  world_.trace().add(
      {world_.now(), 0, TraceKind::fault, static_cast<std::uint8_t>(fault.kind), index, 1});
  for (Tap* tap : world_.taps()) tap->on_fault(fault, true);
  active_[index] = has_end(fault.kind);
  if (may_accuse(fault.kind)) {
    ever_disturbed_ = true;
    last_disturbed_ = world_.now();
    if (has_end(fault.kind)) ++disturbing_;
  }
  if (is_network(fault.kind) || fault.kind == FaultKind::rebind) {
    last_network_ = world_.now();
  }
  if (is_network(fault.kind)) {
    ++networks_;
    world_.paths().begin(index, fault);
    return;
  }
  for (const HostIndex host : fault.hosts) {
    deferred_before_[index].push_back(world_.deferred(host));
    if (touches_process(fault.kind)) {
      if (has_end(fault.kind)) ++holding_[host];
      last_held_up_[host] = world_.now();
    }
    if (fault.kind == FaultKind::clock_jump) last_absent_[host] = world_.now();
    happen(index, host);
  }
}

void FaultRunner::happen(std::size_t index, HostIndex host) {
  const Fault& fault = plan_.faults[index];
  const bool running = world_.host(host).running();
  switch (fault.kind) {
    case FaultKind::crash:
    case FaultKind::power_off:
      if (running) ++effects_[index];
      world_.stop(host, fault.kind == FaultKind::crash ? HostState::idle : HostState::off);
      return;
    case FaultKind::restart:
      if (!running) ++effects_[index];
      left_[host] = false;
      world_.start(host);
      return;
    case FaultKind::replace:
      if (!running) ++effects_[index];
      left_[host] = false;
      world_.rename(host);
      world_.start(host);
      return;
    case FaultKind::join:
      if (!running && world_.life(host) == 0) ++effects_[index];
      world_.start(host);
      return;
    case FaultKind::rebind: world_.paths().rebind(index, host); return;
    case FaultKind::leave:
      if (!running) return;
      if (plan_.is_client(host)) {
        ++effects_[index];
        world_.stop(host, HostState::idle);
        return;
      }
      // As a careful program ends: nothing new for a while, then farewell.
      world_.submit(host, StopAccepting{});
      drain(index, host);
      return;
    case FaultKind::pause: world_.pause(host); return;
    case FaultKind::slow:
      world_.set_input_cost(host, std::chrono::microseconds(fault.micros));
      return;
    case FaultKind::clock_jump:
      if (running && fault.micros > 0) ++effects_[index];
      world_.clock(host).jump(world_.now(), std::chrono::microseconds(fault.micros));
      world_.clock_changed(host);
      return;
    case FaultKind::clock_drift:
      if (running && fault.ppm != 0) ++effects_[index];
      world_.clock(host).drift(world_.now(), fault.ppm);
      world_.clock_changed(host);
      return;
    default: return;
  }
}

void FaultRunner::drain(std::size_t index, HostIndex host) {
  Happening over;
  over.party = Party::fault;
  over.kind = static_cast<std::uint8_t>(FaultStep::drained);
  over.life = world_.life(host);
  over.a = host;
  over.b = index;
  world_.schedule(std::min(world_.now() + kDrain, Moment(plan_.active)), 0, std::move(over));
}

void FaultRunner::say_farewell(std::size_t index, HostIndex host, std::uint32_t life) {
  if (!world_.host(host).running() || world_.life(host) != life) return;
  // A node that knows nobody completes at once, inside submit().
  left_[host] = true;
  if (world_.submit(host, Leave{}) == Outcome::done) ++effects_[index];
  else left_[host] = false;
}

void FaultRunner::end(std::size_t index) {
  const Fault& fault = plan_.faults[index];
  if (!active_[index]) return;
  active_[index] = false;
  world_.trace().add(
      {world_.now(), 0, TraceKind::fault, static_cast<std::uint8_t>(fault.kind), index, 0});
  if (may_accuse(fault.kind)) {
    last_disturbed_ = world_.now();
    --disturbing_;
  }
  if (is_network(fault.kind)) {
    --networks_;
    last_network_ = world_.now();
    effects_[index] = world_.paths().effects(index);
    world_.paths().end(index);
  }
  for (std::size_t i = 0; i < fault.hosts.size(); ++i) {
    const HostIndex host = fault.hosts[i];
    if (touches_process(fault.kind)) {
      --holding_[host];
      if (fault.kind == FaultKind::pause) last_absent_[host] = world_.now();
      last_held_up_[host] = world_.now();
    }
    const std::uint64_t delayed = world_.deferred(host) - deferred_before_[index][i];
    switch (fault.kind) {
      case FaultKind::pause:
        effects_[index] += delayed;
        world_.resume(host);
        break;
      case FaultKind::slow:
        effects_[index] += delayed;
        world_.set_input_cost(host, Duration::zero());
        break;
      case FaultKind::clock_drift:
        world_.clock(host).drift(world_.now(), world_.host(host).setup.clock.drift_ppm());
        world_.clock_changed(host);
        break;
      default: break;
    }
  }
  for (Tap* tap : world_.taps()) tap->on_fault(fault, false);
}

// A process that has said farewell ends: at once would be inside its own event.
void FaultRunner::on_event(HostIndex host, const Event& event) {
  if (!std::holds_alternative<LeaveCompleted>(event) || !left_[host]) return;
  Happening done;
  done.party = Party::fault;
  done.kind = static_cast<std::uint8_t>(FaultStep::farewell_done);
  done.b = host;
  done.life = world_.life(host);
  world_.schedule(world_.now(), host, std::move(done));
}

std::uint64_t FaultRunner::effects(std::size_t index) const {
  // What a NAT changed goes on after the fault; the rest of the network's is taken over at its end.
  const bool counts = active_[index] || plan_.faults[index].kind == FaultKind::rebind;
  return effects_[index] + (counts ? world_.paths().effects(index) : 0);
}

bool FaultRunner::held_up_since(HostIndex host, Moment since) const {
  return holding_[host] > 0 || (last_held_up_[host] && *last_held_up_[host] >= since);
}

bool FaultRunner::was_absent_since(HostIndex host, Moment since) const {
  return last_absent_[host] && *last_absent_[host] >= since;
}

bool FaultRunner::network_disturbed_since(Moment since) const {
  return networks_ > 0 || (last_network_ && *last_network_ >= since);
}

bool FaultRunner::disturbed_since(Moment since) const {
  return disturbing_ > 0 || (ever_disturbed_ && last_disturbed_ >= since);
}

}  // namespace rpcnet::sim
