// What the members come to believe of each other, as their events tell it.
//
// For each member the set of those that it counts as members, kept up with its events. A view is
// what that set is when all events of one moment are applied: several members that fail in one
// event, or in one moment, make one new view (Rapid counts views so).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "sim/tap.h"
#include "sim/world.h"

namespace rpcnet::experiments {

using sim::HostIndex;
using sim::Moment;

// One member's verdict on another.
struct Verdict {
  Moment at;
  HostIndex observer = 0;
  HostIndex subject = 0;
  MemberEventKind kind{};
  bool running = false;  // did the subject run then?
};

// A change of mind: `ill` is dead, left or degraded, `not ill` a member that gets work.
struct Opinion {
  Moment at;
  HostIndex observer = 0;
  HostIndex subject = 0;
  bool ill = false;
};

class Watcher final : public sim::Tap {
 public:
  explicit Watcher(sim::World& world);

  // From now on verdicts and views are noted.
  void begin();

  const std::vector<Verdict>& verdicts() const { return verdicts_; }
  // Without those that were taken back in the same moment.
  const std::vector<Opinion>& opinions() const { return opinions_; }
  bool thinks_ill(HostIndex observer, HostIndex subject) const {
    return !members_[observer][subject] || degraded_[observer][subject];
  }

  // From now on the sizes of views are noted too.
  void count_sizes() { counts_sizes_ = true; }
  std::size_t sizes_told() const { return sizes_.size(); }

  // Views that the member has had since begin(), the one it had then among them.
  std::size_t views(HostIndex observer);
  // As many as have differed at any of these members.
  std::size_t views_max(const std::vector<HostIndex>& observers);

  // Does every running member count exactly the running ones?
  bool all_see_all() const;
  // Do all of these see exactly these as members?
  bool see_exactly(const std::vector<HostIndex>& observers,
                   const std::vector<HostIndex>& members) const;
  bool sees(HostIndex observer, HostIndex subject) const { return members_[observer][subject]; }

  // The first and the last of these members' verdicts that `subject` is no member, since `since`;
  // absent while (some of) them count it.
  std::optional<Moment> first_failed(HostIndex subject, Moment since) const;

  void on_started(HostIndex host) override;
  void on_stopping(HostIndex host) override;
  void on_event(HostIndex host, const Event& event) override;

 private:
  struct View {
    std::uint64_t print = 0;  // of the set: XOR of its members' hashes
    std::size_t count = 0;
    Moment changed{};
    std::set<std::uint64_t> had;
  };

  void set(HostIndex observer, HostIndex subject, bool member);
  void note(HostIndex observer, HostIndex subject, bool ill);

  sim::World& world_;
  bool noting_ = false;
  std::vector<std::vector<bool>> members_;  // by observer, then subject
  std::vector<std::vector<bool>> degraded_;
  std::vector<View> views_;
  std::vector<bool> running_;
  std::uint64_t running_print_ = 0;
  std::vector<Verdict> verdicts_;
  std::vector<Opinion> opinions_;
  bool counts_sizes_ = false;
  std::set<std::size_t> sizes_;
};

}  // namespace rpcnet::experiments
