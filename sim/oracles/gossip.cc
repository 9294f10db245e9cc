// The grammar of docs/wire.md, as far as it is needed, and the counts.
#include "sim/oracles/gossip.h"

#include <algorithm>
#include <cmath>

#include "engine/wire/reader.h"
#include "sim/fault_runner.h"

namespace rpcnet::sim {
namespace {

constexpr std::size_t kTellers = 8;

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kPingReq = 3;
constexpr std::uint8_t kLastOfDatagrams = 8;
constexpr std::uint8_t kLiveness = 1;  // of an update

bool skip_address(wire::Reader& reader) {
  const auto family = reader.u8();
  if (!family) return false;
  return reader.bytes(*family == 4 ? 4 : 16).has_value() && reader.u16().has_value();
}

// ceil(factor * ln(n + 1)), at least once (SWIM 4.1; engine/config.h).
std::uint64_t limit(std::uint32_t factor, std::size_t members) {
  const long double news = factor * std::log(static_cast<long double>(members) + 1);
  return std::max<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(news)), 1);
}

}  // namespace

GossipOracle::GossipOracle(const Ground& ground)
    : Oracle(ground), tellers_(std::min(plan().members(), kTellers)) {}

void GossipOracle::on_started(HostIndex host) {
  if (host >= tellers_.size()) return;
  tellers_[host] = {};
  const std::size_t remembered = world().host(host).remembered().size();
  if (remembered > 0) tellers_[host].members = tellers_[host].most_members = remembered;
}

void GossipOracle::on_event(HostIndex host, const Event& event) {
  const auto* change = std::get_if<MemberEvent>(&event);
  if (change == nullptr || host >= tellers_.size()) return;
  Teller& teller = tellers_[host];
  switch (change->kind) {
    case MemberEventKind::joined:
    case MemberEventKind::recovered:
      teller.most_members = std::max(teller.most_members, ++teller.members);
      return;
    case MemberEventKind::left:
    case MemberEventKind::failed: --teller.members; return;
    case MemberEventKind::tags_changed:
    case MemberEventKind::degraded:
    case MemberEventKind::restored: return;
  }
}

void GossipOracle::on_fact(HostIndex host, const Fact& fact) {
  Teller& teller = tellers_[host];
  if (const auto* up = std::get_if<LinkUp>(&fact)) {
    teller.up.insert(up->link.value);
    // A host may come back under another name, but a link stays that of who was there.
    const auto peer = up->identity ? NodeId::parse(up->identity->node) : std::nullopt;
    if (peer) teller.peers.insert_or_assign(up->link.value, *peer);
  } else if (const auto* down = std::get_if<LinkDown>(&fact)) {
    // Its peer stays known: what was said before this may still be an order that waits its turn.
    if (teller.up.erase(down->link.value) == 0) teller.failed_dial = world().now();
  }
}

void GossipOracle::on_order(HostIndex host, const Order& order) {
  const auto* datagram = std::get_if<SendDatagram>(&order);
  if (datagram == nullptr) return;
  wire::Reader reader(datagram->bytes);
  const auto version = reader.u8();
  const auto type = reader.u8();
  if (!check(version == kVersion && type && *type > 0 && *type <= kLastOfDatagrams)) {
    return fail(host, "sent a datagram that is no message");
  }
  const auto sender = reader.text(NodeId::kMaxSize);
  const auto incarnation = reader.varint();
  const bool address = skip_address(reader);
  const auto calls = reader.varint();
  const auto body = reader.sized(reader.left());
  const Host& self = world().host(host);
  if (!check(sender && *sender == self.setup.config.id.text() && incarnation && address && calls &&
             body)) {
    return fail(host, "sent a message in another's name, or half of one");
  }
  const auto peer = tellers_[host].peers.find(datagram->link.value);
  const auto to = peer == tellers_[host].peers.end() ? std::nullopt : std::optional(peer->second);
  if (*type == kPingReq) on_relay_asked(host, to, *body);
  while (reader.left() > 0) {
    const auto kind = reader.u8();
    const auto content = reader.sized(reader.left());
    if (!check(kind && content)) return fail(host, "sent half of an update");
    on_update(host, to, *kind == kLiveness, *content);
  }
}

void GossipOracle::on_relay_asked(HostIndex host, const std::optional<NodeId>& relay,
                                  BytesView body) {
  ++tellers_[host].relays_asked;
  wire::Reader reader(body);
  const bool numbers = reader.varint() && reader.varint();
  const auto target = reader.text(NodeId::kMaxSize);
  if (!check(numbers && target && (!relay || relay->text() != *target))) {
    fail(host, "asks nobody, or the target itself, to relay its probe");
  }
}

void GossipOracle::on_update(HostIndex host, const std::optional<NodeId>& to, bool liveness,
                             BytesView content) {
  wire::Reader reader(content);
  const auto text = reader.text(NodeId::kMaxSize);
  const auto subject = text ? NodeId::parse(*text) : std::nullopt;
  const auto incarnation = reader.varint();
  const auto status = reader.u8();
  const bool address = skip_address(reader);
  const auto accused = reader.u8();
  if (!check(subject && incarnation && status && *status <= 3 && address && accused)) {
    return fail(host, "sent an update that is none");
  }
  const auto is = static_cast<MemberStatus>(*status);
  // Tags travel by themselves. What a member is told of itself is an answer, and no news.
  if (!liveness || to == subject) return;
  Teller& teller = tellers_[host];
  News& news = teller.news[*subject];
  const bool fresh = news.told == 0 || news.incarnation != *incarnation || news.status != is;
  if (fresh) {
    news = {is, *incarnation, 0, teller.members, teller.members, world().now(), world().now()};
  }
  news.fewest = std::min(news.fewest, teller.members);
  news.most = std::max(news.most, teller.members);
  news.last = world().now();
  ++news.told;
  const auto accuser = *accused == 1 ? reader.text(NodeId::kMaxSize) : std::nullopt;
  const std::uint32_t factor = world().host(host).setup.config.swim.retransmit_factor;
  // What waits for a link was written when there may have been more members.
  // An accusation is told anew with each accuser that confirms it (Lifeguard IV.B).
  const SwimConfig& swim = world().host(host).setup.config.swim;
  const std::uint64_t times = is == MemberStatus::suspect ? swim.suspicion_confirmations + 1 : 1;
  const std::uint64_t most = limit(factor, teller.most_members + 1) * times;
  if (is != MemberStatus::alive && !check(news.told <= most)) {
    return fail(host, "told " + std::to_string(news.told) + " times that " + subject->text() +
                          " is " + to_text(is) + "; the limit is " + std::to_string(most));
  }
  if (fresh && is == MemberStatus::suspect && accuser &&
      *accuser == world().host(host).setup.config.id.text()) {
    on_accusation(host, *subject);
  }
}

// Who was stopped, or whose clock jumped, heard nobody for a while: that is nobody's silence.
void GossipOracle::on_accusation(HostIndex host, const NodeId& subject) {
  ++tellers_[host].accusations;
  const Duration interval = world().host(host).setup.config.swim.probe_interval;
  const Moment since = world().now() - interval / 2;
  const auto owner = world().index_of(subject);
  if (!faults().was_absent_since(host, since) || !owner) return;
  const Host& accused = world().host(*owner);
  const bool at_fault =
      !accused.running() || accused.setup.config.id != subject ||
      faults().held_up_since(*owner, since - interval * 4) || faults().has_left(*owner) ||
      faults().network_disturbed_since(since - interval * 4) || faults().holds_up(host) ||
      world().paths().lost_since(host, *owner, since - interval * 4) ||
      world().now() - accused.started < interval * 4;
  if (check(at_fault)) return;
  fail(host, "accused " + subject.text() + " right after its own absence");
}

// What is not news any more was said as often as it has to be: while nobody came or went, and where
// the teller had time to say it, and no link to say it on failed to come up. What waited for that
// counts as told for the engine, and may have been told before what is seen here. False: it was
// not.
bool GossipOracle::judge_news(HostIndex host) {
  const Host& self = world().host(host);
  const SwimConfig& swim = self.setup.config.swim;
  Teller& teller = tellers_[host];
  if (faults().held_up_since(host, world().now() - bounds().dissemination)) return true;
  for (auto& [id, news] : teller.news) {
    if (news.judged || world().now() - news.last <= bounds().dissemination) continue;
    const auto member = self.node->find(id);
    const bool current =
        member && member->status == news.status && member->incarnation == news.incarnation;
    if (!current || news.status == MemberStatus::alive || news.fewest < 3 ||
        news.fewest != news.most || news.told == 0) {
      continue;
    }
    const Moment written = news.first - bounds().dissemination;
    if (teller.failed_dial && *teller.failed_dial >= written) continue;
    const std::uint64_t due = limit(swim.retransmit_factor, news.most);
    const std::uint64_t times =
        news.status == MemberStatus::suspect ? swim.suspicion_confirmations + 1 : 1;
    const std::uint64_t most = limit(swim.retransmit_factor, news.most + 1) * times;
    news.judged = true;
    if (check(news.told >= due && news.told <= most)) continue;
    fail(host, "told " + std::to_string(news.told) + " times that " + id.text() + " is " +
                   to_text(news.status) + "; " + std::to_string(due) + " are due");
    return false;
  }
  return true;
}

void GossipOracle::on_tick() {
  for (HostIndex i = 0; i < tellers_.size(); ++i) {
    if (world().host(i).running() && !faults().has_left(i) && !judge_news(i)) return;
  }
}

void GossipOracle::on_end() {
  for (HostIndex i = 0; i < tellers_.size(); ++i) {
    const Host& host = world().host(i);
    const Teller& teller = tellers_[i];
    if (!host.running() || faults().has_left(i)) continue;
    const SwimConfig& swim = host.setup.config.swim;
    const bool relays = swim.indirect_probes > 0 && plan().members() >= 4;
    if (relays && !check(teller.accusations < 4 || teller.relays_asked > 0)) {
      return fail(i, "accused others " + std::to_string(teller.accusations) +
                         " times and never asked a relay");
    }
    if (!judge_news(i)) return;
  }
}

}  // namespace rpcnet::sim
