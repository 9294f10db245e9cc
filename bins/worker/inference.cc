#include "bins/worker/inference.h"

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "bins/codec.h"
#include "bins/inference.pb.h"

namespace rpcnet::bins {
namespace {

Bytes connected(const std::string& label) {
  example::GenerateEvent event;
  event.mutable_connected()->set_worker(label);
  return pack(event);
}

Bytes token(std::uint64_t sequence) {
  example::GenerateEvent event;
  event.mutable_token()->set_sequence(sequence);
  event.mutable_token()->set_text("token-" + std::to_string(sequence));
  return pack(event);
}

}  // namespace

Inference::Inference(std::string label, Duration interval)
    : label_(std::move(label)), interval_(interval) {}

asio::awaitable<Status> Inference::generate(ServerCall& call) {
  if (const Status status = condition(); !status.ok()) co_return status;
  Bytes hello = connected(label_);
  const bool said = co_await call.write(std::move(hello));
  if (!said) co_return error(StatusCode::cancelled, "the caller has gone");
  const std::optional<Bytes> message = co_await call.read();
  if (!message) co_return error(StatusCode::invalid_argument, "no GenerateRequest came");
  const auto request = unpack<example::GenerateRequest>(*message);
  if (!request || request->next_sequence() == 0) {
    co_return error(StatusCode::invalid_argument,
                    "expected a GenerateRequest with a next_sequence of 1 or more");
  }
  co_return co_await stream(call, request->next_sequence());
}

asio::awaitable<Status> Inference::stream(ServerCall& call, std::uint64_t sequence) {
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
    Bytes next = token(sequence++);
    const bool written = co_await call.write(std::move(next));
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
