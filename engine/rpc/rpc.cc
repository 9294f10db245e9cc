// Routes facts and commands to the role that they belong to.
#include "engine/rpc/rpc.h"

#include <algorithm>
#include <utility>

#include "engine/assert.h"

namespace rpcnet::rpc {

Rpc::Rpc(const RpcConfig& config, const LinksConfig& links, Rng rng, Numbering numbering)
    : shared_{.config = config,
              .links = Links(Protocol::rpc, links, rng, numbering.first_link, numbering.link_step),
              .timers = {}},
      caller_(shared_),
      callee_(shared_, numbering.first_call, numbering.call_step) {
  ENGINE_ASSERT(!numbering.first_call.outgoing());
  ENGINE_ASSERT(numbering.call_step > 0 && numbering.call_step % 2 == 0);
}

// ----------------------------------------------------------------------------------------- facts

void Rpc::on_link_up(Instant now, const LinkUp& fact, Outbox& out) {
  Link* link = shared_.links.on_up(now, fact, out);
  if (link == nullptr) return;
  callee_.on_link_up(*link);
  caller_.on_link_up(now, *link, out);
}

void Rpc::on_link_down(Instant now, const LinkDown& fact, Outbox& out) {
  shared_.links.on_down(now, fact);
  caller_.on_link_down(now, fact, out);
  callee_.on_link_down(now, fact, out);
}

void Rpc::on_stream_data(Instant now, const StreamData& fact, Outbox& out) {
  if (is_ours(fact.link, fact.stream)) {
    caller_.on_stream_data(now, fact, out);
  } else {
    callee_.on_stream_data(now, fact, out);
  }
}

void Rpc::on_stream_reset(Instant now, const StreamReset& fact, Outbox& out) {
  if (is_ours(fact.link, fact.stream)) {
    caller_.on_stream_reset(now, fact, out);
  } else {
    callee_.on_stream_reset(now, fact, out);
  }
}

void Rpc::on_stream_stopped(Instant now, const StreamStopped& fact, Outbox& out) {
  if (is_ours(fact.link, fact.stream)) {
    caller_.on_stream_stopped(now, fact, out);
  } else {
    callee_.on_stream_stopped(now, fact, out);
  }
}

void Rpc::on_stream_drained(Instant now, const StreamDrained& fact, Outbox& out) {
  if (is_ours(fact.link, fact.stream)) {
    caller_.on_stream_drained(now, fact, out);
  } else {
    callee_.on_stream_drained(now, fact, out);
  }
}

void Rpc::on_streams_allowed(Instant now, const StreamsAllowed& fact, Outbox& out) {
  shared_.links.on_streams_allowed(fact);
  if (Link* link = shared_.links.find(fact.link)) caller_.on_streams_allowed(now, *link, out);
}

// -------------------------------------------------------------------------------------- commands

Outcome Rpc::start(Instant now, StartCall&& command, Outbox& out) {
  return caller_.start(now, std::move(command), out);
}

Outcome Rpc::send(Instant now, SendMessage&& command, Outbox& out) {
  return command.call.outgoing() ? caller_.send(now, std::move(command), out)
                                 : callee_.send(now, std::move(command), out);
}

Outcome Rpc::half_close(Instant now, HalfClose&& command, Outbox& out) {
  return caller_.half_close(now, command, out);
}

Outcome Rpc::cancel(Instant now, CancelCall&& command, Outbox& out) {
  return caller_.cancel(now, command, out);
}

Outcome Rpc::consume(Instant now, ConsumeMessages&& command, Outbox& out) {
  return command.call.outgoing() ? caller_.consume(now, command, out)
                                 : callee_.consume(now, command, out);
}

Outcome Rpc::send_headers(Instant now, SendHeaders&& command, Outbox& out) {
  return callee_.send_headers(now, std::move(command), out);
}

Outcome Rpc::finish(Instant now, FinishCall&& command, Outbox& out) {
  return callee_.finish(now, std::move(command), out);
}

Outcome Rpc::stop_accepting(Instant, StopAccepting&&, Outbox&) {
  callee_.stop_accepting();
  return Outcome::done;
}

Outcome Rpc::close_drained(Instant now, Outbox& out) {
  for (const LinkId link : callee_.idle_links()) {
    close(now, link, CloseCode::drained, "drained", out);
  }
  return Outcome::done;
}

// No call runs on it, in either role.
void Rpc::close(Instant now, LinkId link, CloseCode code, std::string reason, Outbox& out) {
  shared_.links.close(link, code, std::move(reason), out);
  callee_.on_link_down(now, LinkDown{link, LinkEnd::closed_by_peer, 0, {}}, out);
}

// ------------------------------------------------------------------------------------- deadlines

void Rpc::on_deadline(Instant now, Outbox& out) {
  while (const auto call = shared_.timers.pop_due(now)) {
    if (call->outgoing()) {
      caller_.on_deadline(now, *call, out);
    } else {
      callee_.on_deadline(now, *call, out);
    }
  }
  caller_.on_retry(now, out);
  while (const auto idle = caller_.take_idle(now)) close(now, *idle, CloseCode::none, "idle", out);
}

std::optional<Instant> Rpc::deadline() const {
  std::optional<Instant> first;
  for (const auto& next : {shared_.timers.next(), caller_.next_retry(), caller_.next_idle()}) {
    if (next && (!first || *next < *first)) first = next;
  }
  return first;
}

bool Rpc::is_writable(CallId call) const {
  return call.outgoing() ? caller_.is_writable(call) : callee_.is_writable(call);
}

// RFC 9000 2.1: the two lowest bits tell who opened a stream.
bool Rpc::is_ours(LinkId link, StreamId stream) {
  return link.dialled() == stream.opened_by_dialler();
}

}  // namespace rpcnet::rpc
