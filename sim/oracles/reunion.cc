// The dead of each observer, and when one of them was tried last.
#include "sim/oracles/reunion.h"

#include <algorithm>
#include <chrono>

#include "sim/fault_runner.h"

namespace rpcnet::sim {
namespace {

constexpr std::size_t kObservers = 8;

// Turns in which one of the dead is due: one of eight is for those whose tombstone is gone, and one
// may fall on a dial that is under way.
constexpr int kTurns = 4;

// How long no dial or datagram to one of the dead may be seen: while a dial of it fails, and is
// kept back after that, nothing is.
Duration longest_pause(const NodeConfig& config) {
  const LinksConfig& links = config.gossip_links;
  return kTurns * config.swim.heal_interval + links.handshake_timeout + 2 * links.backoff_max;
}

}  // namespace

ReunionOracle::ReunionOracle(const Ground& ground)
    : Oracle(ground), observers_(std::min(plan().members(), kObservers)) {}

void ReunionOracle::on_started(HostIndex host) {
  if (host < observers_.size()) observers_[host] = {{}, {}, world().now()};
}

void ReunionOracle::on_event(HostIndex host, const Event& event) {
  const auto* change = std::get_if<MemberEvent>(&event);
  if (change == nullptr || host >= observers_.size()) return;
  const Member& member = change->member;
  if (change->kind == MemberEventKind::failed) {
    observers_[host].dead.insert_or_assign(member.id, member.address);
  } else {
    observers_[host].dead.erase(member.id);  // who has left wants not to be found
  }
}

void ReunionOracle::on_fact(HostIndex host, const Fact& fact) {
  auto& peers = observers_[host].peers;
  if (const auto* up = std::get_if<LinkUp>(&fact)) {
    const auto peer = up->identity ? NodeId::parse(up->identity->node) : std::nullopt;
    if (peer) peers.insert_or_assign(up->link, *peer);
  } else if (const auto* down = std::get_if<LinkDown>(&fact)) {
    peers.erase(down->link);
  }
}

void ReunionOracle::on_order(HostIndex host, const Order& order) {
  Observer& observer = observers_[host];
  const auto is_there = [&](const Address& address) {
    return std::any_of(observer.dead.begin(), observer.dead.end(),
                       [&](const auto& dead) { return dead.second == address; });
  };
  if (const auto* connect = std::get_if<Connect>(&order)) {
    const bool gossip = connect->protocol == Protocol::gossip;
    if (gossip && is_there(connect->remote)) observer.tried = world().now();
  } else if (const auto* datagram = std::get_if<SendDatagram>(&order)) {
    const auto peer = observer.peers.find(datagram->link);
    if (peer != observer.peers.end() && observer.dead.contains(peer->second)) {
      observer.tried = world().now();
    }
  }
}

void ReunionOracle::forget_the_forgotten(HostIndex host) {
  const Node& node = *world().host(host).node;
  std::erase_if(observers_[host].dead, [&](const auto& dead) { return !node.find(dead.first); });
}

void ReunionOracle::on_tick() {
  for (HostIndex i = 0; i < observers_.size(); ++i) {
    const Host& host = world().host(i);
    if (!host.running()) continue;
    forget_the_forgotten(i);
    Observer& observer = observers_[i];
    // An earlier self of it may have lived where it lives now: there is nobody to try there.
    const bool somebody =
        std::any_of(observer.dead.begin(), observer.dead.end(),
                    [&](const auto& dead) { return dead.second != World::address(i); });
    if (!somebody || faults().has_left(i) || faults().held_up_since(i, observer.tried)) {
      observer.tried = world().now();
    }
    const Duration longest = longest_pause(host.setup.config);
    if (check(world().now() - observer.tried <= longest)) continue;
    const auto s = std::chrono::duration_cast<std::chrono::seconds>(longest).count();
    return fail(i, "has not tried any of the " + std::to_string(observer.dead.size()) +
                       " that are dead in its view for " + std::to_string(s) + " s");
  }
}

}  // namespace rpcnet::sim
