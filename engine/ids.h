// The names of things: nodes, links, streams, calls. Strong types, so that one is never taken for
// another.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rpcnet {

// A member's name, unique in its cluster and bound to its certificate (DESIGN section 3).
// 1 to 64 characters of [a-z0-9._-]. Apart from the address: a node may move.
class NodeId {
 public:
  static constexpr std::size_t kMaxSize = 64;

  // nullopt: empty, too long, or a character outside [a-z0-9._-].
  static std::optional<NodeId> parse(std::string_view text) {
    return valid(text) ? std::optional(NodeId(std::string(text))) : std::nullopt;
  }

  static constexpr bool valid(std::string_view text) {
    if (text.empty() || text.size() > kMaxSize) return false;
    for (const char c : text) {
      if (!kAllowed[static_cast<unsigned char>(c)]) return false;
    }
    return true;
  }

  const std::string& text() const { return text_; }

  friend auto operator<=>(const NodeId&, const NodeId&) = default;

 private:
  static constexpr std::array<bool, 256> kAllowed = [] {
    std::array<bool, 256> allowed{};
    for (unsigned char c = 'a'; c <= 'z'; ++c) allowed[c] = true;
    for (unsigned char c = '0'; c <= '9'; ++c) allowed[c] = true;
    for (const char c : {'.', '_', '-'}) allowed[static_cast<unsigned char>(c)] = true;
    return allowed;
  }();

  explicit NodeId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// How often a member has renewed its claim to be alive. Only the member itself raises it
// (SWIM 4.2). Starts at 0 with the process; a restarted member overtakes what the cluster remembers
// of its former life by refuting it.
using Incarnation = std::uint64_t;

// One transport connection, as one engine numbers it. Even: dialled by this engine, which chose
// the number. Odd: accepted by the transport, which chose it. Never used twice in a process.
struct LinkId {
  std::uint64_t value = 0;
  constexpr bool dialled() const { return value % 2 == 0; }
  friend auto operator<=>(const LinkId&, const LinkId&) = default;
};

// A bidirectional stream of one link, numbered as in QUIC (RFC 9000 2.1): 4n was opened by the
// side that dialled, 4n + 1 by the side that accepted. Both ends use the same number.
struct StreamId {
  std::uint64_t value = 0;
  constexpr bool opened_by_dialler() const { return value % 4 == 0; }
  friend auto operator<=>(const StreamId&, const StreamId&) = default;
};

// One call, as one engine numbers it. Odd: an outgoing call, numbered by the application side.
// Even: an incoming call, numbered by the engine. Never used twice in a process.
struct CallId {
  std::uint64_t value = 0;
  constexpr bool outgoing() const { return value % 2 == 1; }
  friend auto operator<=>(const CallId&, const CallId&) = default;
};

}  // namespace rpcnet
