// Names and profiles.
#include "tests/experiments/modes.h"

namespace rpcnet::experiments {

const char* to_text(Mode mode) {
  switch (mode) {
    case Mode::ours: return "ours";
    case Mode::swim: return "swim";
    case Mode::memberlist: return "memberlist";
  }
  return "?";
}

std::optional<Mode> parse_mode(std::string_view text) {
  for (const Mode mode : kModes) {
    if (text == to_text(mode)) return mode;
  }
  return std::nullopt;
}

void configure(Mode, NodeConfig&) {}

}  // namespace rpcnet::experiments
