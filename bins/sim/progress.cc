// Drawing on standard error, so that standard output stays clean for pipes.
#include "bins/sim/progress.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace rpcnet::bins {

double wall_seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

Progress::Progress() : terminal_(::isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() { clear(); }

void Progress::show(std::uint64_t done, std::uint64_t total, const std::string& words) {
  if (!terminal_) return;
  const double now = wall_seconds();
  if (now - last_ < 0.1 && (done < total || total == 0)) return;
  last_ = now;
  shown_ = true;
  if (total == 0) {
    std::fprintf(stderr, "\r\033[K%s", words.c_str());
    std::fflush(stderr);
    return;
  }
  constexpr std::uint64_t kWidth = 30;
  const std::uint64_t filled = std::min(kWidth, done * kWidth / total);
  const std::string bar(filled, '#');
  const auto percent = static_cast<unsigned>(std::min<std::uint64_t>(100, done * 100 / total));
  std::fprintf(stderr, "\r\033[K[%-30s] %3u%%  %s", bar.c_str(), percent, words.c_str());
  std::fflush(stderr);
}

void Progress::clear() {
  if (shown_) std::fprintf(stderr, "\r\033[K");
  shown_ = false;
}

}  // namespace rpcnet::bins
