// What can be said about a member, and which of two sayings holds: the merge rules.
//
// Two parts that change apart: liveness (alive, suspect, dead, left, and where) and tags. Each is
// totally ordered and merging takes the greater, so merging is commutative, associative and
// idempotent by construction: in whatever order, however often news arrives, all views end equal.
// (rpcnet let the last arrival win at equal incarnations, so views depended on the order of
// messages.)
//
// The order of liveness: the incarnation first, which only the member itself raises; then the
// status, in the precedence of SWIM 4.2; then the address, which decides nothing of substance but
// must be decided alike everywhere.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

#include "engine/address.h"
#include "engine/ids.h"
#include "engine/member.h"

namespace rpcnet::swim {

struct Liveness {
  Incarnation incarnation = 0;
  MemberStatus status{};
  Address address;

  friend auto operator<=>(const Liveness&, const Liveness&) = default;
};

// A member's words about itself. Only it raises the version.
struct TagSet {
  std::uint64_t version = 0;
  Tags tags;

  friend auto operator<=>(const TagSet&, const TagSet&) = default;
};

struct State {
  Liveness liveness;
  TagSet tags;

  friend bool operator==(const State&, const State&) = default;
};

// The lesser state that both `a` and `b` are contained in.
State merge(const State& a, const State& b);

// News of one member as it travels. Tags never travel without the liveness of whom they describe,
// so that whoever hears them first knows whom they mean.
struct Update {
  NodeId id;
  Liveness liveness;
  std::optional<NodeId> accuser;  // of a suspect or dead one
  std::optional<TagSet> tags;
  std::optional<std::uint64_t> tags_at{};  // instead: the version that the teller has

  friend bool operator==(const Update&, const Update&) = default;
};

}  // namespace rpcnet::swim
