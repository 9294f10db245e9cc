// Folding, from the last event to the first: what comes later is what stays.
#include "io/core/event_backlog.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace rpcnet::core {
namespace {

// In or out of the membership; other changes are of a member that stays one.
bool is_crossing(MemberEventKind kind) {
  return kind == MemberEventKind::joined || kind == MemberEventKind::left ||
         kind == MemberEventKind::failed || kind == MemberEventKind::recovered;
}

// The crossings of one member that wait. They alternate between in and out.
struct Story {
  std::size_t crossings = 0;
  MemberEventKind first{};
};

// What of a member has been met so far, going backwards.
struct Later {
  std::size_t crossings = 0;
  std::set<MemberEventKind> others;
};

}  // namespace

std::size_t EventBacklog::push(ClusterEvent event) {
  events_.push_back(std::move(event));
  if (events_.size() <= fold_at_) return 0;
  const std::size_t folded = fold();
  folded_ += folded;
  // What cannot be folded further is not gone through again for each event.
  fold_at_ = std::max(max_, 2 * events_.size());
  return folded;
}

std::optional<ClusterEvent> EventBacklog::take() {
  if (folded_ > 0) return ClusterEvent(Coalesced{std::exchange(folded_, 0)});
  if (events_.empty()) return std::nullopt;
  ClusterEvent event = std::move(events_.front());
  events_.pop_front();
  if (events_.empty()) fold_at_ = max_;
  return event;
}

std::size_t EventBacklog::fold() {
  std::map<NodeId, Story> stories;
  for (const ClusterEvent& event : events_) {
    const auto* change = std::get_if<MemberEvent>(&event);
    if (change == nullptr || !is_crossing(change->kind)) continue;
    Story& story = stories[change->member.id];
    if (story.crossings++ == 0) story.first = change->kind;
  }
  std::map<NodeId, Later> members;
  bool partition = false;
  std::deque<ClusterEvent> kept;
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    auto* change = std::get_if<MemberEvent>(&*event);
    bool keep = false;
    if (change == nullptr) {
      // A cut is told by its members' events too.
      keep = !std::holds_alternative<MembersCut>(*event) && !std::exchange(partition, true);
    } else if (Later& later = members[change->member.id]; is_crossing(change->kind)) {
      // An odd number of crossings is as good as one, an even one as two. The first that stays is
      // to the reader what the first was: whoever it never heard of has joined, and not recovered.
      const Story& story = stories.at(change->member.id);
      const std::size_t enough = story.crossings % 2 == 1 ? 1 : 2;
      keep = later.crossings++ < enough;
      if (keep && later.crossings == enough && is_member(change->member.status)) {
        change->kind = story.first;
      }
    } else {
      // A crossing tells how the member is then: what changed before it is in it.
      keep = later.crossings == 0 && later.others.insert(change->kind).second;
    }
    if (keep) kept.push_front(std::move(*event));
  }
  const std::size_t folded = events_.size() - kept.size();
  events_ = std::move(kept);
  return folded;
}

}  // namespace rpcnet::core
