// The client's loops of unary calls, sums and talks.
#include "sim/workload/client.h"

#include <algorithm>
#include <chrono>

#include "engine/rpc/frame.h"
#include "sim/workload/due.h"

namespace rpcnet::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

enum Purpose : std::uint64_t {
  kDrawSize = 1,
  kDrawCancel = 2,
  kDrawPhase = 3,
  kDrawTalk = 6,
  kDrawMessage = 7,
  kDrawTry = 8,
  kDrawHedge = 9,
  kDrawBatch = 10,
};

constexpr Duration kLazy = milliseconds(120);
constexpr HedgeConfig kHedging{.delay = milliseconds(30), .attempts_max = kHedgedMax};

std::uint64_t at_least_one(std::int64_t value) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(value, 1));
}

}  // namespace

void Client::start(ProgramContext& context) {
  // Apart from each other, as real clients are.
  const auto phase = [&](std::uint64_t which, std::int64_t period) {
    return milliseconds(context.draw(kDrawPhase, which, at_least_one(period)));
  };
  if (workload_.tokens > 0) context.wake(seconds(2) + phase(0, 1000), token_of(Due::session));
  if (workload_.echo_ms > 0)
    context.wake(seconds(2) + phase(1, workload_.echo_ms), token_of(Due::echo_time));
  if (workload_.talk_ms > 0)
    context.wake(seconds(2) + phase(2, workload_.talk_ms), token_of(Due::talk_time));
}

void Client::on_timer(ProgramContext& context, std::uint64_t token) {
  const CallId call = call_of(token);
  switch (due_of<Due>(token)) {
    case Due::session: return reader_.begin_session(context, outliers_.away(context.now()));
    case Due::ask: return reader_.ask(context, outliers_.away(context.now()));
    case Due::patience: return reader_.look_at(context, call);
    case Due::echo_time:
      if (!context.active()) return;
      make_unary_call(context);
      context.wake(milliseconds(workload_.echo_ms), token_of(Due::echo_time));
      return;
    case Due::talk_time:
      if (!context.active()) return;
      begin_talk(context);
      context.wake(milliseconds(workload_.talk_ms), token_of(Due::talk_time));
      return;
    case Due::cancel: context.command(CancelCall{call}); return;
    case Due::go_on: return go_on(context, call);
    case Due::take: return take(context, call);
    case Due::hedge: return look_at_hedge(context, call.value);
    case Due::again:
      if (const auto failed = failed_.find(call); failed != failed_.end()) {
        auto unary = failed_.extract(failed);
        if (context.active()) try_unary(context, std::move(unary.mapped()));
      }
      return;
  }
}

void Client::give_up_later(ProgramContext& context, CallId call, std::uint64_t number,
                           std::uint64_t within_ms) {
  const std::uint64_t chance = context.draw(kDrawCancel, number, 1'000'000);
  if (static_cast<std::int64_t>(chance) < workload_.cancel_ppm) {
    context.wake(milliseconds(chance % within_ms), token_of(Due::cancel, call));
  }
}

void Client::make_unary_call(ProgramContext& context) {
  if (reader_.known().empty()) return;
  const std::uint64_t number = echoes_++;
  // One in eight is empty.
  const auto size =
      context.draw(kDrawSize, number * 2, 8) == 0
          ? 0
          : context.draw(kDrawSize, number * 2 + 1, at_least_one(workload_.echo_bytes + 1));
  // One in four waits for its worker to be reachable; half may be executed twice.
  const bool patient = context.draw(kDrawTry, number * 2, 4) == 0;
  const bool safe = context.draw(kDrawTry, number * 2 + 1, 2) == 0;
  const std::uint64_t least = patient ? 1000 : 50;
  const std::uint64_t within = context.draw(kDrawTalk, number * 16 + 15, patient ? 5000 : 950);
  const bool batched = workload_.batch_max > 0 && context.draw(kDrawBatch, number, 3) == 0;
  Unary unary{.call = {.peer = reader_.known().front(), .method = batched ? kTogether : kEcho},
              .retry = rpc::Retry(retries_, budget_, safe),
              .chance = Rng(combine(number_, number))};
  unary.call.deadline = context.now() + milliseconds(least + within);
  unary.call.message = token_content(number_, number, size);
  unary.call.last = true;
  unary.call.wait_for_ready = patient;
  unary.call.metadata = {{kRequestName, caller_.name(context, number)}, {kSafe, safe ? "1" : "0"}};
  if (safe && context.draw(kDrawHedge, number, 2) == 0) {
    unary.call.metadata.emplace_back(kHedged, "1");
    hedged_.emplace(number, Hedged{std::move(unary.call), rpc::Hedge(kHedging, budget_), {}});
    return begin_attempt(context, number);
  }
  const auto id = try_unary(context, std::move(unary));
  if (id) give_up_later(context, *id, number * 2, 5 + at_least_one(workload_.work_ms));
}

// One attempt; another may follow when it has failed.
std::optional<CallId> Client::try_unary(ProgramContext& context, Unary&& unary) {
  StartCall call = unary.call;
  const CallId id = caller_.next();
  call.call = id;
  const auto placed = unaries_.emplace(id, std::move(unary)).first;
  if (begin_judged(context, id, std::move(call))) return id;
  unaries_.erase(placed);
  return std::nullopt;
}

void Client::on_unary_finished(ProgramContext& context, const CallFinished& finished) {
  auto ended = unaries_.extract(finished.call);
  if (ended.empty()) return;
  Unary& unary = ended.mapped();
  const auto wait = unary.retry.next(finished.status, finished.trailers, unary.chance);
  if (!wait || context.now() + *wait >= *unary.call.deadline) return;
  context.wake(*wait, token_of(Due::again, finished.call));
  failed_.insert(std::move(ended));
}

bool Client::begin_judged(ProgramContext& context, CallId id, StartCall&& call) {
  const NodeId worker = *call.peer.expected;
  if (caller_.start(context, std::move(call)) != Outcome::done) return false;
  outliers_.on_begun(context.now(), worker);
  asked_.emplace(id, Asked{worker, context.now()});
  return true;
}

void Client::judge(ProgramContext& context, const CallFinished& finished) {
  using enum cluster::Outliers::Ending;
  const auto asked = asked_.extract(finished.call);
  if (asked.empty()) return;
  const auto& [worker, at] = asked.mapped();
  auto ending = rpc::blames_callee(finished.status, finished.trailers) ? failure : success;
  if (finished.status.code == StatusCode::cancelled) ending = given_up;
  if (rpc::find_metadata(finished.trailers, rpc::kNotStarted) != nullptr) ending = not_begun;
  outliers_.on_ended(context.now(), worker, ending, context.now() - at);
}

void Client::begin_attempt(ProgramContext& context, std::uint64_t request) {
  Hedged& hedged = hedged_.at(request);
  StartCall call = hedged.call;
  const CallId id = caller_.next();
  call.call = id;
  if (hedged.begun < reader_.known().size()) call.peer = reader_.known()[hedged.begun];
  ++hedged.begun;
  hedged.hedge.on_begun(context.now());
  hedged.open.push_back(id);
  attempts_.emplace(id, request);
  if (!begin_judged(context, id, std::move(call))) {
    // As many calls are open as may be: that is the request's end.
    attempts_.erase(id);
    std::erase(hedged.open, id);
    if (hedged.open.empty()) hedged_.erase(request);
    return;
  }
  if (const auto due = hedged.hedge.due()) {
    context.wake(*due - context.now(), token_of(Due::hedge, CallId{request}));
  }
}

// Is it time for another attempt?
void Client::look_at_hedge(ProgramContext& context, std::uint64_t request) {
  const auto found = hedged_.find(request);
  if (found == hedged_.end()) return;
  const auto due = found->second.hedge.due();
  const bool in_time = due && *due < *found->second.call.deadline && context.active();
  if (!in_time) {
    if (found->second.open.empty()) hedged_.erase(found);
  } else if (*due <= context.now()) {
    begin_attempt(context, request);
  } else {
    context.wake(*due - context.now(), token_of(Due::hedge, CallId{request}));
  }
}

void Client::on_hedged_finished(ProgramContext& context, const CallFinished& finished) {
  const auto attempt = attempts_.extract(finished.call);
  if (attempt.empty()) return;
  const std::uint64_t request = attempt.mapped();
  const auto found = hedged_.find(request);
  if (found == hedged_.end()) return;
  Hedged& hedged = found->second;
  std::erase(hedged.open, finished.call);
  if (!hedged.hedge.on_ended(context.now(), finished.status, finished.trailers)) {
    return look_at_hedge(context, request);
  }
  // The others are of no use any more.
  const std::vector<CallId> others = std::move(hedged.open);
  hedged_.erase(found);
  for (const CallId other : others) {
    attempts_.erase(other);
    context.command(CancelCall{other});
  }
}

// ------------------------------------------------------------------------- sums and talks

// Of all sizes: none, one byte, small, and up to the most.
Bytes Client::message_of(ProgramContext& context, std::uint64_t talk, std::uint64_t message) const {
  const std::uint64_t counter = (talk << 16) | (message << 1);
  std::uint64_t size = context.draw(kDrawMessage, counter, 4);
  if (size == 2) size = context.draw(kDrawMessage, counter + 1, 100);
  if (size == 3) {
    size = context.draw(kDrawMessage, counter + 1, at_least_one(workload_.talk_bytes + 1));
  }
  return token_content(combine(number_, talk), message, size);
}

void Client::begin_talk(ProgramContext& context) {
  if (reader_.known().empty()) return;
  Talk talk{.number = talked_++};
  const auto draw = [&](std::uint64_t what, std::uint64_t bound) {
    return context.draw(kDrawTalk, talk.number * 16 + what, bound);
  };
  StartCall call{.call = caller_.next(),
                 .peer = reader_.known().front(),
                 .method = draw(0, 2) == 0 ? kCollect : kChat};
  talk.count = draw(1, at_least_one(workload_.talk_messages + 1));
  talk.pace_ms = draw(2, 2) == 0 ? 0 : draw(3, 20);
  talk.close_apart = draw(4, 2) == 0;
  talk.lazy = draw(5, 3) == 0;
  if (draw(6, 2) == 0) call.deadline = context.now() + milliseconds(100 + draw(7, 3000));
  if (talk.count > 0 && draw(8, 2) == 0) {
    call.message = message_of(context, talk.number, talk.sent++);
    call.last = talk.sent == talk.count && !talk.close_apart;
    talk.closed = call.last;
  } else if (talk.count == 0 && !talk.close_apart) {
    call.last = true;
    talk.closed = true;
  }
  const CallId id = call.call;
  if (caller_.start(context, std::move(call)) != Outcome::done) return;
  const std::uint64_t number = talk.number;
  talks_.emplace(id, std::move(talk));
  give_up_later(context, id, number * 2 + 1, 300);
  go_on(context, id);
}

// Sends what it may, and then what is left of it when it may again.
void Client::go_on(ProgramContext& context, CallId id) {
  const auto found = talks_.find(id);
  if (found == talks_.end()) return;
  Talk& talk = found->second;
  talk.waiting = false;
  while (talk.sent < talk.count) {
    if (!context.writable(id)) {
      talk.waiting = true;
      return;
    }
    SendMessage message{id, message_of(context, talk.number, talk.sent), false};
    message.last = talk.sent + 1 == talk.count && !talk.close_apart;
    talk.closed = message.last;
    const Outcome outcome = context.command(std::move(message));
    // Its answer is already there, or on its way: nobody listens any more.
    if (outcome != Outcome::done && outcome != Outcome::message_too_large) return;
    if (outcome == Outcome::message_too_large) talk.closed = false;
    ++talk.sent;
    if (talk.pace_ms > 0 && talk.sent < talk.count) {
      context.wake(milliseconds(talk.pace_ms), token_of(Due::go_on, id));
      return;
    }
  }
  if (!std::exchange(talk.closed, true)) context.command(HalfClose{id});
}

void Client::take(ProgramContext& context, CallId id) {
  const auto found = talks_.find(id);
  if (found == talks_.end()) return;
  auto& owed = found->second.owed;
  if (owed.empty()) return;
  const std::size_t size = owed.front();
  owed.pop_front();
  if (!owed.empty()) context.wake(kLazy, token_of(Due::take, id));
  context.command(ConsumeMessages{id, size, 1});
}

void Client::on_event(ProgramContext& context, const Event& event) {
  if (const auto* headers = std::get_if<HeadersArrived>(&event)) {
    reader_.on_headers(context, *headers);
  }
  if (const auto* message = std::get_if<MessageArrived>(&event)) on_message(context, *message);
  if (const auto* finished = std::get_if<CallFinished>(&event)) on_finished(context, *finished);
  if (const auto* writable = std::get_if<CallWritable>(&event)) {
    const auto talk = talks_.find(writable->call);
    if (talk != talks_.end() && talk->second.waiting) go_on(context, writable->call);
  }
}

void Client::on_message(ProgramContext& context, const MessageArrived& message) {
  if (const auto talk = talks_.find(message.call); talk != talks_.end() && talk->second.lazy) {
    // The first message needs no taking (command.h).
    if (!std::exchange(talk->second.heard, true)) return;
    talk->second.owed.push_back(message.message.size());
    if (talk->second.owed.size() == 1) context.wake(kLazy, token_of(Due::take, message.call));
    return;
  }
  context.command(ConsumeMessages{message.call, message.message.size(), 1});
  reader_.on_message(context, message);
}

void Client::on_finished(ProgramContext& context, const CallFinished& finished) {
  talks_.erase(finished.call);
  judge(context, finished);
  on_unary_finished(context, finished);
  on_hedged_finished(context, finished);
  reader_.on_finished(context, finished);
}

}  // namespace rpcnet::sim
