// Recording, and walking back from the failure.
#include "sim/timeline.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace rpcnet::sim {
namespace {

Opinion opinion_of(MemberStatus status) {
  switch (status) {
    case MemberStatus::alive: return Opinion::alive;
    case MemberStatus::suspect: return Opinion::suspect;
    case MemberStatus::dead: return Opinion::dead;
    case MemberStatus::left: return Opinion::left;
  }
  return Opinion::unknown;
}

}  // namespace

TimelineRecorder::TimelineRecorder(World& world, const Plan& plan)
    : world_(world), plan_(plan), latest_(plan.members() * plan.members(), Opinion::unknown) {
  world_.paths().on_packet([this](Moment now, const Packet& packet, const Fate& fate) {
    packets_.push_back(
        {now, now + fate.delay, packet.from, packet.to, packet.size, !fate.arrives_whole()});
    if (packets_.size() > kPacketsKept) packets_.pop_front();
  });
}

void TimelineRecorder::on_started(HostIndex host) {
  starts_.emplace_back(world_.now(), host);
  note(host, HostActivity::up);
  if (!world_.host(host).remembered().empty()) look(host);
}

void TimelineRecorder::on_stopping(HostIndex host) {
  note(host, HostActivity::down);
  if (plan_.is_client(host)) return;
  for (HostIndex subject = 0; subject < plan_.members(); ++subject) {
    note(host, subject, Opinion::unknown);
  }
}

void TimelineRecorder::on_event(HostIndex host, const Event& event) {
  const auto* change = std::get_if<MemberEvent>(&event);
  if (change == nullptr || plan_.is_client(host)) return;
  const auto subject = world_.index_of(change->member.id);
  if (subject && !plan_.is_client(*subject)) {
    note(host, *subject, opinion_of(change->member.status));
  }
}

void TimelineRecorder::on_fault(const Fault& fault, bool begins) {
  if (fault.kind != FaultKind::pause && fault.kind != FaultKind::slow) return;
  const HostActivity bad =
      fault.kind == FaultKind::pause ? HostActivity::paused : HostActivity::slow;
  for (const HostIndex host : fault.hosts) {
    if (world_.host(host).running()) note(host, begins ? bad : HostActivity::up);
  }
}

void TimelineRecorder::on_tick() {
  for (HostIndex observer = 0; observer < plan_.members(); ++observer) look(observer);
}

void TimelineRecorder::look(HostIndex observer) {
  const Host& host = world_.host(observer);
  if (!host.running()) return;
  std::vector<Opinion> seen(plan_.members(), Opinion::unknown);
  const auto take = [&](const std::vector<Member>& members) {
    for (const Member& member : members) {
      const auto subject = world_.index_of(member.id);
      if (subject && *subject < seen.size()) seen[*subject] = opinion_of(member.status);
    }
  };
  take(host.node->tombstones());
  take(host.node->members());
  for (HostIndex subject = 0; subject < seen.size(); ++subject) {
    note(observer, subject, seen[subject]);
  }
}

void TimelineRecorder::note(HostIndex host, HostActivity activity) {
  timeline_.activity.push_back({world_.now(), host, activity});
}

void TimelineRecorder::note(HostIndex observer, HostIndex subject, Opinion opinion) {
  Opinion& latest = latest_[observer * plan_.members() + subject];
  if (latest == opinion) return;
  latest = opinion;
  timeline_.opinions.push_back({world_.now(), observer, subject, opinion});
}

// Backwards through all that was sent and received: a packet matters if its receiver sent
// something that matters later, or is where it failed (Lamport's happened-before). What a process
// got before it was killed matters to nobody but through what it sent.
void TimelineRecorder::find_causes(const Violation& violation) {
  constexpr auto kNever = std::numeric_limits<std::uint32_t>::max();
  enum class What : std::uint8_t { sent, arrived, started };  // at one instant, backwards
  struct Step {
    Moment at;
    What what{};
    std::size_t which = 0;
  };
  std::vector<Step> steps;
  for (std::size_t i = 0; i < packets_.size(); ++i) {
    const Sent& one = packets_[i];
    if (one.arrives <= violation.at) steps.push_back({one.arrives, What::arrived, i});
    if (one.at <= violation.at) steps.push_back({one.at, What::sent, i});
  }
  for (std::size_t i = 0; i < starts_.size(); ++i) {
    steps.push_back({starts_[i].first, What::started, i});
  }
  std::stable_sort(steps.begin(), steps.end(), [](const Step& x, const Step& y) {
    return x.at != y.at ? x.at > y.at : x.what < y.what;
  });
  std::vector<std::uint32_t> distance(plan_.hosts(), violation.host ? kNever : 0);
  if (violation.host) distance[*violation.host] = 0;
  std::vector<std::uint32_t> hops(packets_.size(), kNever);
  for (const Step& step : steps) {
    if (step.what == What::started) {
      distance[starts_[step.which].second] = kNever;
      continue;
    }
    const Sent& one = packets_[step.which];
    std::uint32_t& far = hops[step.which];
    if (step.what == What::arrived && distance[one.to] != kNever) far = distance[one.to] + 1;
    if (step.what == What::sent && !one.lost)
      distance[one.from] = std::min(distance[one.from], far);
  }
  for (std::size_t i = packets_.size(); i > 0 && timeline_.causes.size() < kCausesMax; --i) {
    const Sent& one = packets_[i - 1];
    if (hops[i - 1] == kNever) continue;
    timeline_.causes.push_back(
        {one.at, one.arrives, one.from, one.to, one.size, one.lost, hops[i - 1]});
  }
  std::reverse(timeline_.causes.begin(), timeline_.causes.end());
}

Timeline TimelineRecorder::take() {
  if (const auto& violation = world_.violation()) find_causes(*violation);
  return std::move(timeline_);
}

}  // namespace rpcnet::sim
