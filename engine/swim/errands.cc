// The life of an errand.
#include "engine/swim/errands.h"

#include <algorithm>

namespace rpcnet::swim {
namespace {

// At once; more are turned away with a nack. A relay is asked by few at a time unless a large part
// of the cluster is failing, and then more pings help nobody.
constexpr std::size_t kErrandsMax = 256;

// A probe of somebody who is not well himself lasts so many intervals (local_health_max + 1), and
// one for the handshake.
constexpr int kIntervalsMax = 9;

}  // namespace

void Errands::begin(Instant now, LinkId asker, const PingReq& request, Outbox& out) {
  const std::uint64_t seq = ++core_.seq;
  const Duration left = std::min(request.left, core_.config.probe_interval * kIntervalsMax);
  Errand errand{asker, request.seq, request.target, now + left, false};
  if (request.target == core_.self) return answer(errand, RelayedAck{request.seq}, out);
  if (errands_.size() >= kErrandsMax) {
    ++core_.counters.relays_refused;
    return refuse(errand, out);
  }
  const Ping ping{seq, left, request.target};
  const Peer peer{request.address, request.target};
  if (courier_.to_peer(now, peer, core_.table.find(request.target), ping, out) == nullptr) {
    return refuse(errand, out);
  }
  ++core_.counters.relays_served;
  const Duration wait = core_.config.nacks_late ? core_.config.probe_timeout : left * 4 / 5;
  core_.timers.arm({Wake::errand, seq}, now + wait);
  errands_.emplace(seq, std::move(errand));
}

bool Errands::on_ack(std::uint64_t seq, const NodeId& from, Outbox& out) {
  const auto found = errands_.find(seq);
  if (found == errands_.end() || found->second.target != from) return false;
  answer(found->second, RelayedAck{found->second.seq}, out);
  core_.timers.disarm({Wake::errand, seq});
  errands_.erase(found);
  return true;
}

void Errands::on_due(Instant now, std::uint64_t seq, Outbox& out) {
  const auto found = errands_.find(seq);
  if (found == errands_.end()) return;
  Errand& errand = found->second;
  if (!errand.nacked) refuse(errand, out);
  errand.nacked = true;
  if (now < errand.end) {
    core_.timers.arm({Wake::errand, seq}, errand.end);
  } else {
    errands_.erase(found);
  }
}

void Errands::clear() {
  for (const auto& [seq, errand] : errands_) core_.timers.disarm({Wake::errand, seq});
  errands_.clear();
}

void Errands::refuse(const Errand& errand, Outbox& out) {
  if (core_.config.nacks) answer(errand, Nack{errand.seq}, out);
}

void Errands::answer(const Errand& errand, const Body& body, Outbox& out) {
  Link* link = core_.links.find(errand.asker);
  if (link == nullptr) return;
  const auto slot = link->node ? core_.table.find(*link->node) : std::nullopt;
  courier_.reply(*link, slot, body, out);
}

}  // namespace rpcnet::swim
