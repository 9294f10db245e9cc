// Serving calls. A timer's token says what is due, and for which call.
#include "sim/workload/worker.h"

#include <algorithm>

#include "engine/wire/writer.h"

namespace rpcnet::sim {
namespace {

using std::chrono::milliseconds;

// What a timer is for: the low bits; the call's number is above them.
enum Due : std::uint64_t { kToken = 0, kAnswer = 1, kTake = 2, kRetag = 3 };
constexpr std::uint64_t kDueBits = 2;

constexpr Duration kLazy = milliseconds(120);
// One echo in so many takes longer than its caller waits.
constexpr std::uint64_t kSlowOneIn = 32;
constexpr std::uint64_t kSlowMs = 7000;

constexpr std::size_t kLongTag = 700;

enum Purpose : std::uint64_t { kThink = 1, kFail = 2, kStyle = 3, kTag = 4, kPlace = 5, kSlow = 6 };

std::uint64_t token_of(Due due, CallId call) { return (call.value << kDueBits) | due; }

}  // namespace

Tags Worker::first_tags(const Draw& draw) {
  return {{"role", "worker"},
          {"zone", kZones[draw(kPlace, 0, 2)]},
          {"weight", std::to_string(draw(kPlace, 1, 4))}};
}

void Worker::start(ProgramContext& context) {
  ChangeTags tags;
  const auto draw = [&](auto... about) { return context.draw(about...); };
  for (const auto& [key, value] : first_tags(draw)) tags.changes.emplace_back(key, value);
  context.command(std::move(tags));
  if (workload_.retag_ms > 0) retag(context);
}

// Tags that change under way: the shard, and one that comes and goes.
void Worker::retag(ProgramContext& context) {
  const std::uint64_t number = retags_++;
  const std::uint64_t shard = context.draw(kTag, number, 4 * kShards) % kShards;
  ChangeTags change{{{kShard, std::to_string(shard)}}};
  // One in four is too long to be told in passing and has to be fetched (docs/wire.md).
  std::string round = std::to_string(number);
  if (context.draw(kTag, number, 4 * kShards) / kShards == 0) round.append(kLongTag, '.');
  change.changes.emplace_back("round", std::move(round));
  change.changes.emplace_back("odd",
                              number % 2 == 1 ? std::optional<std::string>("yes") : std::nullopt);
  context.command(std::move(change));
  if (context.active()) context.wake(milliseconds(workload_.retag_ms), kRetag);
}

void Worker::on_event(ProgramContext& context, const Event& event) {
  if (const auto* arrived = std::get_if<CallArrived>(&event)) {
    begin(context, *arrived);
  } else if (const auto* message = std::get_if<MessageArrived>(&event)) {
    on_message(context, *message);
  } else if (const auto* half = std::get_if<CallerHalfClosed>(&event)) {
    const auto call = calls_.find(half->call);
    if (call == calls_.end()) return;
    call->second.half_closed = true;
    go_on(context, call);
  } else if (const auto* writable = std::get_if<CallWritable>(&event)) {
    const auto call = calls_.find(writable->call);
    if (call != calls_.end()) go_on(context, call);
  } else if (const auto* aborted = std::get_if<CallAborted>(&event)) {
    calls_.erase(aborted->call);
  }
}

void Worker::begin(ProgramContext& context, const CallArrived& arrived) {
  Serving serving{.metadata = arrived.metadata};
  if (arrived.method == kEcho) serving.method = Method::echo;
  else if (arrived.method == kGenerate) serving.method = Method::generate;
  else if (arrived.method == kCollect) serving.method = Method::collect;
  else if (arrived.method == kChat) serving.method = Method::chat;
  else {
    context.command(FinishCall{
        arrived.call, std::nullopt, {StatusCode::unimplemented, "not a worker's method", {}}, {}});
    return;
  }
  const std::uint64_t style = context.draw(kStyle, arrived.call.value, 4);
  serving.lazy = style == 0;
  serving.fails = serving.method != Method::generate &&
                  static_cast<std::int64_t>(context.draw(kFail, arrived.call.value, 1'000'000)) <
                      workload_.fail_ppm;
  calls_.emplace(arrived.call, std::move(serving));
  if (style == 1) context.command(SendHeaders{arrived.call, arrived.metadata});
}

void Worker::on_message(ProgramContext& context, const MessageArrived& message) {
  const auto call = calls_.find(message.call);
  if (call == calls_.end()) return;
  Serving& serving = call->second;
  ++serving.messages;
  serving.bytes += message.message.size();
  // The first message needs no taking (command.h).
  if (serving.messages > 1) serving.owed.push_back(message.message.size());
  if (!serving.lazy) {
    take(context, call);
  } else if (serving.owed.size() == 1) {
    context.wake(kLazy, token_of(kTake, message.call));
  }
  switch (serving.method) {
    case Method::echo: {
      if (serving.answer) return;
      serving.answer = message.message;
      const auto bound = static_cast<std::uint64_t>(std::max<std::int64_t>(workload_.work_ms, 0));
      const bool slow = context.draw(kSlow, message.call.value, kSlowOneIn) == 0;
      const auto thinks = slow ? kSlowMs : context.draw(kThink, message.call.value, bound + 1);
      serving.thought = thinks == 0;
      if (serving.thought) return go_on(context, call);
      context.wake(milliseconds(thinks), token_of(kAnswer, message.call));
      return;
    }
    case Method::generate:
      if (serving.request) return;
      serving.request = parse_generate_request(message.message);
      if (serving.request) return generate(context, call);
      serving.fails = true;
      return finish(context, call, std::nullopt);
    case Method::chat: serving.replies.push_back(message.message); return go_on(context, call);
    case Method::collect: return;
  }
}

void Worker::take(ProgramContext& context, Position call) {
  auto& owed = call->second.owed;
  if (owed.empty()) return;
  const std::size_t size = owed.front();
  owed.pop_front();
  if (!owed.empty()) context.wake(kLazy, token_of(kTake, call->first));
  context.command(ConsumeMessages{call->first, size, 1});
}

void Worker::on_timer(ProgramContext& context, std::uint64_t token) {
  const auto due = static_cast<Due>(token & ((1U << kDueBits) - 1));
  if (due == kRetag) {
    if (context.active()) retag(context);
    return;
  }
  const auto call = calls_.find(CallId{token >> kDueBits});
  if (call == calls_.end()) return;
  if (due == kToken) generate(context, call);
  else if (due == kTake) take(context, call);
  else {
    call->second.thought = true;
    go_on(context, call);
  }
}

// Does what can be done of an echo, a sum or a talk.
void Worker::go_on(ProgramContext& context, Position call) {
  Serving& serving = call->second;
  switch (serving.method) {
    case Method::echo:
      if (serving.answer && serving.thought) finish(context, call, std::move(serving.answer));
      return;
    case Method::collect: {
      if (!serving.half_closed) return;
      Bytes sum;
      wire::Writer writer(sum);
      writer.varint(serving.messages);
      writer.varint(serving.bytes);
      return finish(context, call, std::move(sum));
    }
    case Method::chat:
      while (!serving.replies.empty() && context.writable(call->first)) {
        SendMessage reply{call->first, std::move(serving.replies.front()), false};
        serving.replies.pop_front();
        if (context.command(std::move(reply)) != Outcome::done) return;
      }
      if (serving.replies.empty() && serving.half_closed) finish(context, call, std::nullopt);
      return;
    case Method::generate: return;
  }
}

void Worker::generate(ProgramContext& context, Position call) {
  GenerateRequest& request = *call->second.request;
  if (request.next >= request.total) return finish(context, call, std::nullopt);
  if (context.writable(call->first)) {
    Token token{request.session, request.next++, {}};
    token.content = token_content(token.session, token.sequence,
                                  static_cast<std::size_t>(workload_.token_bytes));
    const CallId id = call->first;
    if (context.command(SendMessage{id, serialize(token)}) != Outcome::done) return;
  }
  context.wake(milliseconds(workload_.token_ms), token_of(kToken, call->first));
}

void Worker::finish(ProgramContext& context, Position call, std::optional<Bytes> message) {
  FinishCall end{call->first, std::move(message), {}, std::move(call->second.metadata)};
  if (call->second.fails) {
    end.message.reset();
    end.status = {StatusCode::failed_precondition, "failed as drawn", to_bytes("details")};
  }
  calls_.erase(call);
  context.command(std::move(end));
}

}  // namespace rpcnet::sim
