// Whom to ask for what.
#include "engine/swim/fetch.h"

#include <algorithm>
#include <vector>

namespace rpcnet::swim {
namespace {

// Streams: eight at once, then fifty a second, each for sixteen members. At 4 KiB of tags that is
// three megabytes a second.
constexpr std::int64_t kBurst = 8;
constexpr Duration kRefill = std::chrono::milliseconds(20);
constexpr std::size_t kOfOneMax = 16;

// Wanted at once; more are left to the comparison of views, which brings all.
constexpr std::size_t kWantsMax = 4096;

// What has not come by then may be asked of somebody else.
constexpr Duration kPatience = std::chrono::seconds(1);

// Whoever says to have what it does not give is not asked for ever; the comparison of views is
// left.
constexpr std::uint32_t kTimesMax = 8;

// How often it looks whether it may ask again.
constexpr Duration kRetry = std::chrono::milliseconds(50);

}  // namespace

Fetches::Fetches(Core& core, Sync& sync) : core_(core), sync_(sync), allowed_(kBurst, kRefill) {}

void Fetches::want(Instant now, Slot slot, std::uint64_t version, Slot teller) {
  const auto found = wants_.find(slot);
  if (found == wants_.end()) {
    if (wants_.size() >= kWantsMax) return;
    wants_.emplace(slot, Want{version, teller});
  } else if (version > found->second.version) {
    found->second = {version, teller};
  } else if (now - kPatience > found->second.asked) {
    found->second.teller = teller;
  }
  if (!core_.timers.deadline({Wake::fetch, 0})) core_.timers.arm({Wake::fetch, 0}, now);
}

void Fetches::on_due(Instant now, Outbox& out) {
  std::erase_if(wants_, [&](const auto& entry) {
    const auto& [slot, want] = entry;
    const Record& record = core_.table[slot];
    const bool in_vain = want.times >= kTimesMax && now - kPatience > want.asked;
    return in_vain || record.tags_version >= want.version || !is_member(record.status);
  });
  for (auto next = wants_.begin(); next != wants_.end(); ++next) {
    if (now - kPatience <= next->second.asked) continue;
    const Slot teller = next->second.teller;
    // A teller that is gone is replaced by the next who tells, or by the comparison of views.
    if (!is_member(core_.table[teller].status)) continue;
    if (!allowed_.take(now)) break;
    std::vector<NodeId> ids;
    for (auto& [slot, want] : wants_) {
      if (want.teller != teller || now - kPatience <= want.asked) continue;
      ids.push_back(core_.table[slot].id);
      want.asked = now;
      ++want.times;
      if (ids.size() == kOfOneMax) break;
    }
    sync_.fetch(now, core_.peer(teller), std::move(ids), out);
  }
  schedule(now);
}

void Fetches::forget(Slot slot) {
  wants_.erase(slot);
  std::erase_if(wants_, [slot](const auto& entry) { return entry.second.teller == slot; });
}

void Fetches::clear() {
  wants_.clear();
  core_.timers.disarm({Wake::fetch, 0});
}

void Fetches::schedule(Instant now) {
  if (wants_.empty()) {
    core_.timers.disarm({Wake::fetch, 0});
  } else {
    core_.timers.arm({Wake::fetch, 0}, now + kRetry);
  }
}

}  // namespace rpcnet::swim
