// Reading scenario and plan files (TOML), and finding them by name.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario.h"

namespace rpcnet::bins {

// nullopt: `error` says what and where. Of a text, `file` is what it is called.
std::optional<sim::Scenario> read_scenario(const std::filesystem::path& file, std::string& error);
std::optional<sim::Scenario> parse_scenario(std::string_view text,
                                            const std::filesystem::path& file, std::string& error);

// "FILE:LINE: what is wrong".
std::string describe(const std::filesystem::path& file, const sim::Problem& problem);

// A path to a file, or the name of one in sim/scenarios of this checkout or installation.
std::optional<std::filesystem::path> find_scenario(const std::string& name);

// All that have a name.
std::vector<std::filesystem::path> named_scenarios();

}  // namespace rpcnet::bins
