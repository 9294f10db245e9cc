// E2: how long until a crashed member is known to be dead, by the first and by all.
//
// The cluster is whole and quiet; then members lose power at random moments, one after another
// (few at a time where N is large), and come back when all know.
#include <algorithm>

#include "tests/experiments/experiment.h"

namespace rpcnet::experiments {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kVictim = 0;
constexpr std::uint64_t kPhase = 1;

constexpr Duration kPatience = seconds(90);

struct Death {
  HostIndex host = 0;
  Moment at;
};

// One death at a time; the dead one comes back.
void one_by_one(Lab& lab, int deaths, Json& first, Json& all) {
  for (int i = 0; i < deaths; ++i) {
    const auto counter = static_cast<std::uint64_t>(i);
    lab.run_for(milliseconds(lab.draw(kPhase, counter, 2000, 4000)));
    const auto victim = static_cast<HostIndex>(
        lab.draw(kVictim, counter, 1, static_cast<std::int64_t>(lab.nodes()) - 1));
    lab.watcher().begin();
    lab.kill(victim);
    const Moment at = lab.now();
    lab.run_until(at + kPatience, [&] { return lab.watcher().all_see_all(); });
    const auto known = lab.watcher().first_failed(victim, at);
    first.push_back(known ? in_seconds(*known - at) : in_seconds(kPatience));
    all.push_back(in_seconds(lab.now() - at));
    lab.revive(victim);
    lab.run_until(lab.now() + kPatience, [&] { return lab.watcher().all_see_all(); });
  }
}

// In a large cluster a death is a small part of what goes on: twenty follow each other quickly.
void in_a_row(Lab& lab, std::size_t deaths, Json& first, Json& all) {
  lab.run_for(seconds(5));
  lab.watcher().begin();
  std::vector<Death> dead;
  for (const HostIndex host : lab.pick(kVictim, deaths)) {
    lab.run_for(milliseconds(lab.draw(kPhase, host, 500, 1500)));
    lab.kill(host);
    dead.push_back({host, lab.now()});
  }
  lab.run_until(lab.now() + kPatience, [&] { return lab.watcher().all_see_all(); });
  for (const Death& death : dead) {
    std::optional<Moment> known;
    Moment last = death.at;
    for (const Verdict& verdict : lab.watcher().verdicts()) {
      if (verdict.subject != death.host || verdict.kind != MemberEventKind::failed) continue;
      if (!known) known = verdict.at;
      last = std::max(last, verdict.at);
    }
    first.push_back(in_seconds(known ? *known - death.at : kPatience));
    all.push_back(in_seconds(known ? last - death.at : kPatience));
  }
}

}  // namespace

std::vector<Case> e2_cases(bool quick) {
  if (quick) return {{"N=32", 2, 1}, {"N=128", 3, 3}};
  return {{"N=32", 10, 2}, {"N=128", 20, 10}, {"N=1000", 6, 90}};
}

Json e2_run(const Trial& trial) {
  const auto nodes = static_cast<std::size_t>(number(trial.name, "N"));
  Lab lab(setup_of(trial, nodes));
  Json first = Json::array();
  Json all = Json::array();
  const bool gathered = lab.gather(seconds(120));
  if (nodes < 500) {
    one_by_one(lab, trial.quick ? 60 : 100, first, all);
  } else {
    in_a_row(lab, 100, first, all);
  }
  return {{"gathered", gathered}, {"first_s", first}, {"all_s", all}};
}

}  // namespace rpcnet::experiments
