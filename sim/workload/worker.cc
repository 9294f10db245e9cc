// Serving calls. A timer's token says what is due, and for which call.
#include "sim/workload/worker.h"

#include <algorithm>

#include "engine/rpc/resume.h"
#include "engine/rpc/words.h"
#include "engine/wire/writer.h"
#include "sim/workload/due.h"

namespace rpcnet::sim {
namespace {

using std::chrono::milliseconds;

constexpr Duration kLazy = milliseconds(120);
// One echo in so many takes longer than its caller waits.
constexpr std::uint64_t kSlowOneIn = 32;
constexpr std::uint64_t kSlowMs = 7000;

constexpr std::size_t kLongTag = 700;
constexpr std::uint64_t kEarlierMax = 3;  // tokens

enum Purpose : std::uint64_t {
  kThink = 1,
  kFail = 2,
  kStyle = 3,
  kTag = 4,
  kPlace = 5,
  kSlow = 6,
  kEarlier = 8
};

}  // namespace

Worker::Worker(const Workload& workload) : workload_(workload), batches_(workload) {
  if (workload.running_max == 0) return;
  admission_.emplace(AdmissionConfig{.running_max = static_cast<std::size_t>(workload.running_max),
                                     .queue_max = static_cast<std::size_t>(workload.queue_max)});
}

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
  if (context.active()) context.wake(milliseconds(workload_.retag_ms), token_of(WorkDue::retag));
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
    batches_.on_gone(aborted->call);
    on_over(context, aborted->call);
  }
}

void Worker::begin(ProgramContext& context, const CallArrived& arrived) {
  Serving serving{.metadata = arrived.metadata};
  if (arrived.method == kEcho) serving.method = Method::echo;
  else if (arrived.method == kTogether) serving.method = Method::together;
  else if (arrived.method == kGenerate) serving.method = Method::generate;
  else if (arrived.method == kCollect) serving.method = Method::collect;
  else if (arrived.method == kChat) serving.method = Method::chat;
  else {
    context.command(FinishCall{
        arrived.call, std::nullopt, {StatusCode::unimplemented, "not a worker's method", {}}, {}});
    return;
  }
  if (admission_ && serving.method == Method::echo) {
    using enum rpc::Admission::Verdict;
    const auto verdict = admission_->on_arrival(context.now(), arrived.call, arrived.deadline);
    if (verdict == full || verdict == hopeless) {
      return turn_away(context, arrived.call, std::move(serving.metadata));
    }
    serving.admitted = verdict == run;
  }
  const std::uint64_t style = context.draw(kStyle, arrived.call.value, 4);
  serving.lazy = style == 0;
  serving.fails = serving.method != Method::generate &&
                  static_cast<std::int64_t>(context.draw(kFail, arrived.call.value, 1'000'000)) <
                      workload_.fail_ppm;
  // A session's answer begins with a word of its own; who may yet be turned away says nothing.
  const bool greets = style == 1 && serving.admitted && serving.method != Method::generate &&
                      serving.method != Method::together;
  calls_.emplace(arrived.call, std::move(serving));
  if (greets) context.command(SendHeaders{arrived.call, arrived.metadata});
}

void Worker::turn_away(ProgramContext& context, CallId call, Metadata trailers) {
  for (auto& pair : rpc::not_started()) trailers.push_back(std::move(pair));
  context.command(FinishCall{call,
                             std::nullopt,
                             {StatusCode::resource_exhausted, "as many run and wait as may", {}},
                             std::move(trailers)});
}

// An echo has ended: the turn of one that waits may have come.
void Worker::on_over(ProgramContext& context, CallId call) {
  if (!admission_) return;
  admission_->on_over(context.now(), call);
  while (const auto turn = admission_->next(context.now())) {
    const auto waiting = calls_.find(turn->call);
    if (turn->too_late) {
      Metadata trailers = std::move(waiting->second.metadata);
      calls_.erase(waiting);
      turn_away(context, turn->call, std::move(trailers));
    } else {
      waiting->second.admitted = true;
      if (waiting->second.answer) think(context, waiting);
    }
  }
}

void Worker::think(ProgramContext& context, Position call) {
  const auto bound = static_cast<std::uint64_t>(std::max<std::int64_t>(workload_.work_ms, 0));
  const bool slow = context.draw(kSlow, call->first.value, kSlowOneIn) == 0;
  const auto thinks = slow ? kSlowMs : context.draw(kThink, call->first.value, bound + 1);
  call->second.thought = thinks == 0;
  if (call->second.thought) return go_on(context, call);
  context.wake(milliseconds(thinks), token_of(WorkDue::answer, call->first));
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
    context.wake(kLazy, token_of(WorkDue::take, message.call));
  }
  switch (serving.method) {
    case Method::echo:
      if (serving.answer) return;
      serving.answer = message.message;
      if (serving.admitted) think(context, call);
      return;
    case Method::together: {
      const Metadata metadata = std::move(serving.metadata);
      calls_.erase(call);
      return batches_.on_request(context, message.call, message.message, metadata);
    }
    case Method::generate:
      if (serving.request) return;
      serving.request = parse_generate_request(message.message);
      if (serving.request) return begin_session(context, call);
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
  if (!owed.empty()) context.wake(kLazy, token_of(WorkDue::take, call->first));
  context.command(ConsumeMessages{call->first, size, 1});
}

void Worker::on_timer(ProgramContext& context, std::uint64_t token) {
  const auto call = calls_.find(call_of(token));
  const bool open = call != calls_.end();
  switch (due_of<WorkDue>(token)) {
    case WorkDue::retag:
      if (context.active()) retag(context);
      return;
    case WorkDue::batch_due: return batches_.look(context);
    case WorkDue::batch_over: return batches_.on_worked(context, call_of(token).value);
    case WorkDue::token:
      if (open) generate(context, call);
      return;
    case WorkDue::take:
      if (open) take(context, call);
      return;
    case WorkDue::answer:
      if (!open) return;
      call->second.thought = true;
      return go_on(context, call);
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
    case Method::generate:
    case Method::together: return;
  }
}

// Some begin earlier than they were asked to: what the reader has already, it drops.
void Worker::begin_session(ProgramContext& context, Position call) {
  GenerateRequest& request = *call->second.request;
  request.next -=
      context.draw(kEarlier, call->first.value, std::min(request.next, kEarlierMax) + 1);
  SendHeaders first{call->first,
                    {{std::string(rpc::kResumeFrom), std::to_string(request.next + 1)}}};
  if (context.command(std::move(first)) != Outcome::done) return;
  generate(context, call);
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
  context.wake(milliseconds(workload_.token_ms), token_of(WorkDue::token, call->first));
}

void Worker::finish(ProgramContext& context, Position call, std::optional<Bytes> message) {
  FinishCall end{call->first, std::move(message), {}, std::move(call->second.metadata)};
  if (call->second.fails) {
    end.message.reset();
    end.status = {StatusCode::failed_precondition, "failed as drawn", to_bytes("details")};
  }
  calls_.erase(call);
  const CallId over = end.call;
  context.command(std::move(end));
  on_over(context, over);
}

}  // namespace rpcnet::sim
