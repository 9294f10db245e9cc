// The library's log: spdlog's default logger, set up from the environment.
//
// Without set_up_log the application's own default logger is used as it is.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/instant.h"

namespace rpcnet {

enum class LogLevel : std::uint8_t { off, error, warn, info, debug, trace };

// "info", or in Rust's style "rpcnet=debug,info": the last level that stands alone counts, else the
// last of any module. nullopt: no level in it.
std::optional<LogLevel> parse_log_level(std::string_view text);

// Level from RPCNET_LOG, else RUST_LOG, else `fallback`; lines to standard error.
void set_up_log(LogLevel fallback = LogLevel::warn);

// May lines carry colours and symbols? Only on a terminal, and not with NO_COLOR or TERM=dumb.
bool fancy_output(int file_descriptor);

// A peer's words for a log or a terminal: what could write lines, colours or commands of its own
// (control characters, those of ISO 6429's second set, bytes that are no UTF-8) becomes '?'.
std::string printable(std::string_view text);

// Lets so many lines of a kind through in each period and counts the rest.
class LogLimiter {
 public:
  explicit LogLimiter(std::uint32_t lines_max = 5, Duration period = std::chrono::seconds(10))
      : lines_max_(lines_max), period_(period) {}

  // May a line of this kind be written now? If so, `suppressed` is how many were not since then.
  bool allow(Instant now, std::string_view kind, std::uint64_t& suppressed);

 private:
  struct Window {
    Instant begin{};
    std::uint32_t lines = 0;
    std::uint64_t suppressed = 0;
  };
  std::uint32_t lines_max_;
  Duration period_;
  std::map<std::string, Window, std::less<>> windows_;  // kinds are few and ours
};

}  // namespace rpcnet
