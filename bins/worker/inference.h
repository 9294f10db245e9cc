// The Inference service: a stream of tokens at a steady pace, from the sequence that the caller
// needs next, until the caller goes or this worker can serve no longer.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <set>

#include "bins/inference.rpcnet.h"
#include "engine/instant.h"

namespace rpcnet::bins {

class Inference final : public example::InferenceService {
 public:
  explicit Inference(Duration interval) : interval_(interval) {}

  asio::awaitable<Status> generate(ServerCall& call, example::GenerateRequest request,
                                   ServerWriter<example::Token> writer) override;

  // While failed, running streams end as unavailable between two tokens, and new ones are refused.
  void set_failed(bool failed);
  // The same for good, because this worker goes away.
  void drain();
  bool draining() const { return draining_; }

 private:
  // Why this worker does not serve now; ok if it does.
  Status condition() const;
  void wake();

  Duration interval_;
  bool failed_ = false;
  bool draining_ = false;
  std::set<asio::steady_timer*> waiting_;  // of the streams that wait for their next token
};

}  // namespace rpcnet::bins
