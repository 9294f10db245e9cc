// Heartbeats, read off the wire, and the formula.
#include "sim/oracles/phi.h"

#include <algorithm>
#include <cmath>

#include "engine/wire/reader.h"
#include "sim/fault_runner.h"

namespace rpcnet::sim {
namespace {

// docs/wire.md: version, type, sender.
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kHeartbeat = 7;
constexpr long double kLevelMax = 300'000;

// Who sent it, if it is a heartbeat.
std::optional<NodeId> sender_of_heartbeat(BytesView bytes) {
  wire::Reader reader(bytes);
  const auto version = reader.u8();
  const auto type = reader.u8();
  if (version != kVersion || type != kHeartbeat) return std::nullopt;
  const auto text = reader.text(NodeId::kMaxSize);
  return text ? NodeId::parse(*text) : std::nullopt;
}

long double in_seconds(Duration duration) {
  return static_cast<long double>(duration.count()) / 1e9L;
}

}  // namespace

PhiOracle::PhiOracle(const Ground& ground) : Oracle(ground), rhythms_(plan().members()) {}

void PhiOracle::on_started(HostIndex host) {
  if (!plan().is_client(host)) rhythms_[host].clear();
}

void PhiOracle::on_fact(HostIndex host, const Fact& fact) {
  const auto* datagram = std::get_if<DatagramReceived>(&fact);
  if (datagram == nullptr || !plan().is_director(host)) return;
  const auto sender = sender_of_heartbeat(datagram->bytes);
  if (!sender) return;
  // Only members are watched, and only workers are in a registry.
  const auto member = world().host(host).node->find(*sender);
  const auto owner = world().index_of(*sender);
  if (!member || !is_member(member->status) || !owner || !plan().is_worker(*owner)) return;
  if (!member->tags.contains("role")) return;
  const auto [found, fresh] = rhythms_[host].try_emplace(*sender);
  Rhythm& rhythm = found->second;
  if (fresh) rhythm.since = world().now();
  const NodeConfig& config = world().host(host).setup.config;
  const Instant now = world().local_now(host);
  observe(rhythm.all, now, config);
  if (rhythm.heard++ > 0) observe(rhythm.later, now, config);
}

void PhiOracle::on_event(HostIndex host, const Event& event) {
  const auto* change = std::get_if<MemberEvent>(&event);
  if (change == nullptr || !plan().is_director(host)) return;
  if (change->kind == MemberEventKind::tags_changed) return;
  rhythms_[host].erase(change->member.id);
}

void PhiOracle::observe(Window& window, Instant now, const NodeConfig& config) const {
  const long double promised = in_seconds(config.swim.heartbeat_interval);
  if (window.gaps.empty()) window.gaps = {promised * 3 / 4, promised * 5 / 4};
  if (!window.sampled) {
    window.last = window.sampled = now;
    return;
  }
  window.last = now;
  const long double gap = in_seconds(now - *window.sampled);
  if (gap < promised / 2) return;
  window.sampled = now;
  if (gap > in_seconds(config.phi.gap_max)) return;
  window.gaps.push_back(gap);
  if (window.gaps.size() > config.phi.window) window.gaps.pop_front();
}

long double PhiOracle::level_milli(const Window& window, Instant now,
                                   const NodeConfig& config) const {
  if (!window.last) return 0;
  const auto count = static_cast<long double>(window.gaps.size());
  long double mean = 0;
  for (const long double gap : window.gaps) mean += gap / count;
  long double variance = 0;
  for (const long double gap : window.gaps) variance += (gap - mean) * (gap - mean) / count;
  const long double deviation = std::max(std::sqrt(variance), in_seconds(config.phi.deviation_min));
  const long double over =
      (in_seconds(now - *window.last) - mean - in_seconds(config.phi.pause)) / deviation;
  const long double tail = std::erfc(over / std::sqrt(2.0L)) / 2;
  if (tail <= 0) return kLevelMax;
  return std::clamp(-1000 * std::log10(tail), 0.0L, kLevelMax);
}

// Of many workers it looks more rarely: what it costs grows with their number.
void PhiOracle::on_tick() {
  if (ticks_++ % (1 + plan().workers / 8) != 0) return;
  for (HostIndex i = 0; i < plan().directors; ++i) {
    const Host& host = world().host(i);
    // Who has said farewell watches nobody any more.
    if (!host.running() || faults().has_left(i) || rhythms_[i].empty()) continue;
    const Instant now = world().local_now(i);
    for (const WorkerView& view : host.node->workers(1, now)) {
      const auto found = rhythms_[i].find(view.member.id);
      // Who was stopped makes up for its own absence; that is not modelled here.
      if (found == rhythms_[i].end() || faults().held_up_since(i, found->second.since)) continue;
      const auto near = [&](const Window& window) {
        const long double level = level_milli(window, now, host.setup.config);
        return std::abs(level - view.phi_milli) <= 5 + level / 100;
      };
      const Rhythm& rhythm = found->second;
      if (check(near(rhythm.all) || near(rhythm.later))) continue;
      return fail(i,
                  "reports a level of " + std::to_string(view.phi_milli) + " for " +
                      view.member.id.text() + "; the arrivals give " +
                      std::to_string(std::lround(level_milli(rhythm.all, now, host.setup.config))));
    }
  }
}

}  // namespace rpcnet::sim
