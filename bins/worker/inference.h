// The Inference service: a stream of tokens at a steady pace, from the sequence that the caller
// needs next, until the caller goes or this worker can serve no longer.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <set>
#include <string>

#include "bins/inference.rpcnet.h"
#include "engine/instant.h"

namespace rpcnet::bins {

class Inference final : public example::InferenceService {
 public:
  using Requests = ServerReader<example::GenerateRequest>;
  using Events = ServerWriter<example::GenerateEvent>;

  Inference(std::string label, Duration interval);

  asio::awaitable<Status> generate(ServerCall& call, Requests requests, Events events) override;

  // While failed, running streams end as unavailable between two tokens, and new ones are refused.
  void set_failed(bool failed);
  // The same for good, because this worker goes away.
  void drain();
  bool draining() const { return draining_; }

 private:
  asio::awaitable<Status> stream(ServerCall& call, Events events, std::uint64_t sequence);
  // Why this worker does not serve now; ok if it does.
  Status condition() const;
  void wake();

  std::string label_;
  Duration interval_;
  bool failed_ = false;
  bool draining_ = false;
  std::set<asio::steady_timer*> waiting_;  // of the streams that wait for their next token
};

}  // namespace rpcnet::bins
