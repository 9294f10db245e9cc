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

// Who sent it, if it is a message at all; leaves the reader behind the sender.
std::optional<NodeId> read_sender(wire::Reader& reader, std::uint8_t& type) {
  const auto version = reader.u8();
  const auto kind = reader.u8();
  if (version != kVersion || !kind) return std::nullopt;
  type = *kind;
  const auto text = reader.text(NodeId::kMaxSize);
  reader.varint();  // incarnation
  const auto family = reader.u8();
  reader.bytes(family == 4 ? 4 : 16);
  reader.u16();
  reader.varint();  // active calls
  return text && !reader.failed() ? NodeId::parse(*text) : std::nullopt;
}

long double in_seconds(Duration duration) {
  return static_cast<long double>(duration.count()) / 1e9L;
}

}  // namespace

PhiOracle::PhiOracle(const Ground& ground)
    : Oracle(ground),
      rhythms_(plan().members()),
      sent_(plan().members()),
      peers_(plan().members()) {}

void PhiOracle::on_started(HostIndex host) {
  if (plan().is_client(host)) return;
  if (pending_ && pending_->host == host) pending_.reset();
  rhythms_[host].clear();
  sent_[host].clear();
  peers_[host].clear();
}

std::optional<PhiOracle::Heartbeat> PhiOracle::read(BytesView bytes) {
  wire::Reader reader(bytes);
  std::uint8_t type = 0;
  const auto sender = read_sender(reader, type);
  if (!sender || type != kHeartbeat) return std::nullopt;
  reader.varint();  // size of the body
  const auto seq = reader.varint();
  const auto interval = reader.varint();
  const auto echo = reader.varint();
  reader.varint();  // hold
  const auto want = reader.u8();
  if (!seq || !interval || !echo || !want) return std::nullopt;
  return Heartbeat{*sender, *seq, std::chrono::microseconds(static_cast<std::int64_t>(*interval)),
                   *echo, *want != 0};
}

void PhiOracle::on_order(HostIndex host, const Order& order) {
  take_pending();
  const auto* datagram = std::get_if<SendDatagram>(&order);
  if (datagram == nullptr) return;
  const auto heartbeat = read(datagram->bytes);
  const auto peer = peers_[host].find(datagram->link);
  if (!heartbeat || peer == peers_[host].end()) return;
  std::uint64_t& sent = sent_[host][peer->second];
  sent = std::max(sent, heartbeat->seq);
}

void PhiOracle::on_fact(HostIndex host, const Fact& fact) {
  take_pending();
  const Instant now = world().local_now(host);
  if (const auto* up = std::get_if<LinkUp>(&fact)) {
    const auto owner = world().host_of(up->remote);
    if (!owner || plan().is_client(*owner)) return;
    peers_[host].insert_or_assign(up->link, world().host(*owner).setup.config.id);
    return;
  }
  if (const auto* stream = std::get_if<StreamData>(&fact)) {
    // Whatever it says there ends its silence, but it may be a part of a message only.
    const auto peer = peers_[host].find(stream->link);
    for (auto& [id, rhythm] : rhythms_[host]) {
      if (peer == peers_[host].end() || peer->second == id) rhythm.latest = now;
    }
    return;
  }
  const auto* datagram = std::get_if<DatagramReceived>(&fact);
  if (datagram == nullptr) return;
  wire::Reader reader(datagram->bytes);
  std::uint8_t type = 0;
  const auto sender = read_sender(reader, type);
  if (!sender) return;
  peers_[host].insert_or_assign(datagram->link, *sender);
  if (const auto found = rhythms_[host].find(*sender); found != rhythms_[host].end()) {
    found->second.latest = now;
    if (found->second.heard.last) found->second.heard.last = now;
  }
  if (const auto heartbeat = read(datagram->bytes)) {
    pending_ = Pending{host, datagram->link, *heartbeat, paired(host, *sender), now};
  }
}

// Whom a director exchanges heartbeats with is its own affair (the rings, who is watched); this is
// about what they make of them.
bool PhiOracle::paired(HostIndex host, const NodeId& id) const {
  return world().host(host).node->health(id, world().local_now(host)).last_answered.has_value();
}

void PhiOracle::take_pending() {
  if (!pending_) return;
  const Pending pending = *pending_;
  pending_.reset();
  if (!world().host(pending.host).running()) return;
  const bool first = !pending.paired;
  if (first) rhythms_[pending.host].erase(pending.heartbeat.sender);
  if (first && !pending.heartbeat.want) return;
  if (paired(pending.host, pending.heartbeat.sender)) take(pending);
}

void PhiOracle::take(const Pending& pending) {
  const HostIndex host = pending.host;
  const Heartbeat& heartbeat = pending.heartbeat;
  const auto [found, fresh] = rhythms_[host].try_emplace(heartbeat.sender);
  Rhythm& rhythm = found->second;
  const NodeConfig& config = world().host(host).setup.config;
  const SwimConfig& swim = config.swim;
  const Instant now = pending.at;
  if (fresh) {
    rhythm.since = world().now();
    rhythm.promised = swim.ring_interval;
  }
  const Duration promised =
      std::clamp(heartbeat.interval, std::min(swim.ring_interval, swim.heartbeat_interval),
                 swim.watch_lease / 2);
  if (promised != rhythm.promised) {
    // Another rhythm: what was learned of the former one is of no use.
    rhythm.promised = promised;
    rhythm.heard = rhythm.answered = {};
    rhythm.answered.last = now;
  }
  // Another process, which has yet to hear of the director.
  if (heartbeat.seq <= rhythm.seq) rhythm.answered.last = now;
  rhythm.seq = heartbeat.seq;
  rhythm.latest = std::max(rhythm.latest, now);
  observe(rhythm.heard, promised, now, config);
  // An echo of more than was said is of a former life of the director.
  if (heartbeat.echo <= rhythm.echoed || heartbeat.echo > sent_[host][heartbeat.sender]) return;
  rhythm.echoed = heartbeat.echo;
  observe(rhythm.answered, promised, now, config);
}

void PhiOracle::on_event(HostIndex host, const Event& event) {
  take_pending();
  const auto* change = std::get_if<MemberEvent>(&event);
  if (change == nullptr || !plan().is_director(host)) return;
  const MemberEventKind kind = change->kind;
  if (kind != MemberEventKind::failed && kind != MemberEventKind::left) return;
  rhythms_[host].erase(change->member.id);
}

void PhiOracle::observe(Window& window, Duration promised, Instant now,
                        const NodeConfig& config) const {
  const long double seconds = in_seconds(promised);
  if (window.gaps.empty()) window.gaps = {seconds * 3 / 4, seconds * 5 / 4};
  window.last = now;
  if (!window.sampled) {
    window.sampled = now;
    return;
  }
  const long double gap = in_seconds(now - *window.sampled);
  if (gap < seconds / 2) return;
  window.sampled = now;
  if (gap > in_seconds(config.phi.gap_max)) return;
  window.gaps.push_back(gap);
  if (window.gaps.size() > config.phi.window) window.gaps.pop_front();
}

long double PhiOracle::level_milli(const Window& window, Instant last, Instant now,
                                   const NodeConfig& config) const {
  if (window.gaps.empty()) return 0;
  const auto count = static_cast<long double>(window.gaps.size());
  long double mean = 0;
  for (const long double gap : window.gaps) mean += gap / count;
  long double variance = 0;
  for (const long double gap : window.gaps) variance += (gap - mean) * (gap - mean) / count;
  const long double deviation = std::max(std::sqrt(variance), in_seconds(config.phi.deviation_min));
  const long double over =
      (in_seconds(now - last) - mean - in_seconds(config.phi.pause)) / deviation;
  const long double tail = std::erfc(over / std::sqrt(2.0L)) / 2;
  if (tail <= 0) return kLevelMax;
  return std::clamp(-1000 * std::log10(tail), 0.0L, kLevelMax);
}

// Between what it is if the latest word ended the silence, and if only heartbeats did.
PhiOracle::Range PhiOracle::range(const Rhythm& rhythm, const Window& window, Instant now,
                                  const NodeConfig& config) const {
  // Without a first echo the silence is counted from when the pair began, which is not seen here.
  const bool begun = !window.gaps.empty() && window.last;
  return {level_milli(window, rhythm.latest, now, config),
          begun ? level_milli(window, *window.last, now, config) : kLevelMax};
}

// Of many workers it looks more rarely: what it costs grows with their number.
void PhiOracle::on_tick() {
  take_pending();
  if (ticks_++ % (1 + plan().workers / 8) != 0) return;
  for (HostIndex i = 0; i < plan().directors; ++i) {
    const Host& host = world().host(i);
    // Who has said farewell watches nobody any more.
    if (!host.running() || faults().has_left(i) || rhythms_[i].empty()) continue;
    std::erase_if(rhythms_[i], [&](const auto& one) { return !paired(i, one.first); });
    const NodeConfig& config = host.setup.config;
    const Instant at = world().local_now(i);
    // Who is not well himself is patient.
    const Instant now = at - config.phi.pause * host.node->local_health();
    for (const auto& [id, rhythm] : rhythms_[i]) {
      // Who was stopped makes up for its own absence; that is not modelled here.
      if (faults().held_up_since(i, rhythm.since)) continue;
      const swim::Health health = host.node->health(id, at);
      if (health.samples == 0 && health.phi_milli == 0) continue;
      const auto fits = [&](const Window& window, std::uint32_t milli) {
        const Range between = range(rhythm, window, now, config);
        return milli + 5 + between.low / 100 >= between.low &&
               milli <= between.high + 5 + between.high / 100;
      };
      const bool heard = fits(rhythm.heard, health.phi_heard_milli);
      if (check(heard && fits(rhythm.answered, health.phi_answered_milli))) continue;
      const Window& window = heard ? rhythm.answered : rhythm.heard;
      const Range expected = range(rhythm, window, now, config);
      return fail(
          i, std::string("reports a level of ") +
                 std::to_string(heard ? health.phi_answered_milli : health.phi_heard_milli) +
                 (heard ? " for the answers of " : " for ") + id.text() + "; the arrivals give " +
                 std::to_string(std::lround(expected.low)) + " to " +
                 std::to_string(std::lround(expected.high)));
    }
  }
}

}  // namespace rpcnet::sim
