// Repeating the farewell.
#include "engine/swim/farewell.h"

#include <algorithm>

namespace rpcnet::swim {
namespace {

constexpr Duration kRepeat = std::chrono::milliseconds(200);

}  // namespace

void Farewell::begin(Instant now, Outbox& out) {
  // We count no longer, and nobody else is there to be told.
  if (core_.table.size() == 0) {
    out.push(LeaveCompleted{true});
    return;
  }
  seq_ = ++core_.seq;
  core_.timers.arm({Wake::farewell_end, 0}, now + core_.config.leave_timeout);
  on_repeat(now, out);
}

void Farewell::on_repeat(Instant now, Outbox& out) {
  if (!seq_) return;
  const auto fit = [&](Slot slot) { return !acked_.contains(slot); };
  // Twice as many as are needed: some may be dead without our knowing.
  for (const Slot slot : core_.table.draw(core_.rng, 2 * core_.config.leave_acks, fit)) {
    courier_.to_member(now, slot, Leave{*seq_}, out);
  }
  core_.timers.arm({Wake::farewell, 0}, now + kRepeat);
}

void Farewell::on_ack(std::uint64_t seq, Slot from, Outbox& out) {
  if (seq_ != seq) return;
  acked_.insert(from);
  const std::size_t enough = std::min(core_.config.leave_acks, core_.table.size());
  if (acked_.size() >= std::max<std::size_t>(enough, 1)) complete(out);
}

void Farewell::on_end(Outbox& out) {
  if (seq_) complete(out);
}

void Farewell::complete(Outbox& out) {
  seq_.reset();
  core_.timers.disarm({Wake::farewell, 0});
  core_.timers.disarm({Wake::farewell_end, 0});
  out.push(LeaveCompleted{!acked_.empty()});
}

}  // namespace rpcnet::swim
