// Names and profiles.
#include "tests/experiments/modes.h"

#include "engine/profiles.h"

namespace rpcnet::experiments {

const char* to_text(Mode mode) {
  switch (mode) {
    case Mode::ours: return "ours";
    case Mode::swim: return "swim";
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
  const Profile profile = pure_swim();
  config.swim = profile.swim;
  config.phi = profile.phi;
}

}  // namespace rpcnet::experiments
