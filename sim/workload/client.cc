// The client's two loops: sessions and unary calls.
#include "sim/workload/client.h"

#include <algorithm>
#include <chrono>

namespace rpcnet::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What a timer is for; tokens above are the unary call to give up.
constexpr std::uint64_t kSession = 1;
constexpr std::uint64_t kRetry = 2;
constexpr std::uint64_t kEchoTime = 3;
constexpr std::uint64_t kCancel = 16;

// Purposes of draws.
constexpr std::uint64_t kDrawSize = 1;
constexpr std::uint64_t kDrawCancel = 2;
constexpr std::uint64_t kDrawPhase = 3;

}  // namespace

void Client::start(ProgramContext& context) {
  // Apart from each other, as real clients are.
  const auto phase = [&](std::uint64_t which, std::int64_t period) {
    const auto bound = static_cast<std::uint64_t>(std::max<std::int64_t>(period, 1));
    return milliseconds(context.draw(kDrawPhase, which, bound));
  };
  if (workload_.tokens > 0) context.wake(seconds(2) + phase(0, 1000), kSession);
  if (workload_.echo_ms > 0) context.wake(seconds(2) + phase(1, workload_.echo_ms), kEchoTime);
}

void Client::on_timer(ProgramContext& context, std::uint64_t token) {
  if (token == kSession) {
    begin_session(context);
  } else if (token == kRetry) {
    if (in_session_ && !assigning_ && !streaming_) ask_director(context);
  } else if (token == kEchoTime) {
    if (!context.active()) return;
    make_unary_call(context);
    context.wake(milliseconds(workload_.echo_ms), kEchoTime);
  } else if (token > kCancel) {
    context.command(CancelCall{CallId{token - kCancel}});
  }
}

void Client::begin_session(ProgramContext& context) {
  if (in_session_ || !context.active()) return;
  in_session_ = true;
  session_ = {combine(number_, sessions_++) >> 2, 0, static_cast<std::uint64_t>(workload_.tokens)};
  ask_director(context);
}

void Client::ask_director(ProgramContext& context) {
  const Peer& director = directors_[director_ % directors_.size()];
  assigning_ = new_call();
  assigned_.reset();
  StartCall call{.call = *assigning_, .peer = director, .method = kAssign};
  call.deadline = context.now() + seconds(2);
  call.message = serialize(AssignRequest{excluded_});
  call.last = true;
  if (context.command(std::move(call)) == Outcome::done) return;
  assigning_.reset();
  context.wake(seconds(1), kRetry);
}

void Client::open_stream(ProgramContext& context) {
  streaming_ = new_call();
  StartCall call{.call = *streaming_, .peer = {worker_->address, worker_->worker},
                 .method = kGenerate};
  call.message = serialize(session_);
  call.last = true;
  if (context.command(std::move(call)) == Outcome::done) return;
  streaming_.reset();
  context.wake(seconds(1), kRetry);
}

void Client::make_unary_call(ProgramContext& context) {
  if (!worker_) return;
  const std::uint64_t number = echoes_++;
  const auto size = 8 + context.draw(kDrawSize, number,
                                     static_cast<std::uint64_t>(std::max<std::int64_t>(
                                         workload_.echo_bytes - 7, 1)));
  StartCall call{.call = new_call(), .peer = {worker_->address, worker_->worker}, .method = kEcho};
  call.deadline = context.now() + seconds(1);
  call.message = token_content(number_, number, size);
  call.last = true;
  const CallId id = call.call;
  if (context.command(std::move(call)) != Outcome::done) return;
  const std::uint64_t chance = context.draw(kDrawCancel, number, 1'000'000);
  if (static_cast<std::int64_t>(chance) < workload_.cancel_ppm) {
    context.wake(milliseconds(chance % 5), kCancel + id.value);
  }
}

void Client::on_event(ProgramContext& context, const Event& event) {
  if (const auto* message = std::get_if<MessageArrived>(&event)) on_message(context, *message);
  if (const auto* finished = std::get_if<CallFinished>(&event)) on_finished(context, *finished);
}

void Client::on_message(ProgramContext& context, const MessageArrived& message) {
  context.command(ConsumeMessages{message.call, message.message.size(), 1});
  if (assigning_ == message.call) assigned_ = parse_assign_response(message.message);
  if (streaming_ != message.call) return;
  const auto token = parse_token(message.message);
  if (token && token->sequence == session_.next) ++session_.next;
}

void Client::on_finished(ProgramContext& context, const CallFinished& finished) {
  if (assigning_ == finished.call) {
    assigning_.reset();
    if (finished.status.ok() && assigned_) {
      worker_ = assigned_;
      open_stream(context);
      return;
    }
    excluded_.clear();
    ++director_;
    context.wake(milliseconds(200), kRetry);
    return;
  }
  if (streaming_ != finished.call) return;
  streaming_.reset();
  if (session_.next >= session_.total) {
    in_session_ = false;
    excluded_.clear();
    context.wake(milliseconds(workload_.session_gap_ms), kSession);
    return;
  }
  // Lost on the way: another worker goes on where this one stopped.
  excluded_ = {worker_->worker};
  context.wake(milliseconds(20), kRetry);
}

}  // namespace rpcnet::sim
