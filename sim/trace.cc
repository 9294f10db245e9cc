// Hashing the lines of a run.
#include "sim/trace.h"

#include <algorithm>
#include <bit>
#include <string_view>
#include <variant>

#include "engine/command.h"
#include "engine/hash.h"
#include "engine/output.h"
#include "engine/transport.h"

namespace rpcnet::sim {
namespace {

std::string hex(std::uint64_t value) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 0; i < 16; ++i) text[15 - i] = kDigits[(value >> (4 * i)) & 0xf];
  return text;
}

const char* name_of(const TraceLine& line) {
  static constexpr std::array kFacts{
      "link-up",      "link-down",   "datagram",       "datagram-limit", "stream-data",
      "stream-reset", "stream-stop", "stream-drained", "streams-allowed"};
  static constexpr std::array kOrders{
      "connect",      "close-link",  "send-datagram",  "write-stream",
      "reset-stream", "stop-stream", "consume-stream", "watch-drain"};
  static constexpr std::array kCommands{
      "join",        "leave",         "change-tags",      "start-call",   "send-message",
      "half-close",  "cancel-call",   "consume-messages", "send-headers", "finish-call",
      "stop-accept", "open-registry", "select-worker",    "release-worker",
      "update-roster", "close-drained", "count-elsewhere"};
  static constexpr std::array kEvents{
      "call-arrived",  "message-arrived", "caller-half-closed", "headers-arrived",
      "call-finished", "call-aborted",    "call-writable",      "member-event",
      "members-cut",   "partition-found", "partition-healed",   "joined",
      "join-refused",  "leave-completed", "worker-selected",    "notice"};
  static_assert(kFacts.size() == std::variant_size_v<Fact>);
  static_assert(kOrders.size() == std::variant_size_v<Order>);
  static_assert(kCommands.size() == std::variant_size_v<Command>);
  static_assert(kEvents.size() == std::variant_size_v<Event>);
  const auto pick = [&](const auto& names) {
    return line.detail < names.size() ? names[line.detail] : "?";
  };
  switch (line.kind) {
    case TraceKind::started: return "started";
    case TraceKind::stopped: return "stopped";
    case TraceKind::fact: return pick(kFacts);
    case TraceKind::command: return pick(kCommands);
    case TraceKind::deadline: return "deadline";
    case TraceKind::unreachable: return "unreachable";
    case TraceKind::order: return pick(kOrders);
    case TraceKind::event: return pick(kEvents);
    case TraceKind::fault: return "fault";
    case TraceKind::datagram: return line.detail == 0 ? "udp" : "udp-lost";
  }
  return "?";
}

const char* direction_of(TraceKind kind) {
  switch (kind) {
    case TraceKind::fact:
    case TraceKind::command:
    case TraceKind::deadline:
    case TraceKind::unreachable: return "in ";
    case TraceKind::order:
    case TraceKind::event:
    case TraceKind::datagram: return "out";
    default: return "   ";
  }
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

}  // namespace

std::string to_text(const TraceHash& hash) { return hex(hash.high) + hex(hash.low); }

std::string to_text(const TraceLine& line) {
  const auto nanos = line.at.time_since_epoch().count();
  std::string fraction = std::to_string(nanos % 1'000'000'000);
  fraction.insert(0, 9 - fraction.size(), '0');
  return padded(std::to_string(nanos / 1'000'000'000), 5) + '.' + fraction + "  host " +
         padded(std::to_string(line.host), 4) + "  " + direction_of(line.kind) + ' ' +
         name_of(line) + "  payload=" + hex(line.payload) +
         " outcome=" + std::to_string(line.outcome);
}

void Trace::add(const TraceLine& line) {
  if (lines_ >= watch_from_ && lines_ < watch_to_) watched_.push_back(to_text(line));
  tail_[lines_ % kTail] = line;
  const auto time = static_cast<std::uint64_t>(line.at.time_since_epoch().count());
  const std::uint64_t who = (static_cast<std::uint64_t>(line.host) << 16) |
                            (static_cast<std::uint64_t>(line.kind) << 8) | line.detail;
  high_ = fold(high_ ^ time, who + 0x9e3779b97f4a7c15) + std::rotl(low_, 23);
  low_ = fold(low_ ^ line.payload, (line.outcome + lines_) ^ 0xa0761d6478bd642f) + high_;
  if (++lines_ % kCheckpointEvery == 0) checkpoints_.push_back(hash());
}

void Trace::watch(std::uint64_t from, std::uint64_t to) {
  watch_from_ = from;
  watch_to_ = to;
}

std::vector<TraceLine> Trace::tail() const {
  std::vector<TraceLine> lines;
  const std::uint64_t first = lines_ > kTail ? lines_ - kTail : 0;
  for (std::uint64_t i = first; i < lines_; ++i) lines.push_back(tail_[i % kTail]);
  return lines;
}

}  // namespace rpcnet::sim
