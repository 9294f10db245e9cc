// Which members are meant: all of a list of key=value conditions on their tags.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/member.h"

namespace rpcnet {

struct TagFilter {
  std::vector<std::pair<std::string, std::string>> equal;  // empty: everybody

  bool matches(const Tags& tags) const;
  friend bool operator==(const TagFilter&, const TagFilter&) = default;
};

// "role=worker" or "role=worker,zone=eu-1"; an empty text matches everybody. nullopt: a part
// without '=' or with an empty key.
std::optional<TagFilter> parse_tag_filter(std::string_view text);

}  // namespace rpcnet
