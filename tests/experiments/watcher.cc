// Keeping up with events.
#include "tests/experiments/watcher.h"

#include <algorithm>

#include "engine/hash.h"

namespace rpcnet::experiments {
namespace {

std::uint64_t print_of(HostIndex host) { return mix(host + 1); }

}  // namespace

Watcher::Watcher(sim::World& world)
    : world_(world),
      members_(world.size(), std::vector<bool>(world.size(), false)),
      degraded_(members_),
      views_(world.size()),
      running_(world.size(), false) {}

void Watcher::begin() {
  noting_ = true;
  verdicts_.clear();
  opinions_.clear();
  for (View& view : views_) view.had = {view.print};
}

std::size_t Watcher::views(HostIndex observer) {
  View& view = views_[observer];
  view.had.insert(view.print);
  return view.had.size();
}

std::size_t Watcher::views_max(const std::vector<HostIndex>& observers) {
  std::size_t most = 0;
  for (const HostIndex observer : observers) most = std::max(most, views(observer));
  return most;
}

bool Watcher::all_see_all() const {
  for (HostIndex i = 0; i < views_.size(); ++i) {
    if (running_[i] && views_[i].print != running_print_) return false;
  }
  return true;
}

bool Watcher::see_exactly(const std::vector<HostIndex>& observers,
                          const std::vector<HostIndex>& members) const {
  std::uint64_t print = 0;
  for (const HostIndex member : members) print ^= print_of(member);
  return std::all_of(observers.begin(), observers.end(),
                     [&](HostIndex observer) { return views_[observer].print == print; });
}

std::optional<Moment> Watcher::first_failed(HostIndex subject, Moment since) const {
  for (const Verdict& verdict : verdicts_) {
    if (verdict.subject == subject && verdict.at >= since &&
        verdict.kind == MemberEventKind::failed) {
      return verdict.at;
    }
  }
  return std::nullopt;
}

void Watcher::on_started(HostIndex host) {
  running_[host] = true;
  running_print_ ^= print_of(host);
  members_[host].assign(members_.size(), false);
  degraded_[host].assign(members_.size(), false);
  views_[host].print = 0;
  views_[host].count = 0;
  set(host, host, true);
  for (const Member& member : world_.host(host).remembered()) {
    if (const auto subject = world_.index_of(member.id)) set(host, *subject, true);
  }
}

void Watcher::on_stopping(HostIndex host) {
  running_[host] = false;
  running_print_ ^= print_of(host);
}

void Watcher::on_event(HostIndex host, const Event& event) {
  const auto* change = std::get_if<MemberEvent>(&event);
  if (change == nullptr || change->kind == MemberEventKind::tags_changed) return;
  const auto subject = world_.index_of(change->member.id);
  if (!subject) return;
  if (noting_) {
    verdicts_.push_back({world_.now(), host, *subject, change->kind, running_[*subject]});
    View& view = views_[host];
    // All of one moment is one view.
    if (view.changed != world_.now()) view.had.insert(view.print);
    view.changed = world_.now();
  }
  const bool was_ill = thinks_ill(host, *subject);
  set(host, *subject, is_member(change->member.status));
  if (change->kind == MemberEventKind::degraded) degraded_[host][*subject] = true;
  if (change->kind == MemberEventKind::restored) degraded_[host][*subject] = false;
  if (counts_sizes_) sizes_.insert(views_[host].count);
  if (noting_ && was_ill != thinks_ill(host, *subject)) note(host, *subject, !was_ill);
}

void Watcher::note(HostIndex observer, HostIndex subject, bool ill) {
  const auto taken_back =
      std::find_if(opinions_.rbegin(), opinions_.rend(), [&](const Opinion& opinion) {
        return opinion.at != world_.now() ||
               (opinion.observer == observer && opinion.subject == subject);
      });
  if (taken_back != opinions_.rend() && taken_back->at == world_.now()) {
    opinions_.erase(std::next(taken_back).base());
  } else {
    opinions_.push_back({world_.now(), observer, subject, ill});
  }
}

void Watcher::set(HostIndex observer, HostIndex subject, bool member) {
  if (members_[observer][subject] == member) return;
  members_[observer][subject] = member;
  View& view = views_[observer];
  view.print ^= print_of(subject);
  if (member) {
    ++view.count;
  } else {
    --view.count;
  }
}

}  // namespace rpcnet::experiments
