// Names of member states and events.
#include "engine/member.h"

namespace rpcnet {

const char* to_text(MemberStatus status) {
  switch (status) {
    case MemberStatus::alive: return "alive";
    case MemberStatus::suspect: return "suspect";
    case MemberStatus::dead: return "dead";
    case MemberStatus::left: return "left";
  }
  return "unknown";
}

const char* to_text(MemberEventKind kind) {
  switch (kind) {
    case MemberEventKind::joined: return "NodeJoined";
    case MemberEventKind::left: return "NodeLeft";
    case MemberEventKind::failed: return "NodeFailed";
    case MemberEventKind::recovered: return "NodeRecovered";
    case MemberEventKind::tags_changed: return "NodeTagsUpdated";
    case MemberEventKind::degraded: return "NodeDegraded";
    case MemberEventKind::restored: return "NodeRestored";
  }
  return "unknown";
}

const char* to_text(PartitionSide side) {
  switch (side) {
    case PartitionSide::minority: return "minority";
    case PartitionSide::half: return "half";
    case PartitionSide::majority: return "majority";
  }
  return "?";
}

std::string to_text(const PartitionDetected& partition) {
  std::string text = std::to_string(partition.reachable) + " of " +
                     std::to_string(partition.known) + " members are within reach (" +
                     to_text(partition.side);
  if (partition.side == PartitionSide::half) {
    text += partition.quorum ? ", with the lowest name" : ", without the lowest name";
  }
  return text + ")";
}

}  // namespace rpcnet
