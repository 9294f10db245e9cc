// A stream that outlives its servers, as its reader sees it: which item comes next, whom to leave
// alone, when to ask again, and how it ends.
//
// Its items are numbered from 1. Each attempt is a call of its own that asks for the items from
// next() on, and whoever answers says which number its first item has. Whatever they do, what is
// delivered is next(), next() + 1, ...: none is missing, none comes twice, and there is one end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/config.h"
#include "engine/ids.h"
#include "engine/instant.h"
#include "engine/rng.h"
#include "engine/status.h"

namespace rpcnet::rpc {

// In the request's metadata: the first item wanted. In the response's: the first that comes.
inline constexpr std::string_view kResumeFrom = "rpcnet-resume-from";

// The number that one of the two says; absent: it says none, or no number from 1 on.
std::optional<std::uint64_t> parse_sequence(const Metadata& metadata);

class Resume {
 public:
  // `first`: 1, or what next() of a former reader was.
  Resume(const ResumeConfig& config, std::uint64_t first);

  // The item to ask for.
  std::uint64_t next() const { return next_; }

  // An attempt begins. Only while there is none and the stream is not over.
  void on_begun();

  // The response begins. A status: the attempt is useless and is to be ended with it.
  std::optional<Status> on_opened(const Metadata& headers);

  // An item of an attempt that has opened. False: it was delivered before and is to be dropped.
  bool on_item();

  // The attempt has ended so; `worker` is where it ran, if that is known. True: so has the stream.
  // False: the next attempt is to begin at begin_at().
  bool on_ended(Instant now, const Status& status, const Metadata& trailers,
                const std::optional<NodeId>& worker, Rng& rng);

  // The stream ends from this side.
  void give_up(Status why);

  bool opened() const { return opened_; }
  Instant begin_at() const { return begin_at_; }
  // How long the reader is to wait for what comes next of the attempt; absent: for ever.
  std::optional<Duration> patience() const;
  // What became of an attempt that took longer.
  Status too_slow() const;

  // The status that the stream ended with; absent: it goes on.
  const std::optional<Status>& end() const { return end_; }
  // Attempts that had opened and did not last to the end.
  std::uint64_t failovers() const { return failovers_; }
  // The workers lost of late, to be chosen last; the latest is the last.
  std::vector<NodeId> lost(Instant now) const;

 private:
  struct Lost {
    NodeId worker;
    Instant until;
  };

  Status judged(const Status& status) const;

  ResumeConfig config_;
  std::uint64_t next_;
  std::uint64_t at_ = 0;  // the number of the attempt's next item
  bool running_ = false;
  bool opened_ = false;
  bool useless_ = false;         // the attempt, though others may do
  std::uint32_t fruitless_ = 0;  // attempts since the last item
  std::uint64_t failovers_ = 0;
  Instant begin_at_{};
  std::vector<Lost> lost_;
  std::optional<Status> end_;
};

}  // namespace rpcnet::rpc
