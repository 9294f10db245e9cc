// Outgoing calls.
#include "engine/rpc/caller.h"

#include <limits>
#include <utility>

#include "engine/assert.h"
#include "engine/rpc/frame.h"
#include "engine/rpc/words.h"

namespace rpcnet::rpc {
namespace {

// Both may lie anywhere on the time line, so the difference is taken where it cannot overflow.
std::optional<Duration> time_left(Instant now, std::optional<Instant> deadline) {
  if (!deadline) return std::nullopt;
  const auto left = static_cast<std::uint64_t>(deadline->time_since_epoch().count()) -
                    static_cast<std::uint64_t>(now.time_since_epoch().count());
  if (left > static_cast<std::uint64_t>(std::numeric_limits<Duration::rep>::max())) {
    return std::nullopt;
  }
  return Duration(static_cast<Duration::rep>(left));
}

}  // namespace

// ----------------------------------------------------------------------------------------- facts

void Caller::on_link_up(Instant now, Link& link, Outbox& out) {
  if (link.id.dialled()) {
    links_[link.id].idle_since = now;
    if (const Duration period = idle_max(link); period > Duration::zero()) {
      idle_.arm(link.id, now + period);
    }
  }
  open_waiting(now, link, out);
  // It is full already, and there is more to do: one more is dialled, if there may be one.
  if (const Call* call = next_waiting(link)) {
    shared_.links.reach(now, call->waiting->start.peer, out);
  }
}

void Caller::on_streams_allowed(Instant now, Link& link, Outbox& out) {
  open_waiting(now, link, out);
}

void Caller::on_link_down(Instant now, const LinkDown& fact, Outbox& out) {
  idle_.disarm(fact.link);
  const auto found = links_.find(fact.link);
  if (found == links_.end()) return;
  for (const CallId id : calls_.sorted({found->second.open, found->second.waiting})) {
    Call& call = *calls_.find(id);
    // Who has begun to answer has begun the call, whatever it says.
    const bool sent = call.self.bound && (call.headers_over || !was_drained(fact));
    if (!call.self.bound && move_waiting(now, call, out)) continue;
    if (!call.self.bound && call.waiting->start.wait_for_ready) {
      dequeue(call);
      call.waiting->trouble = link_lost(fact, false).message;
      seek(now, call, out);
      continue;
    }
    finish(call, link_lost(fact, sent), sent ? Metadata{} : not_started(), out);
  }
  links_.erase(found);
}

void Caller::on_stream_data(Instant, const StreamData& fact, Outbox& out) {
  shared_.counters.bytes_received += fact.bytes.size();
  Call* call = calls_.find(StreamKey{fact.link, fact.stream});
  if (call == nullptr) return;  // these bytes crossed our StopStream
  call->credit.arrived(fact.bytes.size());
  for (BytesView rest = fact.bytes; !rest.empty();) {
    const Assembler::Step step = call->frames.next(rest, shared_.config);
    if (step == Assembler::Step::need_more) break;
    if (step == Assembler::Step::unknown_type) {
      return malformed(*call, fact.fin, "unknown frame type", out);
    }
    if (step == Assembler::Step::too_large) {
      return exceed(
          *call, fact.fin,
          over_limit("response", call->frames.type(), call->frames.length(), shared_.config), out);
    }
    if (!on_frame(*call, rest, fact.fin, out)) return;
  }
  if (fact.fin) {
    return malformed(*call, true,
                     call->frames.between_frames() ? "the response ended without a status"
                                                   : "the response ended inside a frame",
                     out);
  }
  if (const std::uint64_t bytes = call->credit.take(); bytes > 0) {
    out.push(ConsumeStream{fact.link, fact.stream, bytes});
  }
}

bool Caller::on_frame(Call& call, BytesView rest, bool fin, Outbox& out) {
  const auto fail = [&](const char* what) {
    malformed(call, fin, what, out);
    return false;
  };
  const auto too_heavy = [&](const Metadata& metadata) {
    const std::size_t weight = metadata_weight(metadata);
    if (weight <= shared_.config.metadata_max) return false;
    exceed(call, fin, over_limit("response", call.frames.type(), weight, shared_.config), out);
    return true;
  };
  switch (call.frames.type()) {
    case FrameType::request_header: return fail("a request header in a response");
    case FrameType::response_header: {
      if (call.headers_over) return fail("a response header out of place");
      auto metadata = parse_response_header(call.frames.payload());
      if (!metadata) return fail("bad response header");
      if (too_heavy(*metadata)) return false;
      call.headers_over = true;
      out.push(HeadersArrived{call.self.id, std::move(*metadata)});
      return true;
    }
    case FrameType::message: {
      call.headers_over = true;
      ++shared_.counters.messages_received;
      const std::uint64_t end = call.credit.received() - rest.size();
      const std::uint64_t content = call.frames.length();
      call.credit.delivered(end - content - call.frames.head_size(), content);
      out.push(MessageArrived{call.self.id, call.frames.take()});
      return true;
    }
    case FrameType::trailer: break;
  }
  auto trailer = parse_trailer(call.frames.payload());
  if (!trailer) return fail("bad trailer");
  if (!rest.empty()) return fail("data after the trailer");
  if (too_heavy(trailer->metadata)) return false;
  // The callee may answer before we half-closed: what we still had to say is of no interest to it.
  leave(call, fin, StreamCode::none, out);
  finish(call, std::move(trailer->status), std::move(trailer->metadata), out);
  return false;
}

void Caller::on_stream_reset(Instant, const StreamReset& fact, Outbox& out) {
  Call* call = calls_.find(StreamKey{fact.link, fact.stream});
  if (call == nullptr) return;
  const bool refused = fact.code == static_cast<std::uint64_t>(StreamCode::refused);
  leave(*call, true, StreamCode::none, out);
  finish(*call, callee_reset(fact.code), refused ? not_started() : Metadata{}, out);
}

// The callee reads no further; its status is still to come. Who waits to write must not wait on.
void Caller::on_stream_stopped(Instant, const StreamStopped& fact, Outbox& out) {
  Call* call = calls_.find(StreamKey{fact.link, fact.stream});
  if (call == nullptr) return;
  const bool was_writable = call->sender.writable(shared_.config);
  call->sender.close();
  if (!was_writable && !call->half_closed) out.push(CallWritable{call->self.id});
}

void Caller::on_stream_drained(Instant, const StreamDrained& fact, Outbox& out) {
  Call* call = calls_.find(StreamKey{fact.link, fact.stream});
  if (call == nullptr) return;
  const bool freed = call->sender.on_drained(shared_.config);
  if (freed && !call->sender.closed()) out.push(CallWritable{call->self.id});
}

void Caller::on_deadline(Instant, CallId id, Outbox& out) {
  Call* call = calls_.find(id);
  ENGINE_ASSERT(call != nullptr);
  call->timed = false;
  const bool sent = call->self.bound;
  const std::string trouble = sent ? std::string() : call->waiting->trouble;
  leave(*call, false, StreamCode::deadline_exceeded, out);
  finish(*call, too_late(sent, trouble), sent ? Metadata{} : not_started(), out);
}

void Caller::on_retry(Instant now, Outbox& out) {
  while (const auto id = parked_.pop_due(now)) {
    seek(now, *calls_.find(*id), out);
  }
}

void Caller::seek(Instant now, Call& call, Outbox& out) {
  Link* link = shared_.links.reach(now, call.waiting->start.peer, out);
  if (link == nullptr) return park(now, call);
  enqueue(call, *link);
  if (link->may_open_stream()) open_waiting(now, *link, out);
}

bool Caller::move_waiting(Instant now, Call& call, Outbox& out) {
  for (const LinkId id : shared_.links.dialled_for(call.waiting->start.peer)) {
    Link& link = *shared_.links.find(id);
    if (!link.up) continue;
    dequeue(call);
    enqueue(call, link);
    open_waiting(now, link, out);
    return true;
  }
  return false;
}

void Caller::enqueue(Call& call, const Link& link) {
  call.link = &links_[link.id];
  calls_.append(call.link->waiting, call);
  ++queued_;
}

void Caller::dequeue(Call& call) {
  calls_.unlink(call.link->waiting, call);
  call.link = nullptr;
  --queued_;
}

bool Caller::is_spare(const Link& link) const {
  for (const LinkId id : shared_.links.dialled_for({link.remote, link.expected})) {
    if (id != link.id && shared_.links.find(id)->up) return true;
  }
  return false;
}

Duration Caller::idle_max(const Link& link) const {
  const LinksConfig& config = shared_.links.config();
  const bool spare = config.spare_idle_max > Duration::zero() && is_spare(link);
  return spare ? config.spare_idle_max : config.idle_max;
}

std::optional<LinkId> Caller::take_idle(Instant now) {
  while (const auto id = idle_.pop_due(now)) {
    const Link& link = *shared_.links.find(*id);
    LinkCalls& calls = links_.at(*id);
    const Duration limit = idle_max(link);
    if (std::exchange(calls.used, false) || !calls.open.empty() || !calls.waiting.empty()) {
      calls.idle_since = now;
    } else if (limit > Duration::zero() && now - calls.idle_since >= limit) {
      links_.erase(*id);
      return id;
    }
    if (limit > Duration::zero()) idle_.arm(*id, now + limit);
  }
  return std::nullopt;
}

void Caller::park(Instant now, Call& call) {
  parked_.arm(call.self.id, shared_.links.retry_at(now, call.waiting->start.peer.address));
}

// -------------------------------------------------------------------------------------- commands

std::optional<Outcome> Caller::refusal(const StartCall& command) const {
  if (command.method.empty() || command.method.size() > kMethodMax) return Outcome::bad_method;
  if (!valid_keys(command.metadata)) return Outcome::bad_metadata;
  if (metadata_weight(command.metadata) > shared_.config.metadata_max) {
    return Outcome::metadata_too_large;
  }
  if (command.message && command.message->size() > shared_.config.message_max) {
    return Outcome::message_too_large;
  }
  if (!command.call.outgoing() || calls_.find(command.call) != nullptr) {
    return Outcome::call_exists;
  }
  if (calls_.size() >= shared_.config.calls_max) return Outcome::too_many_calls;
  return std::nullopt;
}

Outcome Caller::start(Instant now, StartCall&& command, Outbox& out) {
  if (const auto refused = refusal(command)) return *refused;
  ++shared_.counters.started;
  if (command.deadline && *command.deadline <= now) {
    tell_finished(command.call, too_late(false), not_started(), out);
    return Outcome::done;
  }
  Link* link = shared_.links.reach(now, command.peer, out);
  if (link == nullptr && !command.wait_for_ready) {
    tell_finished(command.call, unreachable(command.peer.address), not_started(), out);
    return Outcome::done;
  }
  Call& call = calls_.add(command.call);
  call.half_closed = command.last;
  if (command.deadline) {
    call.timed = true;
    shared_.timers.arm(command.call, *command.deadline);
  }
  if (link != nullptr && link->may_open_stream()) {
    call.link = &links_[link->id];
    open(now, call, *link, std::move(command), out);
    return Outcome::done;
  }
  if (command.message) call.sender.wait(*command.message);
  call.waiting = std::make_unique<Waiting>(Waiting{std::move(command), {}, false, {}});
  if (link != nullptr) {
    enqueue(call, *link);
  } else {
    call.waiting->trouble = unreachable(call.waiting->start.peer.address).message;
    park(now, call);
  }
  return Outcome::done;
}

void Caller::open(Instant now, Call& call, Link& link, StartCall&& start, Outbox& out) {
  const StreamKey at{link.id, shared_.links.open_stream(link)};
  calls_.bind(call, at);
  calls_.append(call.link->open, call);
  call.link->used = true;
  const auto left = time_left(now, start.deadline);
  Bytes frames;
  frames.reserve(request_header_size(left, start.method, start.metadata) +
                 (start.message ? message_room(*start.message) : 0));
  append_request_header(frames, left, start.method, start.metadata);
  if (start.message) {
    call.sender.write_message(shared_, at, std::move(frames), std::move(*start.message), start.last,
                              out);
  } else {
    call.sender.write(shared_, at, std::move(frames), start.last, out);
  }
}

void Caller::open_waiting(Instant now, Link& link, Outbox& out) {
  while (Call* call = link.may_open_stream() ? next_waiting(link) : nullptr) {
    StartCall& start = call->waiting->start;
    if (start.deadline && *start.deadline <= now) {
      finish(*call, too_late(false), not_started(), out);
      continue;
    }
    dequeue(*call);
    call->link = &links_[link.id];
    const std::unique_ptr<Waiting> waiting = std::move(call->waiting);
    call->sender.opened();
    std::vector<Bytes>& messages = waiting->messages;
    if (messages.empty() && waiting->last) start.last = true;
    open(now, *call, link, std::move(start), out);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const bool last = waiting->last && i + 1 == messages.size();
      call->sender.write_message(shared_, call->self.at, {}, std::move(messages[i]), last, out);
    }
  }
}

Caller::Call* Caller::next_waiting(const Link& link) {
  if (queued_ == 0) return nullptr;
  const auto own = links_.find(link.id);
  if (own != links_.end() && !own->second.waiting.empty()) return calls_.front(own->second.waiting);
  if (!link.id.dialled()) return nullptr;
  for (const LinkId id : shared_.links.dialled_for({link.remote, link.expected})) {
    const auto sibling = links_.find(id);
    if (sibling != links_.end() && !sibling->second.waiting.empty()) {
      return calls_.front(sibling->second.waiting);
    }
  }
  return nullptr;
}

Outcome Caller::send(Instant, SendMessage&& command, Outbox& out) {
  Call* call = calls_.find(command.call);
  if (call == nullptr) return Outcome::unknown_call;
  if (call->half_closed || call->sender.closed()) return Outcome::already_half_closed;
  if (command.message.size() > shared_.config.message_max) return Outcome::message_too_large;
  if (!call->sender.accepts(command.message.size(), shared_.config)) return Outcome::not_writable;
  call->half_closed = command.last;
  if (call->waiting != nullptr) {
    call->sender.wait(command.message);
    call->waiting->messages.push_back(std::move(command.message));
    call->waiting->last = command.last;
  } else {
    call->sender.write_message(shared_, call->self.at, {}, std::move(command.message), command.last,
                               out);
  }
  return Outcome::done;
}

Outcome Caller::half_close(Instant, const HalfClose& command, Outbox& out) {
  Call* call = calls_.find(command.call);
  if (call == nullptr) return Outcome::unknown_call;
  if (call->half_closed) return Outcome::already_half_closed;
  call->half_closed = true;
  if (call->waiting != nullptr) {
    call->waiting->last = true;
  } else if (!call->sender.closed()) {
    call->sender.write(shared_, call->self.at, {}, true, out);
  }
  return Outcome::done;
}

Outcome Caller::cancel(Instant, const CancelCall& command, Outbox& out) {
  Call* call = calls_.find(command.call);
  if (call == nullptr) return Outcome::unknown_call;
  const bool sent = call->self.bound;
  leave(*call, false, StreamCode::cancelled, out);
  finish(*call, given_up(), sent ? Metadata{} : not_started(), out);
  return Outcome::done;
}

Outcome Caller::consume(Instant, const ConsumeMessages& command, Outbox& out) {
  Call* call = calls_.find(command.call);
  if (call == nullptr) return Outcome::unknown_call;
  call->credit.consumed(command.bytes, command.messages);
  if (const std::uint64_t bytes = call->credit.take(); bytes > 0) {
    out.push(ConsumeStream{call->self.at.link, call->self.at.stream, bytes});
  }
  return Outcome::done;
}

bool Caller::is_writable(CallId id) const {
  const Call* call = calls_.find(id);
  return call != nullptr && call->sender.writable(shared_.config);
}

// ----------------------------------------------------------------------------------------- ends

void Caller::malformed(Call& call, bool fin, const char* what, Outbox& out) {
  ++shared_.counters.malformed;
  leave(call, fin, StreamCode::protocol_error, out);
  finish(call, rpc::malformed(what), {}, out);
}

void Caller::exceed(Call& call, bool fin, Status status, Outbox& out) {
  ++shared_.counters.too_large;
  leave(call, fin, StreamCode::cancelled, out);
  finish(call, std::move(status), {}, out);
}

void Caller::leave(Call& call, bool peer_ended, StreamCode code, Outbox& out) {
  if (!call.self.bound) return;
  const auto [link, stream] = call.self.at;
  // After fin a reset is still of use where the call is given up: it drops what was not sent yet.
  if (!call.sender.closed() || code != StreamCode::none) {
    out.push(ResetStream{link, stream, code});
  }
  if (!peer_ended) out.push(StopStream{link, stream, code});
}

void Caller::finish(Call& call, Status&& status, Metadata&& trailers, Outbox& out) {
  const CallId id = call.self.id;
  if (call.timed) shared_.timers.disarm(id);
  if (call.link == nullptr) {
    parked_.disarm(id);
  } else if (call.self.bound) {
    calls_.unlink(call.link->open, call);
  } else {
    dequeue(call);
  }
  calls_.remove(call);
  tell_finished(id, std::move(status), std::move(trailers), out);
}

void Caller::tell_finished(CallId id, Status&& status, Metadata&& trailers, Outbox& out) {
  shared_.counters.count_finished(status.code);
  out.push(CallFinished{id, std::move(status), std::move(trailers)});
}

}  // namespace rpcnet::rpc
