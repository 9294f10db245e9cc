// The ledger of calls.
#include "sim/oracles/calls.h"

#include <algorithm>

#include "engine/rpc/resume.h"
#include "sim/fault_runner.h"

namespace rpcnet::sim {
namespace {

// How late a deadline may be told on a process that nothing slows down.
constexpr Duration kSlack = std::chrono::milliseconds(100);

}  // namespace

CallsOracle::CallsOracle(const Ground& ground)
    : Oracle(ground),
      outgoing_(plan().hosts()),
      incoming_(plan().hosts()),
      just_ended_(plan().hosts()),
      last_outgoing_(plan().hosts()) {}

void CallsOracle::on_stopping(HostIndex host) {
  outgoing_[host].clear();
  incoming_[host].clear();
  just_ended_[host].clear();
  last_outgoing_[host] = {};
  std::erase_if(sessions_, [&](const auto& entry) { return entry.first.first == host; });
}

bool CallsOracle::is_open(HostIndex host, CallId call) const {
  if (incoming_[host].contains(call)) return true;
  const auto ended = just_ended_[host].find(call);
  return ended != just_ended_[host].end() && ended->second == world().now();
}

std::string CallsOracle::text_of(CallId call, const Outgoing& outgoing) const {
  return "call " + std::to_string(call.value) + " (" + outgoing.method + ")";
}

void CallsOracle::on_command(HostIndex host, const Command& command) {
  starting_.reset();
  finishing_.reset();
  cancelling_.reset();
  if (const auto* call = std::get_if<StartCall>(&command)) on_start(host, *call);
  if (const auto* call = std::get_if<FinishCall>(&command)) finishing_ = {host, call->call};
  if (const auto* call = std::get_if<CancelCall>(&command)) cancelling_ = {host, call->call};
}

void CallsOracle::on_start(HostIndex host, const StartCall& call) {
  starting_ = {host, call.call};
  // Whose deadline has passed before it begins (a slow caller's) is to end at once.
  auto deadline = call.deadline;
  if (deadline) deadline = std::max(*deadline, world().local_now(host));
  Outgoing outgoing{call.method, deadline,     world().now(), call.message.value_or(Bytes{}),
                    0,           std::nullopt, std::nullopt,  0};
  if (call.method == kGenerate) {
    outgoing.stream = parse_generate_request(outgoing.request);
    if (outgoing.stream) {
      Session& session = sessions_[{host, outgoing.stream->session}];
      session.total = outgoing.stream->total;
      outgoing.next = outgoing.stream->next;
      if (++session.streams > 1) ++failovers_;
      if (!check(session.next == outgoing.stream->next)) {
        fail(host, "a session went on at token " + std::to_string(outgoing.stream->next) +
                       " though " + std::to_string(session.next) + " were received");
      }
    }
  }
  outgoing_[host].insert_or_assign(call.call, std::move(outgoing));
}

void CallsOracle::on_outcome(HostIndex host, Outcome outcome) {
  if (starting_ && outcome != Outcome::done) outgoing_[host].erase(starting_->second);
  if (starting_ && outcome == Outcome::done) {
    ++calls_;
    last_outgoing_[host] = std::max(last_outgoing_[host], starting_->second);
  }
  if (finishing_) {
    const bool known = incoming_[host].erase(finishing_->second) == 1;
    auto& ended = just_ended_[host];
    std::erase_if(ended, [&](const auto& entry) { return entry.second < world().now(); });
    if (known) ended.emplace(finishing_->second, world().now());
    // An abort that is queued already and not yet taken makes the refusal right, too.
    if (known && outcome == Outcome::unknown_call) return;
    if (!check(known == (outcome == Outcome::done))) {
      fail(host, std::string("FinishCall of ") + (known ? "an open" : "a finished") + " call " +
                     std::to_string(finishing_->second.value) + " was answered " +
                     to_text(outcome));
    }
  }
  if (cancelling_ && outcome == Outcome::done) {
    const auto call = outgoing_[host].find(cancelling_->second);
    if (call != outgoing_[host].end()) call->second.cancelled = world().now();
  }
}

void CallsOracle::on_event(HostIndex host, const Event& event) {
  if (const auto* arrived = std::get_if<CallArrived>(&event)) {
    if (!check(incoming_[host].emplace(arrived->call, true).second && !arrived->call.outgoing())) {
      fail(host, "call " + std::to_string(arrived->call.value) + " arrived twice");
    }
  } else if (const auto* aborted = std::get_if<CallAborted>(&event)) {
    const bool open = is_open(host, aborted->call);
    incoming_[host].erase(aborted->call);
    if (!check(open)) {
      fail(host, "call " + std::to_string(aborted->call.value) + " was aborted but not open");
    }
  } else if (const auto* message = std::get_if<MessageArrived>(&event)) {
    on_message(host, *message);
  } else if (const auto* finished = std::get_if<CallFinished>(&event)) {
    on_finished(host, *finished);
  } else if (const auto* headers = std::get_if<HeadersArrived>(&event)) {
    on_headers(host, *headers);
  } else if (const auto* half = std::get_if<CallerHalfClosed>(&event)) {
    if (!check(is_open(host, half->call))) fail(host, "half-close after the end");
  }
}

// A session's answer says which token comes first; one that was not asked for may, and is dropped.
void CallsOracle::on_headers(HostIndex host, const HeadersArrived& headers) {
  const auto found = outgoing_[host].find(headers.call);
  if (!check(found != outgoing_[host].end())) return fail(host, "headers after the end");
  Outgoing& call = found->second;
  if (!call.stream) return;
  const auto first = rpc::parse_sequence(headers.metadata);
  if (!check(first && *first <= call.stream->next + 1)) {
    return fail(host, text_of(headers.call, call) + " begins after token " +
                          std::to_string(call.stream->next) + ", which was asked for");
  }
  call.next = *first - 1;
}

void CallsOracle::on_message(HostIndex host, const MessageArrived& message) {
  if (!message.call.outgoing()) {
    if (!check(is_open(host, message.call))) {
      fail(host, "a message of call " + std::to_string(message.call.value) + " that is not open");
    }
    return;
  }
  const auto found = outgoing_[host].find(message.call);
  if (!check(found != outgoing_[host].end())) {
    return fail(host,
                "a message of call " + std::to_string(message.call.value) + " that is not open");
  }
  Outgoing& call = found->second;
  ++call.messages;
  if (!check(!call.cancelled || *call.cancelled == world().now())) {
    return fail(host, text_of(message.call, call) + " went on after its cancel");
  }
  const bool echoes = call.method == kEcho || call.method == kTogether;
  if (echoes && !check(call.messages == 1 && message.message == call.request)) {
    return fail(host, text_of(message.call, call) + " got an answer to another question");
  }
  if (!call.stream) return;
  const auto token = parse_token(message.message);
  const auto size = static_cast<std::size_t>(plan().workload.token_bytes);
  const bool right = token && token->session == call.stream->session &&
                     token->content == token_content(token->session, token->sequence, size);
  if (!check(right)) return fail(host, text_of(message.call, call) + " got a foreign token");
  if (!check(token->sequence == call.next)) {
    return fail(host, text_of(message.call, call) + " got token " +
                          std::to_string(token->sequence) + " instead of " +
                          std::to_string(call.next));
  }
  ++call.next;
  Session& session = sessions_[{host, token->session}];
  if (call.next <= session.next) return;
  session.next = call.next;
  ++tokens_;
}

void CallsOracle::on_finished(HostIndex host, const CallFinished& finished) {
  const auto found = outgoing_[host].find(finished.call);
  if (!check(found != outgoing_[host].end())) {
    return fail(host, "call " + std::to_string(finished.call.value) +
                          (finished.call <= last_outgoing_[host] ? " finished twice"
                                                                 : " was never started"));
  }
  const Outgoing call = std::move(found->second);
  outgoing_[host].erase(found);
  const Instant now = world().local_now(host);
  if (call.deadline && !faults().held_up_since(host, call.began) &&
      !check(now <= *call.deadline + kSlack)) {
    return fail(host, text_of(finished.call, call) + " outlived its deadline");
  }
  if (call.cancelled && !check(finished.status.code == StatusCode::cancelled)) {
    return fail(host, text_of(finished.call, call) + " was cancelled and ended otherwise");
  }
  if (!finished.status.ok()) return;
  ++calls_ok_;
  if (call.method != kGenerate && call.method != kChat && !check(call.messages == 1)) {
    return fail(host, text_of(finished.call, call) + " is ok with " +
                          std::to_string(call.messages) + " answers");
  }
  if (!call.stream) return;
  if (!check(call.next == call.stream->total)) {
    return fail(host, text_of(finished.call, call) + " is ok after " + std::to_string(call.next) +
                          " tokens of " + std::to_string(call.stream->total));
  }
  ++sessions_done_;
  sessions_.erase({host, call.stream->session});
}

bool CallsOracle::settled() { return unsettled().empty(); }

std::string CallsOracle::unsettled() {
  for (HostIndex host = 0; host < plan().hosts(); ++host) {
    if (!outgoing_[host].empty()) {
      const auto& [call, outgoing] = *outgoing_[host].begin();
      return name_of(host) + " still waits for " + text_of(call, outgoing);
    }
    if (!incoming_[host].empty()) {
      return name_of(host) + " still serves call " +
             std::to_string(incoming_[host].begin()->first.value);
    }
  }
  if (!sessions_.empty()) {
    return name_of(sessions_.begin()->first.first) + " has a stream session without its end";
  }
  return {};
}

}  // namespace rpcnet::sim
