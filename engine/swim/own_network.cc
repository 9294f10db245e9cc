// The latest round trips, and patience.
#include "engine/swim/own_network.h"

#include <algorithm>

namespace rpcnet::swim {
namespace {

// More peers than anybody wants for a proof, fewer than matter for the time to look through them.
constexpr std::size_t kTripsMax = 8;

// Members exchange more than one message in a second.
constexpr Duration kLong = std::chrono::seconds(1);

// Of all that others say after a silence, what one was accused of in it comes within this time.
constexpr Duration kMoment = std::chrono::seconds(5);

}  // namespace

void OwnNetwork::prove(Instant now, Instant began, Slot peer) {
  const auto known =
      std::find_if(trips_.begin(), trips_.end(), [&](const Trip& x) { return x.peer == peer; });
  if (known != trips_.end()) {
    known->began = std::max(known->began, began);
  } else if (trips_.size() < kTripsMax) {
    trips_.push_back({began, peer});
  } else {
    const auto oldest =
        std::min_element(trips_.begin(), trips_.end(),
                         [](const Trip& x, const Trip& y) { return x.began < y.began; });
    if (oldest->began < began) *oldest = {began, peer};
  }
  if (!doubted_ || answered(*doubted_, std::nullopt) < lacking_) return;
  recovered_ = now;
  doubted_.reset();
}

bool OwnNetwork::proven(Instant now, Instant since, Slot accused, std::size_t members) {
  const std::size_t others = members > 2 ? members - 2 : 0;
  const std::size_t wanted = std::min(wanted_, (others + 1) / 2);
  if (answered(since, accused) >= wanted) {
    if (doubted_) recovered_ = now;
    doubted_.reset();
    return !recovered_ || since >= *recovered_;
  }
  if (!doubted_) doubted_ = since;
  lacking_ = wanted;
  return now - *doubted_ >= patience_;
}

void OwnNetwork::hear(Instant now) {
  if (heard_ && now - *heard_ >= kLong) {
    silence_ = now - *heard_;
    broken_ = now;
  }
  heard_ = now;
}

bool OwnNetwork::alone(Instant now, Duration silence) const {
  if (!doubted_ || !heard_) return false;
  return now - *heard_ >= silence || (now - broken_ < kMoment && silence_ >= silence);
}

std::size_t OwnNetwork::answered(Instant since, std::optional<Slot> but) const {
  return static_cast<std::size_t>(std::count_if(trips_.begin(), trips_.end(), [&](const Trip& x) {
    return x.peer != but && x.began >= since;
  }));
}

}  // namespace rpcnet::swim
