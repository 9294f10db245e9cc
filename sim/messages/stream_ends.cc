// What else happens to a stream: reset, stop, credit, acknowledgement, drain.
#include <algorithm>
#include <utility>

#include "sim/messages/messages_network.h"

namespace rpcnet::sim::messages {
namespace {

// A reset carries its code and the final size of what was sent (RFC 9000 19.4).
constexpr std::uint64_t kCodeBits = 16;

}  // namespace

void MessagesNetwork::reset_stream(HostIndex host, const ResetStream& order) {
  const auto ref = lookup(host, order.link);
  if (!ref || end(*ref).state != EndState::up) return;
  send_reset(*ref, order.stream.value, static_cast<std::uint64_t>(order.code));
}

void MessagesNetwork::send_reset(Ref ref, std::uint64_t id, std::uint64_t code) {
  Stream* stream = find_stream(ref, id);
  if (stream == nullptr || stream->out.reset || stream->out.ended) return;
  Sending& out = stream->out;
  out.reset = true;
  out.queue.clear();
  out.front_sent = 0;
  out.written = out.sent;
  out.acknowledged = out.sent;
  send_frame(ref, FrameType::reset, id, (out.sent << kCodeBits) | (code & ((1U << kCodeBits) - 1)),
             false, {});
  check_drain(ref, id, *stream);
}

void MessagesNetwork::on_stream_reset(Ref ref, std::uint64_t id, std::uint64_t value) {
  acknowledge(ref, id, 0, true, 0);
  Stream* stream = find_stream(ref, id);
  if (stream == nullptr) stream = open_stream(ref, id);
  if (stream == nullptr || stream->in.ended) return;
  Receiving& in = stream->in;
  in.early.clear();
  in.ended = true;
  in.final_size = value >> kCodeBits;
  const std::uint64_t code = value & ((1U << kCodeBits) - 1);
  if (!stream->begun) {
    // The engine never heard of it and is not told now: our direction ends by itself.
    send_reset(ref, id, code);
  } else if (!in.stopped) {
    const std::uint32_t generation = at(ref).generation;
    world_.deliver(end(ref).host, StreamReset{end(ref).link, StreamId{id}, code});
    if (at(ref).generation != generation || end(ref).state != EndState::up) return;
  }
  finish_stream(ref, id);
}

void MessagesNetwork::stop_stream(HostIndex host, const StopStream& order) {
  const auto ref = lookup(host, order.link);
  if (!ref || end(*ref).state != EndState::up) return;
  const std::uint64_t id = order.stream.value;
  Stream* stream = find_stream(*ref, id);
  if (stream == nullptr || stream->in.stopped || stream->in.ended) return;
  stream->in.stopped = true;
  // What was told and not consumed is dropped with the rest.
  const std::uint64_t dropped = stream->in.next - stream->in.consumed;
  stream->in.consumed = stream->in.next;
  credit_link(*ref, dropped);
  send_frame(*ref, FrameType::stop, id, static_cast<std::uint64_t>(order.code), false, {});
}

void MessagesNetwork::on_stream_stop(Ref ref, std::uint64_t id, std::uint64_t code) {
  Stream* stream = find_stream(ref, id);
  if (stream == nullptr) stream = open_stream(ref, id);
  if (stream == nullptr || stream->out.ended || stream->out.reset) return;
  send_reset(ref, id, code);
  if (!stream->begun) {
    stream->stop_untold = code;
    return;
  }
  world_.deliver(end(ref).host, StreamStopped{end(ref).link, StreamId{id}, code});
}

void MessagesNetwork::consume_stream(HostIndex host, const ConsumeStream& order) {
  const auto ref = lookup(host, order.link);
  if (!ref || end(*ref).state != EndState::up) return;
  Stream* stream = find_stream(*ref, order.stream.value);
  if (stream == nullptr || stream->in.stopped) return;
  Receiving& in = stream->in;
  if (order.bytes > in.next - in.consumed) {
    world_.violation(host, "ConsumeStream of more than was received");
    return;
  }
  in.consumed += order.bytes;
  credit_stream(*ref, order.stream.value, *stream);
  credit_link(*ref, order.bytes);
}

void MessagesNetwork::credit_stream(Ref ref, std::uint64_t id, Stream& stream) {
  Receiving& in = stream.in;
  const std::uint64_t limit = in.consumed + config_.stream_window_bytes;
  if (in.ended || in.final_size || limit - in.limit < config_.stream_window_bytes / 4) return;
  in.limit = limit;
  send_frame(ref, FrameType::stream_credit, id, limit, false, {});
}

void MessagesNetwork::credit_link(Ref ref, std::uint64_t bytes) {
  End& one = end(ref);
  Flow& flow = flow_of(one);
  flow.data_credited += bytes;
  const std::uint64_t limit = flow.data_credited + config_.link_window_bytes;
  if (limit - flow.data_limit_given < config_.link_window_bytes / 4) return;
  flow.data_limit_given = limit;
  send_frame(ref, FrameType::link_credit, 0, limit, false, {});
}

void MessagesNetwork::acknowledge(Ref ref, std::uint64_t stream, std::uint64_t bytes, bool final,
                                  std::uint64_t tries) {
  Happening answer = make(Kind::acknowledgement, other(ref), false);
  answer.b = stream;
  answer.c = bytes;
  answer.d = final ? 1 : 0;
  const Fate fate = cross(ref, 40);
  if (!fate.lost) {
    world_.schedule(world_.now() + fate.delay, end(ref).host, std::move(answer));
    return;
  }
  // The sender will send again and be acknowledged again.
  ++counters_.retransmissions;
  Happening again = make(Kind::acknowledgement_retry, ref, true);
  again.b = stream;
  again.c = bytes;
  again.d = (final ? 1 : 0) | ((tries + 1) << 1);
  set_timer(ref, retry_after(ref, tries), std::move(again));
}

void MessagesNetwork::on_acknowledgement(Ref ref, const Happening& happening) {
  if (!alive(ref) || end(ref).state != EndState::up) return;
  heard(ref, world_.now());
  Stream* stream = find_stream(ref, happening.b);
  if (stream == nullptr) return;
  Sending& out = stream->out;
  if (!out.reset) out.acknowledged += happening.c;
  if ((happening.d & 1) != 0) out.ended = true;
  check_drain(ref, happening.b, *stream);
  finish_stream(ref, happening.b);
}

void MessagesNetwork::watch_drain(HostIndex host, const WatchDrain& order) {
  const auto ref = lookup(host, order.link);
  if (!ref || end(*ref).state != EndState::up) return;
  Stream* stream = find_stream(*ref, order.stream.value);
  if (stream == nullptr) return;
  stream->out.low_mark = order.low_mark;
  check_drain(*ref, order.stream.value, *stream);
}

void MessagesNetwork::check_drain(Ref ref, std::uint64_t id, Stream& stream) {
  Sending& out = stream.out;
  if (!out.low_mark || out.unacknowledged() > *out.low_mark) return;
  out.low_mark.reset();
  Happening drained = make(Kind::drained, ref, false);
  drained.b = id;
  world_.schedule(world_.now(), end(ref).host, std::move(drained));
}

}  // namespace rpcnet::sim::messages
