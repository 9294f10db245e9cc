// The systems that are compared. All are configurations of one engine.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/config.h"

namespace rpcnet::experiments {

enum class Mode : std::uint8_t {
  ours,        // the default configuration
  swim,        // the SWIM paper's protocol (engine/profiles.h, pure_swim)
  memberlist,  // hashicorp/memberlist, LAN profile (engine/profiles.h, memberlist)
};

inline constexpr std::array kModes{Mode::ours, Mode::swim, Mode::memberlist};

const char* to_text(Mode mode);
std::optional<Mode> parse_mode(std::string_view text);

// Makes the node one of that system.
void configure(Mode mode, NodeConfig& config);

// The references speak UDP and know no handshake (MessagesConfig::plain).
constexpr bool has_plain_links(Mode mode) { return mode != Mode::ours; }

}  // namespace rpcnet::experiments
