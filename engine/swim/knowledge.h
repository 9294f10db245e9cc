// What a claim does: to the table, to the news, to a suspicion, to ourselves.
//
// Claims about others are merged (claim.h), with one caution: a death that we are told of is taken
// as a suspicion until the accused has had two intervals to object to us. Whoever was on the other
// side of a healed partition, or was sick itself, may hold half the cluster dead, and no healthy
// node is to be failed by hearsay (memberlist does the same in its push-pull). A real death costs
// no time: it was suspected here for long when the news of it comes.
//
// Claims about ourselves are never merged. What is worse than, or different from, what we say of
// ourselves at our incarnation or a later one is refuted with the next higher incarnation, which
// only the owner may use (SWIM 4.2). So also a restarted process overtakes its former life: with
// the first incarnation of its next life (incarnation.h).
//
// A member that was cut off from everybody says so when it returns (incarnation.h). It is taken
// back at once for the protocol, and told to the program a moment later, as Degraded, with all that
// return in that moment (SwimConfig::return_wait).
//
// A claim that is older than what we hold of somebody dead or gone is answered with that, or a node
// restarted at incarnation 0 would never learn what it has to overtake (memberlist PR 345).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/swim/claim.h"
#include "engine/swim/core.h"
#include "engine/swim/flaps.h"
#include "engine/swim/message.h"
#include "engine/swim/suspicion.h"
#include "engine/swim/token_bucket.h"

namespace rpcnet::swim {

// A member whose status is another now.
struct Change {
  Slot slot = 0;
  bool crossed = false;  // it came, came back, or is no longer a member
  bool back = false;     // it was dead or gone before
};

// One whose tombstone was forgotten; the slot is free.
struct Forgotten {
  Slot slot = 0;
  Peer peer;
  bool dead = false;  // and had not left
};

// Somebody whose tags, longer than news carries, are later elsewhere than here.
struct Lack {
  Slot slot = 0;
  std::uint64_t version = 0;
};

// Somebody who must be told what we hold of it, at this address.
struct Reminder {
  Slot slot = 0;
  Address address;
};

class Knowledge {
 public:
  Knowledge(Core& core, Suspicions& suspicions, Flaps& flaps);

  // Takes in a living member without news of it: who remembers it was told before.
  void remember(const Member& member);

  // A member spoke: that is a claim to be alive, or to have left. nullopt: the table is full.
  std::optional<Slot> hear(Instant now, const SenderView& sender, MemberStatus status, LinkId link,
                           Outbox& out);

  void apply(Instant now, const UpdateView& update, Outbox& out);

  // Our own probe failed.
  void suspect(Instant now, Slot slot, Outbox& out);

  // The suspicion ran out.
  void declare_dead(Instant now, Slot slot, Outbox& out);

  void set_own_tags(Tags tags);

  // Begins above what a former life said of itself.
  void resume(const Snapshot& former);
  void leave();
  bool left() const { return left_; }

  // Tells who has come back from isolation, all at once.
  void tell_returns(Instant now, Outbox& out);
  std::size_t returning() const { return returning_.size(); }

  // Forgets tombstones that are too old or too many.
  void prune(Instant now);

  // What the claims since the last call have brought about.
  std::vector<Change> take_changes() { return std::exchange(changes_, {}); }
  std::vector<Forgotten> take_forgotten() { return std::exchange(forgotten_, {}); }
  std::vector<Lack> take_lacks() { return std::exchange(lacks_, {}); }
  std::vector<Reminder> take_reminders() { return std::exchange(reminders_, {}); }
  std::vector<Slot> take_accused() { return std::exchange(accused_, {}); }  // by others
  bool take_refuted() { return std::exchange(refuted_, false); }
  bool quiet() const {  // nothing to take
    return changes_.empty() && reminders_.empty() && accused_.empty();
  }

  // A notice that peers can cause, hence limited in number.
  void notice(Instant now, NoticeKind kind, std::string detail, Outbox& out);

 private:
  void apply_liveness(Instant now, Slot slot, Liveness claim,
                      const std::optional<std::string_view>& accuser, Outbox& out);
  void change(Instant now, Slot slot, const Liveness& to, std::optional<NodeId> accuser,
              std::optional<Duration> suspicion_limit, Outbox& out);
  bool returns(Slot slot, const Liveness& to) const;
  bool isolated_since(const Record& held, const Liveness& to, Instant since) const;
  bool was_isolated(Instant now, MemberStatus said) const;
  void set_returning(Instant now, Slot slot, bool returning);
  void note_flap(Instant now, Slot slot, const Liveness& to);
  void confirm(Instant now, Slot slot, const NodeId& accuser);
  bool is_news(const Record& record, const TagsView& tags) const;
  void about_self(Instant now, const UpdateView& update, Outbox& out);
  void remind(Instant now, Slot slot, const Address& address);
  std::optional<Slot> add(Instant now, const NodeId& id, const Liveness& liveness,
                          const std::optional<NodeId>& accuser, const std::optional<TagsView>& tags,
                          Outbox& out);
  void watch_tombstones(Instant now);

  Core& core_;
  Suspicions& suspicions_;
  Flaps& flaps_;
  std::vector<Change> changes_;
  std::vector<Forgotten> forgotten_;
  std::vector<Lack> lacks_;
  std::vector<Reminder> reminders_;
  std::vector<Slot> accused_;
  std::set<Slot> returning_;      // alive again, and not yet told
  std::optional<Instant> moved_;  // when we last had to contradict another address of ours
  TokenBucket moves_;
  TokenBucket remindable_;
  TokenBucket notices_;
  std::optional<Instant> met_;  // when the first member spoke to us
  bool refuted_ = false;
  bool left_ = false;
};

}  // namespace rpcnet::swim
