// The fate of packets, fault by fault.
#include "sim/paths.h"

#include <algorithm>
#include <utility>

namespace rpcnet::sim {
namespace {

// Purposes of the draws for one packet; those of a fault are further told apart by its index.
constexpr std::uint64_t kLatency = 0;
constexpr std::uint64_t kLoss = 1;
constexpr std::uint64_t kFirstFault = 16;
constexpr std::uint64_t kDrawsOfFault = 4;
constexpr std::uint64_t kFlipsMax = 8;

// A packet that is later by less was not changed in a way that anybody would notice.
constexpr Duration kNoticeable = std::chrono::milliseconds(1);

std::vector<bool> set_of(const std::vector<HostIndex>& members, std::size_t hosts) {
  if (members.empty()) return std::vector<bool>(hosts, true);
  std::vector<bool> set(hosts, false);
  for (const HostIndex host : members) {
    if (host < hosts) set[host] = true;
  }
  return set;
}

}  // namespace

void damage(const Fate& fate, std::vector<std::uint8_t>& payload) {
  if (fate.kept && *fate.kept < payload.size()) payload.resize(*fate.kept);
  if (fate.flips == 0 || payload.empty()) return;
  std::uint64_t bits = fate.flips;
  for (std::uint64_t left = 1 + bits % kFlipsMax; left > 0; --left) {
    bits = mix(bits);
    const std::uint64_t place = bits % (payload.size() * 8);
    payload[place / 8] = static_cast<std::uint8_t>(payload[place / 8] ^ (1U << (place % 8)));
  }
}

Paths::Paths(Keyed keyed, std::size_t hosts, Latency latency, std::uint32_t loss_ppm)
    : keyed_(keyed), hosts_(hosts), latency_(latency), loss_ppm_(loss_ppm) {}

void Paths::begin(std::size_t index, const Fault& fault) {
  if (effects_.size() <= index) effects_.resize(index + 1);
  Active active{index, fault, set_of(fault.from, hosts_), set_of(fault.to, hosts_), {}, {}, {}};
  if (fault.kind == FaultKind::partition) {
    active.group.assign(hosts_, 0);
    for (std::size_t g = 0; g < fault.groups.size(); ++g) {
      for (const HostIndex host : fault.groups[g]) {
        if (host < hosts_) active.group[host] = static_cast<std::uint32_t>(g + 1);
      }
    }
  }
  // A path without a packet to drop stays quiet.
  for (const PacketName& one : fault.packets) active.sent[{one.from, one.to}] = 0;
  const auto after = [&](const Active& other) { return other.index > index; };
  active_.insert(std::find_if(active_.begin(), active_.end(), after), std::move(active));
}

void Paths::end(std::size_t index) {
  std::erase_if(active_, [&](const Active& active) { return active.index == index; });
}

void Paths::set_latency(const std::vector<HostIndex>& from, const std::vector<HostIndex>& to,
                        Latency latency) {
  which_.resize(hosts_ * hosts_);
  others_.push_back(latency);
  const auto senders = set_of(from, hosts_);
  const auto receivers = set_of(to, hosts_);
  for (std::size_t i = 0; i < which_.size(); ++i) {
    const bool meant = senders[i / hosts_] && receivers[i % hosts_];
    if (meant && which_[i] == 0) which_[i] = static_cast<std::uint8_t>(others_.size());
  }
}

const Latency& Paths::latency(HostIndex from, HostIndex to) const {
  const std::uint8_t which = which_.empty() ? 0 : which_[from * hosts_ + to];
  return which == 0 ? latency_ : others_[which - 1];
}

void Paths::rebind(std::size_t index, HostIndex host) {
  if (effects_.size() <= index) effects_.resize(index + 1);
  bindings_.resize(hosts_);
  ++bindings_[host].mapping;
  bindings_[host].fault = index;
}

void Paths::translate(const Packet& packet, Fate& fate) {
  const Binding& sender = bindings_[packet.from];
  fate.mapping = sender.mapping;
  if (sender.mapping > 0) ++effects_[sender.fault];
  const Binding& receiver = bindings_[packet.to];
  if (packet.mapping.value_or(receiver.mapping) == receiver.mapping) return;
  ++effects_[receiver.fault];
  fate.lost = true;
}

bool Paths::matches(const Active& active, HostIndex from, HostIndex to) const {
  if (active.fault.kind == FaultKind::partition) {
    return active.group[from] != 0 && active.group[to] != 0 &&
           active.group[from] != active.group[to];
  }
  if (active.fault.kind == FaultKind::drop) return active.sent.contains({from, to});
  return (active.from[from] && active.to[to]) ||
         (active.fault.both_ways && active.from[to] && active.to[from]);
}

Fate Paths::pass(Moment now, const Packet& packet) {
  ++packets_;
  Fate fate;
  fate.delay = latency(packet.from, packet.to)
                   .draw(keyed_.draw({Domain::path, packet.entity, kLatency, packet.counter}));
  if (loss_ppm_ > 0 &&
      keyed_.chance({Domain::path, packet.entity, kLoss, packet.counter}, loss_ppm_)) {
    fate.lost = true;
  }
  if (!bindings_.empty()) translate(packet, fate);
  // Each fault is asked, also about a packet that another has lost already: what a fault does must
  // not depend on the others, or removing one would change what the rest are seen to do.
  for (Active& active : active_) {
    if (!matches(active, packet.from, packet.to)) continue;
    const bool lost = std::exchange(fate.lost, false);
    const bool changed = apply(active, now, packet, fate);
    if (changed) ++effects_[active.index];
    if (active.index == remembered_ && active.fault.kind != FaultKind::drop) {
      const std::uint64_t nth = ++active.sent[{packet.from, packet.to}];
      const bool damages =
          active.fault.kind == FaultKind::corrupt || active.fault.kind == FaultKind::truncate;
      if (fate.lost || (changed && damages)) losses_.push_back({packet.from, packet.to, nth});
    }
    fate.lost = fate.lost || lost;
  }
  if (!fate.arrives_whole()) {
    ++packets_lost_;
    last_loss_[std::minmax(packet.from, packet.to)] = now;
  }
  if (watcher_) watcher_(now, packet, fate);
  return fate;
}

bool Paths::apply(Active& active, Moment now, const Packet& packet, Fate& fate) {
  const Fault& fault = active.fault;
  const std::uint64_t id = fault.id.value_or(active.index);
  const std::uint64_t purpose = kFirstFault + id * kDrawsOfFault;
  const auto key = [&](std::uint64_t which) {
    return Key{Domain::path, packet.entity, purpose + which, packet.counter};
  };
  const auto ppm = static_cast<std::uint64_t>(std::max<std::int64_t>(fault.ppm, 0));
  const auto up_to = [&](std::uint64_t which, std::int64_t micros) {
    return Duration(keyed_.between(key(which), 0, micros * 1000));
  };
  switch (fault.kind) {
    case FaultKind::loss:
      if (!keyed_.chance(key(0), ppm)) return false;
      fate.lost = true;
      return true;
    case FaultKind::burst_loss: {
      // The slot is a function of the time alone, so that all packets of one burst share it.
      const auto slot = static_cast<std::uint64_t>(now.time_since_epoch().count() /
                                                   std::max<std::int64_t>(fault.micros * 1000, 1));
      const std::uint64_t path = (static_cast<std::uint64_t>(packet.from) << 32) | packet.to;
      if (!keyed_.chance({Domain::fault, id, path, slot}, ppm)) return false;
      fate.lost = true;
      return true;
    }
    case FaultKind::duplicate:
      if (!keyed_.chance(key(0), ppm)) return false;
      fate.copy = fate.delay + up_to(1, fault.micros);
      return true;
    case FaultKind::reorder:
      if (!keyed_.chance(key(0), ppm)) return false;
      fate.delay += up_to(1, fault.micros);
      return true;
    case FaultKind::corrupt:
      if (!keyed_.chance(key(0), ppm)) return false;
      fate.flips = keyed_.draw(key(1)) | 1;
      return true;
    case FaultKind::truncate:
      if (!keyed_.chance(key(0), ppm)) return false;
      fate.kept = keyed_.below(key(1), packet.size);
      return true;
    case FaultKind::mtu:
      if (static_cast<std::int64_t>(packet.largest == 0 ? packet.size : packet.largest) <=
          fault.bytes) {
        return false;
      }
      fate.lost = true;
      return true;
    case FaultKind::latency:
      fate.delay += std::chrono::microseconds(fault.micros) + up_to(0, fault.spread_micros);
      return true;
    case FaultKind::bandwidth: {
      const std::int64_t rate = std::max<std::int64_t>(fault.bytes_per_second, 1);
      const auto bytes = static_cast<std::int64_t>(packet.size);
      Moment& free_at = active.free_at[{packet.from, packet.to}];
      const Duration waiting = std::max(free_at - now, Duration::zero());
      const std::int64_t queued = waiting.count() / 1000 * rate / 1'000'000;
      if (queued + bytes > fault.queue_bytes) {
        fate.lost = true;
        return true;
      }
      const Duration sending(bytes * 1'000'000'000 / rate);
      free_at = now + waiting + sending;
      fate.delay += waiting + sending;
      return waiting + sending >= kNoticeable;
    }
    case FaultKind::cut:
    case FaultKind::partition: fate.lost = true; return true;
    case FaultKind::drop: {
      const std::uint64_t nth = ++active.sent[{packet.from, packet.to}];
      const PacketName name{packet.from, packet.to, nth};
      fate.lost = std::binary_search(fault.packets.begin(), fault.packets.end(), name);
      return fate.lost;
    }
    case FaultKind::hold: fate.delay += Moment(fault.until) - now; return true;
    default: return false;
  }
}

bool Paths::quiet(HostIndex from, HostIndex to) const {
  if (loss_ppm_ > 0 || !bindings_.empty()) return false;
  return std::none_of(active_.begin(), active_.end(),
                      [&](const Active& active) { return matches(active, from, to); });
}

bool Paths::lost_since(HostIndex x, HostIndex y, Moment since) const {
  const auto found = last_loss_.find(std::minmax(x, y));
  return found != last_loss_.end() && found->second >= since;
}

std::uint64_t Paths::effects(std::size_t index) const {
  return index < effects_.size() ? effects_[index] : 0;
}

}  // namespace rpcnet::sim
