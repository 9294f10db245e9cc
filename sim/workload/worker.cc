// Serving calls. A timer's token is the call that it is for.
#include "sim/workload/worker.h"

namespace rpcnet::sim {

void Worker::start(ProgramContext& context) {
  context.command(ChangeTags{{{"role", "worker"}}});
}

void Worker::on_event(ProgramContext& context, const Event& event) {
  if (const auto* arrived = std::get_if<CallArrived>(&event)) {
    if (arrived->method == kEcho || arrived->method == kGenerate) {
      calls_.emplace(arrived->call, Serving{arrived->method == kEcho, std::nullopt});
    } else {
      context.command(FinishCall{arrived->call, std::nullopt,
                                 {StatusCode::unimplemented, "not a worker's method", {}}, {}});
    }
  } else if (const auto* message = std::get_if<MessageArrived>(&event)) {
    on_message(context, *message);
  } else if (const auto* aborted = std::get_if<CallAborted>(&event)) {
    calls_.erase(aborted->call);
  }
}

void Worker::on_message(ProgramContext& context, const MessageArrived& message) {
  const auto found = calls_.find(message.call);
  if (found == calls_.end()) return;
  Serving& serving = found->second;
  if (serving.echo) {
    calls_.erase(found);
    context.command(FinishCall{message.call, message.message, {}, {}});
    return;
  }
  if (serving.request) return;
  serving.request = parse_generate_request(message.message);
  if (!serving.request) {
    calls_.erase(found);
    context.command(FinishCall{message.call, std::nullopt,
                               {StatusCode::invalid_argument, "malformed", {}}, {}});
    return;
  }
  generate(context, message.call, serving);
}

void Worker::on_timer(ProgramContext& context, std::uint64_t token) {
  const auto found = calls_.find(CallId{token});
  if (found != calls_.end()) generate(context, found->first, found->second);
}

void Worker::generate(ProgramContext& context, CallId call, Serving& serving) {
  GenerateRequest& request = *serving.request;
  if (request.next >= request.total) {
    calls_.erase(call);
    context.command(FinishCall{call, std::nullopt, {}, {}});
    return;
  }
  if (context.writable(call)) {
    Token token{request.session, request.next++, {}};
    token.content = token_content(token.session, token.sequence,
                                  static_cast<std::size_t>(workload_.token_bytes));
    if (context.command(SendMessage{call, serialize(token)}) != Outcome::done) return;
  }
  context.wake(std::chrono::milliseconds(workload_.token_ms), call.value);
}

}  // namespace rpcnet::sim
