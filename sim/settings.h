// The numbers of a plan by the names that files give them: one table for reading, printing and
// shrinking them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "sim/plan.h"

namespace rpcnet::sim {

struct Setting {
  std::string_view section;  // "" at the top of the file
  std::string_view key;
  std::int64_t (*get)(const Plan&);
  void (*set)(Plan&, std::int64_t);
  std::int64_t lowest;
  std::int64_t highest;
  // What is as good as not there: a part that is off, a limit that nobody meets.
  std::int64_t simplest;

  bool is_named(std::string_view name) const;  // "section.key", or "key" at the top
};

// In the order of a printed plan.
std::span<const Setting> settings();

}  // namespace rpcnet::sim
