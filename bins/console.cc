#include "bins/console.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace rpcnet::bins {
namespace {

// One system call a line, so that lines of several programs on one terminal do not mix.
void write_all(int file_descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file_descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody reads: no reason to stop working
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

Console::Console(LogLevel level, Symbols symbols)
    : level_(level),
      symbols_(symbols == Symbols::automatic ? fancy_output(STDOUT_FILENO)
                                             : symbols == Symbols::always) {}

void Console::write(std::string_view symbol, std::string_view text) const {
  std::string line;
  if (symbols_ && !symbol.empty()) line.append(symbol).append(" ");
  // Labels, prompts and errors come from other processes.
  line.append(printable(text)).append("\n");
  write_all(STDOUT_FILENO, line);
}

void complain(std::string_view program, std::string_view text) {
  std::string words(text);
  std::replace(words.begin(), words.end(), '\n', ' ');
  const std::string line = std::string(program) + ": " + printable(words) + "\n";
  write_all(STDERR_FILENO, line);
}

}  // namespace rpcnet::bins
