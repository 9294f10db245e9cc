// Names of transport outcomes, and the certificate pattern rule.
#include "engine/transport.h"

#include <string_view>

namespace rpcnet {

bool PeerIdentity::covers(const NodeId& id) const {
  const std::string_view pattern = node;
  if (pattern.empty()) return false;
  if (pattern.back() != '*') return pattern == id.text();
  return id.text().starts_with(pattern.substr(0, pattern.size() - 1));
}

bool hints_at_trouble(LinkEnd end) {
  return end == LinkEnd::reset || end == LinkEnd::silent || end == LinkEnd::unreachable ||
         end == LinkEnd::transport_error;
}

bool LinkDown::is_refusal() const {
  if (end != LinkEnd::refused_by_us && end != LinkEnd::refused_by_peer) return false;
  // Another node than the one that was meant may have the address of one that moved.
  return code != static_cast<std::uint64_t>(CloseCode::overloaded) &&
         code != static_cast<std::uint64_t>(CloseCode::wrong_node);
}

const char* to_text(LinkEnd end) {
  switch (end) {
    case LinkEnd::closed_by_peer: return "closed by peer";
    case LinkEnd::refused_by_peer: return "refused by peer";
    case LinkEnd::refused_by_us: return "refused by us";
    case LinkEnd::idle: return "idle";
    case LinkEnd::silent: return "silent";
    case LinkEnd::reset: return "reset by a restarted peer";
    case LinkEnd::unreachable: return "unreachable";
    case LinkEnd::handshake_timeout: return "handshake timeout";
    case LinkEnd::transport_error: return "transport error";
    case LinkEnd::local_limit: return "local limit";
  }
  return "unknown";
}

const char* to_text(Protocol protocol) { return protocol == Protocol::rpc ? "rpc" : "gossip"; }

const char* to_text(CloseCode code) {
  switch (code) {
    case CloseCode::none: return "no more use";
    case CloseCode::leaving: return "leaving";
    case CloseCode::shutdown: return "shutdown";
    case CloseCode::protocol_error: return "protocol error";
    case CloseCode::no_certificate: return "no certificate";
    case CloseCode::wrong_cluster: return "wrong cluster";
    case CloseCode::wrong_node: return "wrong node";
    case CloseCode::overloaded: return "overloaded";
    case CloseCode::duplicate_node: return "duplicate node";
    case CloseCode::drained: return "drained";
  }
  return "unknown code";
}

}  // namespace rpcnet
