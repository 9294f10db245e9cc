// Modes of membership by name. A mode is its numbers: the machine has no other switch.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "engine/config.h"

namespace rpcnet {

struct Profile {
  SwimConfig swim{};
  PhiConfig phi{};
};

// One data centre: round trips of a few milliseconds. The defaults of config.h.
Profile lan();

// Several regions: round trips of up to some hundred milliseconds, more loss.
Profile wan();

// One machine, or a test bench: nothing but this machine's own scheduling is slow.
Profile local();

// SWIM as published (DSN 2002), with suspicion and the shuffled round (4.2, 4.3), to be compared
// with: no local health, no confirmations, no rings, no Phi, fixed times.
Profile pure_swim();

// hashicorp/memberlist's LAN profile (1b4c746) with its formulas and its quirks, to be compared
// with. What is not its own: the messages, of which each names its sender and incarnation.
Profile memberlist();

// By the names above: "lan", "wan", ... nullopt: no such profile.
std::optional<Profile> find_profile(std::string_view name);
std::vector<std::string_view> profile_names();

}  // namespace rpcnet
