// Contacting seeds.
#include "engine/swim/seeds.h"

#include <algorithm>
#include <span>
#include <utility>

namespace rpcnet::swim {
namespace {

constexpr Duration kBackoffMin = std::chrono::milliseconds(200);

// Members of a former life that are asked at once: ours, so that a few that live are found among
// many that do not, and a large cluster is not dialled whole.
constexpr std::size_t kFormerMax = 16;

// An operator should know of a silent seed, but not every second.
constexpr Duration kNoticeInterval = std::chrono::seconds(30);

}  // namespace

void Seeds::join(Instant now, const std::vector<Address>& addresses,
                 const std::vector<Peer>& former) {
  clear();
  joined_ = false;
  for (const Address& address : addresses) add(now, address, false);
  std::vector<Address> known;
  for (const Peer& peer : former) known.push_back(peer.address);
  core_.rng.shuffle(std::span(known));
  const std::size_t given = seeds_.size();
  for (const Address& address : known) {
    if (seeds_.size() < given + kFormerMax) {
      add(now, address, true);
    } else {
      former_.push_back(address);
    }
  }
}

void Seeds::add(Instant now, const Address& address, bool former) {
  const auto same = [&](const Seed& seed) { return seed.address == address; };
  if (address == core_.advertise || std::any_of(seeds_.begin(), seeds_.end(), same)) return;
  core_.timers.arm({Wake::seed, seeds_.size()}, now);
  seeds_.push_back({.address = address,
                    .backoff = std::min(kBackoffMin, core_.config.heal_interval),
                    .lost = true,
                    .dropped = false,
                    .former = former,
                    .refused = false,
                    .noticed = std::nullopt,
                    .keeper = std::nullopt});
}

void Seeds::on_due(Instant now, std::uint64_t place, Outbox& out) {
  if (place >= seeds_.size() || seeds_[place].dropped) return;
  Seed& seed = seeds_[place];
  if (seed.former && joined_) {
    seed.dropped = true;
    return;
  }
  Duration wait = core_.config.heal_interval;
  if (!joined_) {
    wait = seed.backoff;
    seed.backoff = std::min(seed.backoff * 2, core_.config.heal_interval);
  }
  core_.timers.arm({Wake::seed, place}, now + core_.jittered(wait));
  if (joined_ && !seed.lost && covered(seed)) return;
  sync_.begin(now, {seed.address, std::nullopt}, true, out);
}

bool Seeds::on_result(Instant now, const SyncResult& result, Outbox& out) {
  if (result.peer.expected) return false;
  const auto seed = std::find_if(seeds_.begin(), seeds_.end(), [&](const Seed& candidate) {
    return candidate.address == result.peer.address;
  });
  if (seed == seeds_.end() || seed->dropped) return false;
  if (!result.completed && seed->former) {
    former_.push_back(seed->address);
    seed->address = former_.front();
    former_.pop_front();
    return true;
  }
  if (!result.completed) {
    const bool other_reason = std::exchange(seed->refused, result.refused) != result.refused;
    const std::string detail = to_text(seed->address) + ": " + result.detail;
    if (!joined_) note_refusals(now, detail, out);
    if (!other_reason && seed->noticed && now - *seed->noticed < kNoticeInterval) return true;
    seed->noticed = now;
    out.push(
        Notice{result.refused ? NoticeKind::seed_refused : NoticeKind::seed_unreachable, detail});
    return true;
  }
  seed->refused = false;
  seed->lost = false;
  seed->noticed.reset();
  if (!joined_) {
    joined_ = true;
    out.push(Joined{seed->address});
  }
  return true;
}

void Seeds::note_refusals(Instant now, const std::string& detail, Outbox& out) {
  const bool all = std::all_of(seeds_.begin(), seeds_.end(), [](const Seed& seed) {
    return seed.refused || seed.dropped || seed.former;
  });
  if (!all) {
    refused_since_.reset();
  } else if (!refused_since_) {
    refused_since_ = now;
  } else if (now - *refused_since_ >= core_.config.refused_join_timeout) {
    refused_since_ = now;
    out.push(JoinRefused{detail});
  }
}

void Seeds::on_lost(Instant now, const Address& address) {
  for (std::size_t place = 0; place < seeds_.size(); ++place) {
    Seed& seed = seeds_[place];
    if (seed.address != address || seed.dropped) continue;
    seed.lost = true;
    // Soon, yet not all members in the same instant.
    const Instant soon = now + core_.jittered(kBackoffMin);
    const auto due = core_.timers.deadline({Wake::seed, place});
    if (!due || soon < *due) core_.timers.arm({Wake::seed, place}, soon);
  }
}

void Seeds::drop(const Address& address) {
  for (std::size_t place = 0; place < seeds_.size(); ++place) {
    if (seeds_[place].address != address) continue;
    seeds_[place].dropped = true;
    core_.timers.disarm({Wake::seed, place});
  }
}

void Seeds::clear() {
  for (std::size_t place = 0; place < seeds_.size(); ++place) {
    core_.timers.disarm({Wake::seed, place});
  }
  seeds_.clear();
  former_.clear();
  refused_since_.reset();
}

bool Seeds::covered(Seed& seed) const {
  const Address& address = seed.address;
  const auto covers = [&](Slot slot) {
    const Record& member = core_.table[slot];
    return slot != kSelf && member.status == MemberStatus::alive && member.address == address;
  };
  // It is asked every heal_interval, and hardly ever has another answer than the last time.
  if (seed.keeper && covers(*seed.keeper)) return true;
  const auto& living = core_.table.living();
  const auto found = std::find_if(living.begin(), living.end(), covers);
  if (found == living.end()) return false;
  seed.keeper = *found;
  return true;
}

}  // namespace rpcnet::swim
