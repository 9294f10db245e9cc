// Incoming calls.
#include "engine/rpc/callee.h"

#include <utility>

#include "engine/assert.h"
#include "engine/rpc/frame.h"
#include "engine/rpc/words.h"

namespace rpcnet::rpc {

// ----------------------------------------------------------------------------------------- facts

void Callee::on_link_up(const Link& link) {
  LinkCalls& calls = links_[link.id];
  calls.remote = link.remote;
  calls.identity = link.identity;
}

void Callee::on_link_down(Instant, const LinkDown& fact, Outbox& out) {
  const auto found = links_.find(fact.link);
  if (found == links_.end()) return;
  for (const CallId id : calls_.sorted({found->second.open})) {
    forget(*calls_.find(id), link_lost(fact, true), out);
  }
  links_.erase(found);
}

void Callee::on_stream_data(Instant now, const StreamData& fact, Outbox& out) {
  shared_.counters.bytes_received += fact.bytes.size();
  Call* call = calls_.find(StreamKey{fact.link, fact.stream});
  if (call == nullptr) call = begin(fact, out);
  if (call == nullptr) return;
  call->credit.arrived(fact.bytes.size());
  call->half_closed = fact.fin;
  for (BytesView rest = fact.bytes; !rest.empty();) {
    const Assembler::Step step = call->frames.next(rest, shared_.config);
    if (step == Assembler::Step::need_more) break;
    if (step == Assembler::Step::unknown_type) return malformed(*call, "unknown frame type", out);
    if (step == Assembler::Step::too_large) {
      return exceed(
          *call, over_limit("request", call->frames.type(), call->frames.length(), shared_.config),
          out);
    }
    if (!on_frame(now, *call, rest, out)) return;
  }
  if (fact.fin) {
    if (!call->frames.between_frames()) {
      return malformed(*call, "the request ended inside a frame", out);
    }
    if (!call->arrived) return malformed(*call, "the request ended without a header", out);
    out.push(CallerHalfClosed{call->self.id});
  }
  if (const std::uint64_t bytes = call->credit.take(); bytes > 0) {
    out.push(ConsumeStream{fact.link, fact.stream, bytes});
  }
}

Callee::Call* Callee::begin(const StreamData& fact, Outbox& out) {
  const auto found = links_.find(fact.link);
  if (found == links_.end()) return nullptr;
  // Begun before: the call is over, and these bytes crossed our StopStream.
  if (!found->second.seen.begin(fact.stream.value / 4)) return nullptr;
  if (!accepting_) {
    turn_away(fact, draining(), out);
    return nullptr;
  }
  if (calls_.size() >= shared_.config.calls_max) {
    turn_away(fact, too_many_calls(shared_.config.calls_max), out);
    return nullptr;
  }
  Call& call = calls_.add(next_);
  next_.value += step_;
  call.link = &found->second;
  calls_.bind(call, StreamKey{fact.link, fact.stream});
  calls_.append(call.link->open, call);
  return &call;
}

void Callee::turn_away(const StreamData& fact, const Status& status, Outbox& out) {
  ++shared_.counters.refused;
  const Metadata trailers = not_started();
  Bytes frames;
  frames.reserve(trailer_size(status, trailers));
  append_trailer(frames, status, trailers);
  Sender().write(shared_, {fact.link, fact.stream}, std::move(frames), true, out);
  if (!fact.fin) out.push(StopStream{fact.link, fact.stream, StreamCode::refused});
}

bool Callee::on_frame(Instant now, Call& call, BytesView rest, Outbox& out) {
  const FrameType type = call.frames.type();
  if (!call.arrived) {
    if (type == FrameType::request_header) return on_request_header(now, call, out);
    malformed(call, "the request does not begin with its header", out);
    return false;
  }
  if (type != FrameType::message) {
    malformed(call, "a frame other than a message after the request header", out);
    return false;
  }
  ++shared_.counters.messages_received;
  const std::uint64_t end = call.credit.received() - rest.size();
  const std::uint64_t content = call.frames.length();
  call.credit.delivered(end - content - call.frames.head_size(), content);
  out.push(MessageArrived{call.self.id, call.frames.take()});
  return true;
}

bool Callee::on_request_header(Instant now, Call& call, Outbox& out) {
  auto header = parse_request_header(call.frames.payload());
  if (!header) {
    malformed(call, "bad request header", out);
    return false;
  }
  const std::size_t weight = metadata_weight(header->metadata);
  if (weight > shared_.config.metadata_max) {
    exceed(call, over_limit("request", FrameType::request_header, weight, shared_.config), out);
    return false;
  }
  std::optional<Instant> deadline;
  if (header->left && *header->left <= Instant::max() - now) {
    deadline = now + *header->left;
    call.timed = true;
    shared_.timers.arm(call.self.id, *deadline);
  }
  call.arrived = true;
  ++serving_;
  ++shared_.counters.arrived;
  out.push(CallArrived{.call = call.self.id,
                       .link = call.self.at.link,
                       .remote = call.link->remote,
                       .identity = call.link->identity,
                       .method = std::move(header->method),
                       .deadline = deadline,
                       .metadata = std::move(header->metadata)});
  return true;
}

void Callee::on_stream_reset(Instant, const StreamReset& fact, Outbox& out) {
  if (Call* call = calls_.find(StreamKey{fact.link, fact.stream})) {
    call->half_closed = true;  // this direction is over: there is nothing to stop
    return abort(*call, StreamCode::cancelled, caller_reset(fact.code), out);
  }
  // Reset before any of it came here: no call. Our direction would stay open for ever.
  if (is_new(fact.link, fact.stream)) {
    out.push(ResetStream{fact.link, fact.stream, StreamCode::cancelled});
  }
}

void Callee::on_stream_stopped(Instant, const StreamStopped& fact, Outbox& out) {
  if (Call* call = calls_.find(StreamKey{fact.link, fact.stream})) {
    call->sender.close();
    return abort(*call, StreamCode::cancelled, caller_reset(fact.code), out);
  }
  // Nobody waits for an answer to what has not even begun.
  if (is_new(fact.link, fact.stream)) {
    out.push(StopStream{fact.link, fact.stream, StreamCode::cancelled});
  }
}

bool Callee::is_new(LinkId link, StreamId stream) {
  const auto found = links_.find(link);
  return found != links_.end() && found->second.seen.begin(stream.value / 4);
}

void Callee::on_stream_drained(Instant, const StreamDrained& fact, Outbox& out) {
  Call* call = calls_.find(StreamKey{fact.link, fact.stream});
  if (call != nullptr && call->sender.on_drained(shared_.config)) {
    out.push(CallWritable{call->self.id});
  }
}

// A reset and not a status: what the caller has not received yet would only delay the news, and
// its own clock says the same at about this time.
void Callee::on_deadline(Instant, CallId id, Outbox& out) {
  Call* call = calls_.find(id);
  ENGINE_ASSERT(call != nullptr);
  call->timed = false;
  abort(*call, StreamCode::deadline_exceeded, too_late(true), out);
}

// -------------------------------------------------------------------------------------- commands

Outcome Callee::send(Instant, SendMessage&& command, Outbox& out) {
  Call* call = calls_.find(command.call);
  if (call == nullptr || !call->arrived) return Outcome::unknown_call;
  if (command.message.size() > shared_.config.message_max) return Outcome::message_too_large;
  if (!call->sender.accepts(command.message.size(), shared_.config)) return Outcome::not_writable;
  call->headers_over = true;
  call->sender.write_message(shared_, call->self.at, {}, std::move(command.message), false, out);
  return Outcome::done;
}

Outcome Callee::send_headers(Instant, SendHeaders&& command, Outbox& out) {
  Call* call = calls_.find(command.call);
  if (call == nullptr || !call->arrived) return Outcome::unknown_call;
  if (call->headers_over) return Outcome::already_half_closed;
  if (!valid_keys(command.metadata)) return Outcome::bad_metadata;
  if (metadata_weight(command.metadata) > shared_.config.metadata_max) {
    return Outcome::metadata_too_large;
  }
  call->headers_over = true;
  Bytes frames;
  frames.reserve(response_header_size(command.metadata));
  append_response_header(frames, command.metadata);
  call->sender.write(shared_, call->self.at, std::move(frames), false, out);
  return Outcome::done;
}

Outcome Callee::consume(Instant, const ConsumeMessages& command, Outbox& out) {
  Call* call = calls_.find(command.call);
  if (call == nullptr || !call->arrived) return Outcome::unknown_call;
  call->credit.consumed(command.bytes, command.messages);
  if (const std::uint64_t bytes = call->credit.take(); bytes > 0) {
    out.push(ConsumeStream{call->self.at.link, call->self.at.stream, bytes});
  }
  return Outcome::done;
}

Outcome Callee::finish(Instant, FinishCall&& command, Outbox& out) {
  Call* call = calls_.find(command.call);
  if (call == nullptr || !call->arrived) return Outcome::unknown_call;
  if (!valid_keys(command.trailers)) return Outcome::bad_metadata;
  if (trailer_weight(command.status, command.trailers) > shared_.config.metadata_max) {
    return Outcome::metadata_too_large;
  }
  if (command.message && command.message->size() > shared_.config.message_max) {
    return Outcome::message_too_large;
  }
  const std::size_t end = trailer_size(command.status, command.trailers);
  Bytes frames;
  if (command.message && is_small(*command.message)) {
    ++shared_.counters.messages_sent;
    frames.reserve(message_room(*command.message) + end);
    append_small(frames, *command.message);
  } else {
    if (command.message) {
      call->sender.write_message(shared_, call->self.at, {}, std::move(*command.message), false,
                                 out);
    }
    frames.reserve(end);
  }
  append_trailer(frames, command.status, command.trailers);
  call->sender.write(shared_, call->self.at, std::move(frames), true, out);
  shared_.counters.count_answered(command.status.code);
  stop(*call, StreamCode::none, out);
  forget(*call, std::nullopt, out);
  return Outcome::done;
}

std::vector<LinkId> Callee::idle_links() const {
  std::vector<LinkId> found;
  for (const auto& [link, calls] : links_) {
    if (!link.dialled() && calls.open.empty()) found.push_back(link);
  }
  return found;
}

bool Callee::is_writable(CallId id) const {
  const Call* call = calls_.find(id);
  return call != nullptr && call->sender.writable(shared_.config);
}

// ------------------------------------------------------------------------------------------ ends

void Callee::malformed(Call& call, const char* what, Outbox& out) {
  ++shared_.counters.malformed;
  abort(call, StreamCode::protocol_error, rpc::malformed(what), out);
}

void Callee::exceed(Call& call, Status status, Outbox& out) {
  ++shared_.counters.too_large;
  const Metadata trailers = call.arrived ? Metadata{} : not_started();
  Bytes frames;
  frames.reserve(trailer_size(status, trailers));
  append_trailer(frames, status, trailers);
  call.sender.write(shared_, call.self.at, std::move(frames), true, out);
  stop(call, StreamCode::none, out);
  forget(call, std::move(status), out);
}

void Callee::abort(Call& call, StreamCode code, Status status, Outbox& out) {
  if (!call.sender.closed()) {
    out.push(ResetStream{call.self.at.link, call.self.at.stream, code});
  }
  stop(call, code, out);
  forget(call, std::move(status), out);
}

void Callee::stop(const Call& call, StreamCode code, Outbox& out) {
  if (!call.half_closed) out.push(StopStream{call.self.at.link, call.self.at.stream, code});
}

void Callee::forget(Call& call, std::optional<Status> aborted, Outbox& out) {
  const CallId id = call.self.id;
  const bool arrived = call.arrived;
  if (arrived) --serving_;
  if (call.timed) shared_.timers.disarm(id);
  calls_.unlink(call.link->open, call);
  calls_.remove(call);
  if (!arrived || !aborted) return;
  ++shared_.counters.aborted;
  out.push(CallAborted{id, std::move(*aborted)});
}

}  // namespace rpcnet::rpc
