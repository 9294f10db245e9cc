// Deaths and verdicts.
#include "sim/oracles/detection.h"

#include <algorithm>

#include "sim/fault_runner.h"

namespace rpcnet::sim {
namespace {

// From the end of an absence to the handling of the last input that has piled up meanwhile.
constexpr Duration kHandled = std::chrono::milliseconds(100);

std::string in_seconds(Duration duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return std::to_string(ms / 1000) + '.' + std::to_string(ms % 1000 / 100) + " s";
}

}  // namespace

DetectionOracle::DetectionOracle(const Ground& ground) : Oracle(ground), died_(plan().hosts()) {}

void DetectionOracle::on_started(HostIndex host) {
  // It is back before all knew that it was gone: nobody needs to learn it any more.
  const NodeId& id = world().host(host).setup.config.id;
  std::erase_if(deaths_, [&](const Death& death) { return death.id == id; });
  if (!plan().is_client(host)) on_change();
}

void DetectionOracle::on_change() {
  changed_ = world().now();
  for (Death& death : deaths_) death.alone = false;
}

void DetectionOracle::on_stopping(HostIndex host) {
  if (plan().is_client(host)) return;
  for (Death& death : deaths_) death.unaware.erase(host);
  died_[host] = world().now();
  const bool quiet = changed_ + bounds().detection_alone < world().now();
  on_change();
  if (faults().has_left(host)) return;  // it said so itself
  const NodeId& id = world().host(host).setup.config.id;
  Death death{host, id, world().now(), world().host(host).started, {}, std::nullopt, false};
  for (HostIndex other = 0; other < plan().members(); ++other) {
    const Host& observer = world().host(other);
    if (other == host || !observer.running() || faults().has_left(other)) continue;
    const auto known = observer.node->find(id);
    if (known && is_member(known->status)) death.unaware.insert(other);
  }
  // Those who prove an observer's network, and a few who observe.
  const std::size_t enough = world().host(host).setup.config.swim.own_network_proof + 3;
  death.alone = quiet && death.unaware.size() >= enough &&
                !faults().disturbed_since(world().now() - bounds().detection_alone);
  if (!death.unaware.empty()) deaths_.push_back(std::move(death));
}

Duration DetectionOracle::bound_of(const Death& death) const {
  const bool alone = death.alone && !faults().disturbed_since(death.at);
  return alone ? bounds().detection_alone : bounds().detection;
}

void DetectionOracle::on_event(HostIndex host, const Event& event) {
  const auto* left = std::get_if<LeaveCompleted>(&event);
  if (left != nullptr && left->acknowledged) {
    farewells_[world().host(host).setup.config.id] = world().now();
  }
  const auto* change = std::get_if<MemberEvent>(&event);
  if (change == nullptr) return;
  const auto subject = world().index_of(change->member.id);
  if (!subject) return;
  if (change->kind == MemberEventKind::failed || change->kind == MemberEventKind::left) {
    for (Death& death : deaths_) {
      if (death.id != change->member.id || death.unaware.erase(host) == 0) continue;
      if (!death.known_first) {
        death.known_first = world().now();
        if (change->kind == MemberEventKind::failed) check_patience(host, death);
      }
      if (!death.unaware.empty() || faults().disturbed_since(death.at)) continue;
      first_.push_back(*death.known_first - death.at);
      last_.push_back(world().now() - death.at);
    }
    std::erase_if(deaths_, [](const Death& death) { return death.unaware.empty(); });
  }
  if (change->kind != MemberEventKind::failed) return;
  check_farewell(host, change->member.id);
  check_grace(host, change->member);
  on_failed(host, *subject);
  if (world().host(*subject).running() &&
      falsely_dead_.emplace(*subject, change->member.incarnation).second) {
    const auto& died = died_[*subject];
    if (!died || world().now() - *died > bounds().detection) ++false_deaths_;
  }
}

// A verdict takes a probe that was begun a round trip before the death at the earliest, and a whole
// suspicion: who is accused has that time to object.
void DetectionOracle::check_patience(HostIndex observer, const Death& death) {
  const SwimConfig& swim = world().host(observer).setup.config.swim;
  // Told of the verdict of another, it waits less, but the other did not.
  const Duration suspicion =
      std::max(swim.probe_interval * swim.suspicion_min_milli / 1000, swim.suspicion_floor);
  // Of who was silent before, four waits.
  const Duration whole = swim.adaptive_probes
                             ? std::min(4 * swim.probe_timeout_min, swim.probe_interval)
                             : swim.probe_interval;
  const Duration least = suspicion + std::max(whole - 2 * bounds().way, Duration::zero());
  const Duration drift = least / 1'000'000 * (plan().clock_drift_ppm + 1);
  const auto before = death.at - bounds().detection;
  const bool bent = faults().disturbed_since(before) || before < death.began;
  if (bent || check(world().now() - death.at + drift >= least)) return;
  fail(observer, "declared " + death.id.text() + " dead " + in_seconds(world().now() - death.at) +
                     " after its end; probe and suspicion take " + in_seconds(least));
}

// Who said farewell, and was heard, is not to be mourned: all hear of it in time.
void DetectionOracle::check_farewell(HostIndex observer, const NodeId& subject) {
  const auto farewell = farewells_.find(subject);
  if (farewell == farewells_.end()) return;
  const Moment known = farewell->second + bounds().dissemination;
  if (world().now() <= known || faults().disturbed_since(farewell->second - bounds().detection) ||
      world().host(observer).started >= farewell->second) {
    return;
  }
  if (check(false)) return;
  fail(observer, "declared " + subject.text() + " dead, which had left");
}

void DetectionOracle::on_failed(HostIndex observer, HostIndex subject) {
  if (!world().host(subject).running()) return;
  // The verdict on an earlier life may come after the next one has begun.
  const auto& died = died_[subject];
  if (died && world().now() - *died <= bounds().detection) return;
  // What disturbed the network or the process some time ago may still have its verdict due.
  if (faults().disturbed_since(world().now() - bounds().detection)) return;
  if (!check(false)) {
    fail(observer, "declared " + name_of(subject) + " dead, which runs undisturbed");
  }
}

void DetectionOracle::on_fault(const Fault& fault, bool begins) {
  if (fault.kind != FaultKind::pause || !begins) return;
  for (const HostIndex host : fault.hosts) {
    const Host& self = world().host(host);
    if (plan().is_client(host) || !self.running() || absences_.contains(host)) continue;
    absences_[host] = {world().now(), self.node->swim_counters().suspicions};
  }
}

// Whom it suspected before has a time of grace to object, or to be heard in what has piled up. The
// verdicts of others it takes at once.
void DetectionOracle::check_grace(HostIndex observer, const Member& subject) {
  const bool first = declared_.emplace(subject.id, subject.incarnation).second;
  const SwimConfig& swim = world().host(observer).setup.config.swim;
  const Moment since = world().now() - 2 * swim.probe_interval + kHandled;
  if (!swim.stalls_subtracted || !faults().was_absent_since(observer, since)) return;
  if (check(!first)) return;
  fail(observer, "declared " + subject.id.text() + " dead right after its own absence");
}

bool DetectionOracle::all_others_were_well(HostIndex host, Moment since) const {
  if (faults().network_disturbed_since(since)) return false;
  for (HostIndex i = 0; i < plan().members(); ++i) {
    const Host& other = world().host(i);
    if (i == host || !other.running()) continue;
    if (faults().held_up_since(i, since) || other.started >= since || faults().has_left(i) ||
        world().paths().lost_since(host, i, since)) {
      return false;
    }
  }
  return true;
}

// Who was stopped heard nobody meanwhile. That is not the others' silence: while all of them were
// well it suspects none, neither at once nor when it has thought about it for a round.
void DetectionOracle::check_own_absence(HostIndex host) {
  const Host& self = world().host(host);
  const SwimConfig& swim = self.setup.config.swim;
  const Absence& absence = absences_[host];
  // Who died before may still be missed by this member only now; other trouble takes a few probes.
  const bool somebody_died = changed_ >= absence.began - bounds().detection_alone;
  const Moment since = absence.began - 4 * swim.probe_interval;
  if (!swim.stalls_subtracted || somebody_died || !all_others_were_well(host, since)) return;
  if (check(self.node->swim_counters().suspicions == absence.suspicions)) return;
  fail(host, "suspected others after its own absence, who were well all the time");
}

void DetectionOracle::on_tick() {
  std::erase_if(absences_, [&](const auto& entry) {
    const HostIndex host = entry.first;
    if (!world().host(host).running()) return true;
    const Duration interval = world().host(host).setup.config.swim.probe_interval;
    if (faults().holds_up(host) || faults().was_absent_since(host, world().now() - interval)) {
      return false;
    }
    check_own_absence(host);
    return true;
  });
  for (Death& death : deaths_) {
    const Duration bound = bound_of(death);
    if (world().now() - death.at <= bound) continue;
    if (faults().disturbed_since(death.at)) {
      death.unaware.clear();  // convergence will tell
      continue;
    }
    for (const HostIndex host : death.unaware) {
      const Host& observer = world().host(host);
      if (!observer.running() || faults().has_left(host)) continue;
      const auto known = observer.node->find(death.id);
      if (check(!known || !is_member(known->status))) continue;
      fail(host, "still counts " + name_of(death.host) + " a member " +
                     in_seconds(world().now() - death.at) + " after its death; the bound is " +
                     in_seconds(bound));
      return;
    }
    death.unaware.clear();
  }
  std::erase_if(deaths_, [](const Death& death) { return death.unaware.empty(); });
  check(true);
}

void DetectionOracle::on_end() {
  if (plan().false_deaths_max >= 0 &&
      !check(false_deaths_ <= static_cast<std::uint64_t>(plan().false_deaths_max))) {
    fail(std::nullopt, std::to_string(false_deaths_) + " false deaths; the plan allows " +
                           std::to_string(plan().false_deaths_max));
  }
  if (!plan().faults.empty() || plan().loss_ppm > 0) return;
  // Without a fault there is nothing to suspect anybody for.
  for (HostIndex i = 0; i < plan().members(); ++i) {
    const Host& host = world().host(i);
    if (host.running() && !check(host.node->swim_counters().suspicions == 0)) {
      fail(i, "suspected somebody in a run without faults");
    }
  }
}

}  // namespace rpcnet::sim
