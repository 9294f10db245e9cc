#include "bins/rpcnet/members_table.h"

#include <map>

#include "bins/rpcnet/table.h"
#include "io/log.h"

namespace rpcnet::bins {
namespace {

std::string state_of(const v1::Member& member) {
  switch (member.state()) {
    case v1::Member::ALIVE:
      if (member.degraded()) return "alive, degraded";
      return member.avoided() ? "alive, avoided" : "alive";
    case v1::Member::SUSPECT: return "suspect";
    case v1::Member::DEAD: return "dead";
    case v1::Member::LEFT: return "left";
    default: return "unknown";
  }
}

std::string joined(const auto& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

std::string tags_of(const v1::Member& member) {
  const std::map<std::string, std::string> sorted(member.tags().begin(), member.tags().end());
  std::string text;
  for (const auto& [key, value] : sorted) {
    text += (text.empty() ? "" : ",") + key + "=" + value;
  }
  return text;
}

// 12345 thousandths are "12.3".
std::string tenths(std::uint64_t thousandths) {
  return std::to_string(thousandths / 1000) + "." + std::to_string(thousandths % 1000 / 100);
}

}  // namespace

std::string members_table(const v1::MembersResponse& members, std::size_t width) {
  Table table({"MEMBER", "ADDRESS", "STATE", "INCARNATION", "PHI", "CALLS", "SILENT", "ACCUSED BY",
               "TAGS"});
  for (const v1::Member& member : members.members()) {
    const bool self = member.id() == members.self();
    table.add({member.id() + (self ? " *" : ""), member.address(), state_of(member),
               std::to_string(member.incarnation()), self ? "" : tenths(member.phi_milli()),
               self ? "" : std::to_string(member.active_calls()),
               member.has_silent_ms() ? tenths(member.silent_ms()) + " s" : "",
               joined(member.accusers()), tags_of(member)});
  }
  std::string text = table.text(width);
  if (members.local_health() > 0) {
    text += cut("local health of " + printable(members.self()) + ": " +
                    std::to_string(members.local_health()) + " (0 is well)",
                width) +
            "\n";
  }
  if (!members.partition().empty()) {
    text += cut("partition: " + printable(members.partition()), width) + "\n";
  }
  return text;
}

std::string event_line(const v1::ClusterEvent& event) {
  std::string line = event.kind();
  if (event.has_member()) {
    line += ": " + event.member().id() + " at " + event.member().address() + ", " +
            state_of(event.member()) + ", incarnation " +
            std::to_string(event.member().incarnation());
    const std::string tags = tags_of(event.member());
    if (!tags.empty()) line += ", " + tags;
  }
  if (!event.words().empty()) line += ": " + event.words();
  return printable(line);
}

}  // namespace rpcnet::bins
