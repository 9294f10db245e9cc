// RFC 6298 in integers.
#include "engine/swim/round_trips.h"

#include <algorithm>

namespace rpcnet::swim {

void RoundTrips::Estimate::add(Duration round_trip) {
  if (!known) {
    *this = {round_trip, round_trip / 2, true};
    return;
  }
  const Duration error = round_trip > smoothed ? round_trip - smoothed : smoothed - round_trip;
  deviation += (error - deviation) / 4;
  smoothed += (round_trip - smoothed) / 8;
}

void RoundTrips::sample(Slot slot, Duration round_trip) {
  if (round_trip < Duration::zero()) return;
  all_.add(round_trip);
  if (const auto found = own_.find(slot); found != own_.end()) found->second.add(round_trip);
}

Duration RoundTrips::wait(Slot slot, Duration late) const {
  if (!adaptive_ || !all_.known) return most_;
  const auto found = own_.find(slot);
  const bool known = found != own_.end() && found->second.known;
  const Duration bound = (known ? found->second : all_).bound();
  return std::clamp(bound + std::max(late, Duration::zero()), least_, most_);
}

}  // namespace rpcnet::swim
