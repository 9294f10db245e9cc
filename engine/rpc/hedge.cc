// Attempts side by side.
#include "engine/rpc/hedge.h"

#include <algorithm>

namespace rpcnet::rpc {

void Hedge::on_begun(Instant now) {
  ++begun_;
  ++running_;
  next_ = now + config_.delay;
}

std::optional<Instant> Hedge::due() const {
  if (stopped_ || begun_ == 0 || begun_ >= config_.attempts_max || !budget_.allows()) {
    return std::nullopt;
  }
  return next_;
}

bool Hedge::on_ended(Instant now, const Status& status, const Metadata& trailers) {
  --running_;
  if (!is_transient(status.code)) {
    if (status.ok()) budget_.on_success();
    return true;
  }
  if (!is_free(status, trailers)) budget_.on_failure();
  // A failure makes room for the next attempt at once, unless the callee says when, or never.
  const PushBack push_back = push_back_of(trailers);
  stopped_ = stopped_ || push_back.never;
  next_ = now + push_back.wait.value_or(Duration::zero());
  return running_ == 0 && !due();
}

}  // namespace rpcnet::rpc
