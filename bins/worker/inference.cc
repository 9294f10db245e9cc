#include "bins/worker/inference.h"

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

namespace rpcnet::bins {
namespace {

example::Token token(std::uint64_t sequence) {
  example::Token made;
  made.set_sequence(sequence);
  made.set_text("token-" + std::to_string(sequence));
  return made;
}

}  // namespace

asio::awaitable<Status> Inference::generate(ServerCall& call, example::GenerateRequest,
                                            ServerWriter<example::Token>) {
  if (Status status = condition(); !status.ok()) co_return status;
  ResumableWriter<example::Token> tokens(call);
  asio::steady_timer timer(co_await asio::this_coro::executor);
  // A handler may be cancelled while it waits; the registration must go with its frame.
  struct Registration {
    std::set<asio::steady_timer*>& all;
    asio::steady_timer* own;
    ~Registration() { all.erase(own); }
  };
  waiting_.insert(&timer);
  const Registration registration{waiting_, &timer};

  auto due = asio::steady_timer::clock_type::now();
  while (true) {
    if (Status status = condition(); !status.ok()) co_return status;
    const example::Token next = token(tokens.next());
    const bool written = co_await tokens.write(next);
    if (!written) co_return error(StatusCode::cancelled, "the caller has gone");
    // After a caller that was slow the pace begins anew; tokens never come in a burst.
    due = std::max(due + interval_, asio::steady_timer::clock_type::now());
    timer.expires_at(due);
    asio::error_code woken_early;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken_early));
    if (call.cancelled()) co_return error(StatusCode::cancelled, "the caller has gone");
  }
}

void Inference::set_failed(bool failed) {
  failed_ = failed;
  wake();
}

void Inference::drain() {
  draining_ = true;
  wake();
}

Status Inference::condition() const {
  if (draining_) return error(StatusCode::unavailable, "draining");
  if (failed_) return error(StatusCode::unavailable, "simulated failure");
  return {};
}

void Inference::wake() {
  for (asio::steady_timer* timer : waiting_) timer->cancel();
}

}  // namespace rpcnet::bins
