#include "bins/worker/inference.h"

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

namespace rpcnet::bins {
namespace {

example::GenerateEvent connected(const std::string& label) {
  example::GenerateEvent event;
  event.mutable_connected()->set_worker(label);
  return event;
}

example::GenerateEvent token(std::uint64_t sequence) {
  example::GenerateEvent event;
  event.mutable_token()->set_sequence(sequence);
  event.mutable_token()->set_text("token-" + std::to_string(sequence));
  return event;
}

}  // namespace

Inference::Inference(std::string label, Duration interval)
    : label_(std::move(label)), interval_(interval) {}

asio::awaitable<Status> Inference::generate(ServerCall& call, Requests requests, Events events) {
  if (const Status status = condition(); !status.ok()) co_return status;
  const example::GenerateEvent hello = connected(label_);
  const bool said = co_await events.write(hello);
  if (!said) co_return error(StatusCode::cancelled, "the caller has gone");
  const std::optional<example::GenerateRequest> request = co_await requests.read();
  if (!request || request->next_sequence() == 0) {
    co_return error(StatusCode::invalid_argument,
                    "expected a GenerateRequest with a next_sequence of 1 or more");
  }
  co_return co_await stream(call, events, request->next_sequence());
}

asio::awaitable<Status> Inference::stream(ServerCall& call, Events events, std::uint64_t sequence) {
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
    const example::GenerateEvent next = token(sequence++);
    const bool written = co_await events.write(next);
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
