// The checks of single members, as one observer sees them.
#include "sim/oracles/membership.h"

#include <algorithm>

namespace rpcnet::sim {

MembershipOracle::MembershipOracle(const Ground& ground)
    : Oracle(ground), seen_(plan().hosts()) {}

void MembershipOracle::on_started(HostIndex host) { seen_[host].clear(); }

void MembershipOracle::on_stopping(HostIndex host) { note_owner(host); }

// What a member says of itself is remembered beyond its death: others may hear of it later.
void MembershipOracle::note_owner(HostIndex owner) {
  const Host& host = world().host(owner);
  if (!host.running()) return;
  if (const auto self = host.node->find(host.setup.config.id)) {
    Incarnation& claimed = claimed_[self->id];
    claimed = std::max(claimed, self->incarnation);
  }
}

void MembershipOracle::on_event(HostIndex host, const Event& event) {
  if (const auto* change = std::get_if<MemberEvent>(&event)) look(host, change->member);
}

// Between the events, one observer's whole view now and then: a wrong entry need not have an event.
void MembershipOracle::on_tick() {
  const std::uint64_t tick = ticks_++;
  const auto observer = static_cast<HostIndex>(
      world().keyed().below({Domain::probe, 0, 0, tick}, plan().members()));
  const Host& host = world().host(observer);
  if (!host.running()) return;
  for (const Member& member : host.node->members()) look(observer, member);
  for (const Member& member : host.node->tombstones()) look(observer, member);
}

void MembershipOracle::look(HostIndex observer, const Member& member) {
  const auto owner = world().index_of(member.id);
  if (!check(owner && !plan().is_client(*owner))) {
    return fail(observer, "knows a stranger: " + member.id.text());
  }
  if (!check(member.address == World::address(*owner))) {
    return fail(observer, "has a wrong address of " + member.id.text());
  }
  const Incarnation& claimed = claimed_[member.id];
  if (member.incarnation > claimed) note_owner(*owner);
  if (!check(member.incarnation <= claimed)) {
    return fail(observer, "knows incarnation " + std::to_string(member.incarnation) + " of " +
                              member.id.text() + ", which never had more than " +
                              std::to_string(claimed));
  }
  const auto [entry, fresh] = seen_[observer].try_emplace(member.id);
  Seen& seen = entry->second;
  if (!fresh) {
    if (!check(member.incarnation >= seen.incarnation)) {
      return fail(observer, "lowered the incarnation of " + member.id.text() + " from " +
                                std::to_string(seen.incarnation) + " to " +
                                std::to_string(member.incarnation));
    }
    const bool revived = is_member(member.status) && !is_member(seen.status);
    if (!check(!revived || member.incarnation > seen.incarnation)) {
      return fail(observer, "revived " + member.id.text() + " at incarnation " +
                                std::to_string(member.incarnation) + ", at which it was " +
                                to_text(seen.status));
    }
  }
  seen = {member.incarnation, member.status};
}

}  // namespace rpcnet::sim
