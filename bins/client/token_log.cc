#include "bins/client/token_log.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace rpcnet::bins {

void TokenLog::observe(Instant now, std::uint64_t sequence) {
  ++tokens_;
  if (sequence < next_) {
    ++duplicates_;
  } else {
    gaps_ += sequence - next_;
    next_ = sequence + 1;
  }
  end(now);
  last_ = now;
}

void TokenLog::end(Instant now) {
  if (last_) longest_gap_ = std::max(longest_gap_, now - *last_);
}

std::string TokenLog::summary() const {
  const auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(longest_gap_);
  return fmt::format("client: tokens={} gaps={} duplicates={} failovers={} longest_gap_ms={}",
                     tokens_, gaps_, duplicates_, failovers_, longest.count());
}

}  // namespace rpcnet::bins
