// What a program tells its user: one line each on standard output, at once, with a symbol in front
// where the terminal can show it. (The library's own log goes to standard error.)
#pragma once

#include <spdlog/fmt/fmt.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "io/log.h"

namespace rpcnet::bins {

enum class Symbols : std::uint8_t {
  automatic,  // only on a terminal, and not with NO_COLOR
  always,
  never,
};

class Console {
 public:
  Console(LogLevel level, Symbols symbols);

  // Where the text is long enough without them, symbols are followed by one space. (Those that are
  // drawn two columns wide but count as one bring another one along.)
  template <typename... Parts>
  void info(std::string_view symbol, fmt::format_string<Parts...> text, Parts&&... parts) const {
    if (level_ >= LogLevel::info) write(symbol, fmt::format(text, std::forward<Parts>(parts)...));
  }
  template <typename... Parts>
  void warn(std::string_view symbol, fmt::format_string<Parts...> text, Parts&&... parts) const {
    if (level_ >= LogLevel::warn) write(symbol, fmt::format(text, std::forward<Parts>(parts)...));
  }
  // Whatever the level.
  void always(std::string_view text) const { write({}, text); }

 private:
  void write(std::string_view symbol, std::string_view text) const;

  LogLevel level_;
  bool symbols_;
};

// One line on standard error, for what ends the program.
void complain(std::string_view program, std::string_view text);

}  // namespace rpcnet::bins
