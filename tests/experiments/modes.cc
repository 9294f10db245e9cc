// Names and profiles.
#include "tests/experiments/modes.h"

#include "engine/profiles.h"

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

void configure(Mode mode, NodeConfig& config) {
  if (mode == Mode::ours) return;
  Profile profile = mode == Mode::swim ? pure_swim() : memberlist();
  if (mode == Mode::swim) {
    // The paper knows neither of these, and its links need no handshake.
    profile.swim.reminders = false;
    profile.swim.stalls_subtracted = false;
    profile.swim.handshake_allowance = false;
  }
  config.swim = profile.swim;
  config.phi = profile.phi;
}

}  // namespace rpcnet::experiments
