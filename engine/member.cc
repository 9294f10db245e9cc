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
  }
  return "unknown";
}

}  // namespace rpcnet
