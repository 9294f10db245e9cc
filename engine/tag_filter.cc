// Parsing and matching of tag filters.
#include "engine/tag_filter.h"

#include <algorithm>

namespace rpcnet {

bool TagFilter::matches(const Tags& tags) const {
  return std::all_of(equal.begin(), equal.end(), [&tags](const auto& condition) {
    const auto found = tags.find(condition.first);
    return found != tags.end() && found->second == condition.second;
  });
}

std::optional<TagFilter> parse_tag_filter(std::string_view text) {
  TagFilter filter;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto part = text.substr(0, comma);
    const auto equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0) return std::nullopt;
    filter.equal.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    if (comma + 1 == text.size()) return std::nullopt;  // a trailing comma
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return filter;
}

}  // namespace rpcnet
