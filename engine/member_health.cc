// Health in words.
#include "engine/member_health.h"

#include "engine/address.h"

namespace rpcnet {
namespace {

std::string tenths(std::uint64_t milli) {
  return std::to_string(milli / 1000) + '.' + std::to_string(milli % 1000 / 100);
}

std::string in_seconds(Duration span) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
  return tenths(static_cast<std::uint64_t>(ms < 0 ? 0 : ms)) + " s";
}

}  // namespace

std::string to_text(const MemberHealth& health) {
  const Member& member = health.member;
  std::string text = member.id.text() + ' ' + to_text(member.status) + " at " +
                     to_text(member.address) + ", incarnation " +
                     std::to_string(member.incarnation);
  if (!health.accusers.empty()) {
    text += is_member(member.status) ? "; accused by " : "; declared so by ";
    for (std::size_t i = 0; i < health.accusers.size(); ++i) {
      text += (i > 0 ? ", " : "") + health.accusers[i].text();
    }
  }
  if (health.suspicion_left) text += "; dead in " + in_seconds(*health.suspicion_left);
  text += health.silent_for ? "; silent for " + in_seconds(*health.silent_for)
                            : std::string("; never heard directly");
  if (health.samples > 0) text += "; phi " + tenths(health.phi_heard_milli);
  if (health.unanswered_for) {
    text += "; no answer for " + in_seconds(*health.unanswered_for) + ", phi " +
            tenths(health.phi_answered_milli);
  }
  if (is_member(member.status)) {
    if (health.local_health > 0) {
      text += "; says its own health is " + std::to_string(health.local_health);
    }
    text += "; " + std::to_string(health.active_calls) + " calls";
    if (health.degraded) text += "; degraded";
    if (health.avoid) text += "; avoided";
  }
  return text;
}

}  // namespace rpcnet
