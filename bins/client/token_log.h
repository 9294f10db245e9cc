// What became of the tokens: none missing, none twice, and how long the longest wait was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/instant.h"

namespace rpcnet::bins {

class TokenLog {
 public:
  // A token arrived.
  void observe(Instant now, std::uint64_t sequence);
  // A stream that had begun was lost.
  void observe_failover() { ++failovers_; }
  // Nothing follows: the wait since the last token counts too.
  void end(Instant now);

  std::uint64_t tokens() const { return tokens_; }
  bool whole() const { return gaps_ == 0 && duplicates_ == 0; }

  // "client: tokens=N gaps=0 duplicates=0 failovers=F longest_gap_ms=M"
  std::string summary() const;

 private:
  std::uint64_t next_ = 1;
  std::uint64_t tokens_ = 0;
  std::uint64_t gaps_ = 0;        // sequences that were passed over
  std::uint64_t duplicates_ = 0;  // tokens that had come before
  std::uint64_t failovers_ = 0;
  std::optional<Instant> last_;
  Duration longest_gap_{};
};

}  // namespace rpcnet::bins
