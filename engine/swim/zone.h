// Where a member says that it is: its tag `zone`. What crosses zones is slower, and paid for.
#pragma once

#include <string>

#include "engine/swim/membership.h"

namespace rpcnet::swim {

// nullptr: it does not say.
inline const std::string* zone_of(const Record& record) {
  static const std::string kKey = "zone";
  const auto found = record.tags().find(kKey);
  return found == record.tags().end() ? nullptr : &found->second;
}

// Who does not say is everywhere.
inline bool same_zone(const Record& a, const Record& b) {
  const std::string* one = zone_of(a);
  const std::string* other = zone_of(b);
  return one == nullptr || other == nullptr || *one == *other;
}

}  // namespace rpcnet::swim
