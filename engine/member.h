// What one node knows of one member, as the application sees it, and the events of its life.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/address.h"
#include "engine/ids.h"

namespace rpcnet {

// A member's own words about itself: role=worker, gpu=true, zone=eu-1. Only the member sets them.
using Tags = std::map<std::string, std::string>;

enum class MemberStatus : std::uint8_t {
  alive,
  suspect,  // accused and not yet refuted: still a member, avoided by the balancer
  dead,     // the suspicion ran out (SWIM 4.2 "confirm"): no longer a member
  left,     // said farewell itself: no longer a member
};

// In the order of precedence at equal incarnations (SWIM 4.2): the later wins.
constexpr bool is_member(MemberStatus status) {
  return status == MemberStatus::alive || status == MemberStatus::suspect;
}

struct Member {
  NodeId id;
  Address address;
  MemberStatus status{};
  Incarnation incarnation = 0;
  std::uint64_t tags_version = 0;
  Tags tags;

  friend bool operator==(const Member&, const Member&) = default;
};

// A member where it stands, not copied; valid while it is shown.
struct MemberView {
  const NodeId& id;
  const Address& address;
  MemberStatus status{};
  Incarnation incarnation = 0;
  std::uint64_t tags_version = 0;
  const Tags& tags;

  Member copy() const { return {id, address, status, incarnation, tags_version, tags}; }
};

enum class MemberEventKind : std::uint8_t {
  joined,        // unknown, or it had left (also if it was taken for failed), and now alive
  left,          // said farewell
  failed,        // its suspicion ran out
  recovered,     // was failed and refuted it, or came back after a restart
  tags_changed,  // its tags carry a newer version
  degraded,      // several accuse it and it refutes them, again and again: a member, without work
  restored,      // no longer degraded
};

struct MemberEvent {
  MemberEventKind kind{};
  Member member;  // as it is after the event
};

// Several members failed in one step: told after the NodeFailed of each, at the same instant.
struct MembersCut {
  std::vector<NodeId> members;  // two or more
};

// Which side of a partition this node is on, by the members that it reaches, itself among them.
enum class PartitionSide : std::uint8_t { minority, half, majority };

// A large part of the cluster has been out of reach for PartitionConfig::grace. Told again when
// this node finds itself on another side.
struct PartitionDetected {
  std::size_t reachable = 0;
  std::size_t known = 0;  // members before it began, less those that have left since
  PartitionSide side{};
  // This side is the one that goes on under PartitionPolicy::keep_majority: the majority, or the
  // half that has the lowest name of all.
  bool quorum = false;
};

// The lost have come back, or are given up (PartitionConfig::memory): no partition any more.
struct PartitionHealed {
  std::size_t reachable = 0;
  std::size_t known = 0;
};

const char* to_text(MemberStatus status);

// The chapter's names: NodeJoined, NodeLeft, NodeFailed, NodeRecovered, NodeTagsUpdated; and
// NodeDegraded, NodeRestored.
const char* to_text(MemberEventKind kind);

const char* to_text(PartitionSide side);

// "3 of 10 members are within reach (minority)", and what that means where it is not plain.
std::string to_text(const PartitionDetected& partition);

}  // namespace rpcnet
