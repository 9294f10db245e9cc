// Validation of node names.
#include "engine/ids.h"

#include <algorithm>

namespace rpcnet {

std::optional<NodeId> NodeId::parse(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  if (text.empty() || text.size() > kMaxSize) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), allowed)) return std::nullopt;
  return NodeId(std::string(text));
}

}  // namespace rpcnet
