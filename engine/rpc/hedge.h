// When a call that has no answer yet is made once more, beside the first (gRFC A6, "hedging").
//
// Attempts run side by side, at different workers where there are several; the first answer wins
// and whoever drives this cancels the others. Only for methods that may be executed twice. The
// budget is the one of retries: when most calls fail, none is made twice.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/config.h"
#include "engine/instant.h"
#include "engine/rpc/retry.h"
#include "engine/status.h"

namespace rpcnet::rpc {

// The attempts of one call.
class Hedge {
 public:
  // The budget must outlive this.
  Hedge(const HedgeConfig& config, RetryBudget& budget) : config_(config), budget_(budget) {}

  // An attempt has begun.
  void on_begun(Instant now);

  // When another attempt is to begin, if no answer has come by then; absent: none will.
  std::optional<Instant> due() const;

  // An attempt has ended so. True: that is the call's end, and the other attempts are of no use.
  bool on_ended(Instant now, const Status& status, const Metadata& trailers);

 private:
  HedgeConfig config_;
  RetryBudget& budget_;
  std::uint32_t begun_ = 0;
  std::uint32_t running_ = 0;
  bool stopped_ = false;  // the callee asked to be left alone
  Instant next_{};
};

}  // namespace rpcnet::rpc
