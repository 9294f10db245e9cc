// Levels from words, spdlog from levels, and the limiter.
#include "io/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace rpcnet {
namespace {

std::optional<LogLevel> level_of_word(std::string_view word) {
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  if (lower == "off") return LogLevel::off;
  if (lower == "error") return LogLevel::error;
  if (lower == "warn" || lower == "warning") return LogLevel::warn;
  if (lower == "info") return LogLevel::info;
  if (lower == "debug") return LogLevel::debug;
  if (lower == "trace") return LogLevel::trace;
  return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::off: return spdlog::level::off;
    case LogLevel::error: return spdlog::level::err;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::trace: return spdlog::level::trace;
  }
  return spdlog::level::info;
}

// How many bytes the character has that `text` begins with; 0: it is not UTF-8 (RFC 3629 4), or a
// control character.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto lead = byte(0);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7f ? 1 : 0;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const std::size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool control = lead == 0xc2 && byte(1) < 0xa0;
  const bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  return control || overlong ? 0 : size;
}

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view text) {
  std::optional<LogLevel> alone;
  std::optional<LogLevel> of_module;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const std::string_view part = trimmed(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) {
      if (const auto level = level_of_word(part)) alone = level;
    } else if (const auto level = level_of_word(trimmed(part.substr(equals + 1)))) {
      of_module = level;
    }
  }
  return alone ? alone : of_module;
}

bool fancy_output(int file_descriptor) {
  if (isatty(file_descriptor) == 0 || variable("NO_COLOR") != nullptr) return false;
  const char* terminal = variable("TERM");
  return terminal == nullptr || std::string_view(terminal) != "dumb";
}

void set_up_log(LogLevel fallback) {
  const char* wanted = variable("RPCNET_LOG");
  const char* name = "RPCNET_LOG";
  if (wanted == nullptr) {
    wanted = variable("RUST_LOG");
    name = "RUST_LOG";
  }
  const auto level = wanted != nullptr ? parse_log_level(wanted) : std::nullopt;

  const bool fancy = fancy_output(STDERR_FILENO);
  std::shared_ptr<spdlog::logger> logger;
  if (fancy) {
    logger = std::make_shared<spdlog::logger>(
        "rpcnet", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  } else {
    logger = std::make_shared<spdlog::logger>("rpcnet",
                                              std::make_shared<spdlog::sinks::stderr_sink_mt>());
  }
  logger->set_level(spdlog_level(level.value_or(fallback)));
  logger->set_pattern(fancy ? "%H:%M:%S.%e %^%-5l%$ %v" : "%Y-%m-%dT%H:%M:%S.%e %-5l %v");
  logger->flush_on(spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
  if (wanted != nullptr && !level) {
    spdlog::warn("{}={} names no level; expected one of off, error, warn, info, debug, trace", name,
                 wanted);
  }
}

std::string printable(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size == 0) {
      safe += '?';
    } else {
      safe += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return safe;
}

bool LogLimiter::allow(Instant now, std::string_view kind, std::uint64_t& suppressed) {
  auto found = windows_.find(kind);
  if (found == windows_.end()) found = windows_.emplace(std::string(kind), Window{now}).first;
  Window& window = found->second;
  if (now - window.begin >= period_) {
    window.begin = now;
    window.lines = 0;
  }
  if (window.lines >= lines_max_) {
    ++window.suppressed;
    return false;
  }
  ++window.lines;
  suppressed = std::exchange(window.suppressed, 0);
  return true;
}

}  // namespace rpcnet
