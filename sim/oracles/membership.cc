// The checks of single members, as one observer sees them.
#include "sim/oracles/membership.h"

#include <algorithm>
#include <utility>

#include "sim/fault_runner.h"

namespace rpcnet::sim {
namespace {

// Known for so long: in every view that is told, however slowly.
constexpr Duration kSettled = std::chrono::seconds(12);

// Tags that are told and not fetched are shorter; fetched ones come a round trip and a queue later.
constexpr std::size_t kLong = 512;
constexpr Duration kFetch = std::chrono::seconds(1);
// Gossip reaches nearly all in time. It promises it to nobody, so it is judged by many.
constexpr std::uint64_t kMany = 100;

}  // namespace

MembershipOracle::MembershipOracle(const Ground& ground)
    : Oracle(ground), seen_(plan().hosts()), own_tags_(plan().hosts()), cut_off_(plan().hosts()) {
  // What is remembered from the beginning will be said in a moment.
  for (HostIndex i = 0; i < plan().members(); ++i) {
    const auto& remembered = world().host(i).setup.remembered;
    if (!remembered) continue;
    for (const Member& member : *remembered) {
      said(member.id).tags.insert(member.tags);
      const std::uint32_t number = *world().number_of(member.id);
      if (remembered_.size() <= number) remembered_.resize(number + std::size_t{1});
      remembered_[number] = {member.incarnation, member.tags_version, {}, true, member.status};
    }
    return;
  }
}

MembershipOracle::Said& MembershipOracle::said(std::uint32_t number) {
  if (said_.size() <= number) said_.resize(number + std::size_t{1});
  return said_[number];
}

void MembershipOracle::on_started(HostIndex host) {
  seen_[host].clear();
  own_tags_[host].clear();
  cut_off_[host] = false;
  said(world().host(host).setup.config.id).tags.insert(Tags{});
  if (!world().host(host).remembered().empty()) take_remembered(host);
}

// They are the same for all, so they are not looked at one by one for each.
void MembershipOracle::take_remembered(HostIndex host) {
  seen_[host] = remembered_;
  for (Seen& seen : seen_[host]) seen.since = world().now();
  const std::uint32_t self = *world().number_of(world().host(host).setup.config.id);
  if (self < seen_[host].size()) seen_[host][self] = {};
}

void MembershipOracle::on_stopping(HostIndex host) { note_owner(host); }

// What a member says of itself is remembered beyond its death: others may hear of it later.
void MembershipOracle::note_owner(HostIndex owner) {
  const Host& host = world().host(owner);
  if (!host.running()) return;
  if (const auto self = host.node->find(host.setup.config.id)) {
    Incarnation& claimed = said(self->id).claimed;
    claimed = std::max(claimed, self->incarnation);
  }
}

void MembershipOracle::on_command(HostIndex host, const Command& command) {
  changing_.reset();
  const auto* change = std::get_if<ChangeTags>(&command);
  if (change == nullptr) return;
  Tags tags = own_tags_[host];
  for (const auto& [key, value] : change->changes) {
    if (value) tags[key] = *value;
    else tags.erase(key);
  }
  changing_ = {host, std::move(tags)};
}

void MembershipOracle::on_outcome(HostIndex host, Outcome outcome) {
  if (!changing_ || changing_->first != host) return;
  const Tags tags = std::exchange(changing_, std::nullopt)->second;
  if (outcome != Outcome::done) return;
  own_tags_[host] = tags;
  said(world().host(host).setup.config.id).tags.insert(tags);
  const auto self = world().host(host).node->find(world().host(host).setup.config.id);
  if (!check(self && self->tags == tags)) return fail(host, "has other tags than it was given");
  std::size_t size = 0;
  for (const auto& [key, value] : tags) size += key.size() + value.size();
  changes_.push_back(
      {host, world().host(host).life, self->tags_version, size > kLong, world().now()});
}

// engine/output.h: the members of who let it in are known now. Those that the seed has known for
// long were part of what it told, however long the telling took.
void MembershipOracle::on_joined(HostIndex host, const Joined& joined) {
  const auto seed = world().host_of(joined.seed);
  if (!seed || !world().host(*seed).running()) return;
  for (std::uint32_t number = 0; number < seen_[*seed].size(); ++number) {
    const Seen& seen = seen_[*seed][number];
    if (!seen.known || !is_member(seen.status) || world().now() - seen.since < kSettled) continue;
    const NodeId& id = world().name(number);
    if (!check(world().host(host).node->find(id).has_value())) {
      return fail(host, "was let in and does not know " + id.text());
    }
  }
}

// What it knew it still knows, dead or alive, for as long as stale news may come.
void MembershipOracle::check_memory(HostIndex observer) {
  const Host& host = world().host(observer);
  const SwimConfig& swim = host.setup.config.swim;
  const bool may_forget =
      seen_[observer].size() > swim.tombstones_max || world().now() - Moment{} > swim.tombstone_ttl;
  if (may_forget) return;
  for (std::uint32_t number = 0; number < seen_[observer].size(); ++number) {
    const Seen& seen = seen_[observer][number];
    if (!seen.known) continue;
    const NodeId& id = world().name(number);
    if (!check(host.node->find(id).has_value())) {
      return fail(observer, "has forgotten " + id.text() + ", which was " + to_text(seen.status));
    }
  }
}

void MembershipOracle::on_event(HostIndex host, const Event& event) {
  if (const auto* joined = std::get_if<Joined>(&event)) on_joined(host, *joined);
  if (const auto* cut = std::get_if<PartitionDetected>(&event)) on_partition(host, *cut);
  if (std::holds_alternative<PartitionHealed>(event)) {
    if (!check(cut_off_[host]))
      return fail(host, "tells the end of a partition that it never told");
    cut_off_[host] = false;
  }
  if (const auto* change = std::get_if<MemberEvent>(&event)) look(host, change->member);
}

// docs/swim.md: a majority goes on, of two halves the one with the lowest name.
void MembershipOracle::on_partition(HostIndex host, const PartitionDetected& told) {
  cut_off_[host] = true;
  const std::size_t twice = 2 * told.reachable;
  const PartitionSide side = twice > told.known    ? PartitionSide::majority
                             : twice == told.known ? PartitionSide::half
                                                   : PartitionSide::minority;
  const bool quorum =
      side == PartitionSide::majority || (side == PartitionSide::half && told.quorum);
  if (!check(told.side == side && told.quorum == quorum && told.reachable < told.known)) {
    fail(host, "takes " + std::to_string(told.reachable) + " of " + std::to_string(told.known) +
                   " for another part of the cluster");
  }
  // What cuts it off began a grace ago at the latest; a fast clock is fast by a fifth at the most.
  const Duration grace = world().host(host).setup.config.swim.partition.grace * 3 / 4;
  const auto& struck = plan().faults;
  if (!check(std::any_of(struck.begin(), struck.end(), [&](const Fault& fault) {
        return Moment(fault.at + grace) <= world().now();
      }))) {
    fail(host, "tells a partition sooner than it may");
  }
}

// Between the events, one observer's whole view now and then, a large one more rarely: a wrong
// entry need not have an event.
void MembershipOracle::on_tick() {
  look_at_changes();
  const std::uint64_t tick = ticks_++;
  if (tick % (1 + plan().members() / 8) != 0) return;
  const auto observer =
      static_cast<HostIndex>(world().keyed().below({Domain::probe, 0, 0, tick}, plan().members()));
  const Host& host = world().host(observer);
  if (!host.running()) return;
  const bool cut_off = host.node->partition().has_value();
  if (!faults().has_left(observer) && !check(cut_off == cut_off_[observer])) {
    return fail(observer, "has not told that a partition began or ended");
  }
  for (const Member& member : host.node->members()) look(observer, member);
  for (const Member& member : host.node->tombstones()) look(observer, member);
  check_memory(observer);
}

// How many know of a change when all should, where nothing disturbed it.
void MembershipOracle::look_at_changes() {
  const Moment due = world().now() - bounds().dissemination - kFetch;
  for (; !changes_.empty() && changes_.front().at <= due; changes_.pop_front()) {
    const Change& change = changes_.front();
    const Host& owner = world().host(change.owner);
    if (!owner.running() || owner.life != change.life || faults().has_left(change.owner) ||
        faults().disturbed_since(change.at - kSettled)) {
      continue;
    }
    Spread& spread = spread_[change.is_long ? 1 : 0];
    for (HostIndex i = 0; i < plan().members(); ++i) {
      const Host& host = world().host(i);
      if (i == change.owner || !host.running() || faults().has_left(i) ||
          change.at - host.started < kSettled) {
        continue;
      }
      const auto known = host.node->find(owner.setup.config.id);
      ++spread.all;
      spread.in_time += known && known->tags_version >= change.version ? 1 : 0;
    }
  }
}

void MembershipOracle::on_end() {
  for (const Spread& spread : spread_) {
    if (check(spread.all < kMany || 2 * spread.in_time > spread.all)) continue;
    return fail(std::nullopt, "of " + std::to_string(spread.all) + " times, " +
                                  (&spread == spread_ ? "short" : "long") +
                                  " tags were known in time only " +
                                  std::to_string(spread.in_time));
  }
}

void MembershipOracle::look(HostIndex observer, const Member& member) {
  const auto number = world().number_of(member.id);
  const auto owner = world().index_of(member.id);
  if (!check(owner && !plan().is_client(*owner))) {
    return fail(observer, "knows a stranger: " + member.id.text());
  }
  if (!check(member.address == World::address(*owner))) {
    return fail(observer, "has a wrong address of " + member.id.text());
  }
  if (member.incarnation > said(*number).claimed) note_owner(*owner);
  const Incarnation claimed = said(*number).claimed;
  if (!check(member.incarnation <= claimed)) {
    return fail(observer, "knows incarnation " + std::to_string(member.incarnation) + " of " +
                              member.id.text() + ", which never had more than " +
                              std::to_string(claimed));
  }
  if (!check(said(*number).tags.contains(member.tags))) {
    return fail(observer, "knows tags of " + member.id.text() + " that it never had");
  }
  if (seen_[observer].size() <= *number) seen_[observer].resize(*number + std::size_t{1});
  Seen& seen = seen_[observer][*number];
  const bool fresh = !seen.known;
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
    if (!check(member.tags_version >= seen.tags_version)) {
      return fail(observer, "went back from version " + std::to_string(seen.tags_version) + " to " +
                                std::to_string(member.tags_version) + " of the tags of " +
                                member.id.text());
    }
  }
  const bool same = !fresh && is_member(seen.status) == is_member(member.status);
  seen = {member.incarnation, member.tags_version, same ? seen.since : world().now(), true,
          member.status};
}

}  // namespace rpcnet::sim
