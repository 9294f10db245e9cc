// Streams: cut into frames, each frame repeated until it arrives, told in order.
#include <algorithm>
#include <utility>

#include "sim/messages/messages_network.h"

namespace rpcnet::sim::messages {
namespace {

// Both ends number a stream alike: 4n by the dialler (side 0), 4n + 1 by the acceptor (side 1).
bool opened_by(std::uint8_t side, std::uint64_t id) { return id % 4 == side; }

constexpr std::uint64_t kFin = 1;

}  // namespace

// Made with the first stream.
Flow& MessagesNetwork::flow_of(End& one) const {
  if (!one.flow) {
    one.flow = std::make_unique<Flow>();
    one.flow->streams_allowed = config_.peer_streams_max;
    one.flow->data_limit = config_.link_window_bytes;
    one.flow->data_limit_given = config_.link_window_bytes;
  }
  return *one.flow;
}

Stream* MessagesNetwork::find_stream(Ref ref, std::uint64_t id) {
  const auto& flow = end(ref).flow;
  if (!flow) return nullptr;
  const auto found = flow->streams.find(id);
  return found == flow->streams.end() ? nullptr : &found->second;
}

// A stream that is new to this end; nullptr: it is over, or the peer never opened it.
Stream* MessagesNetwork::open_stream(Ref ref, std::uint64_t id) {
  End& one = end(ref);
  if (opened_by(ref.side, id)) return nullptr;
  Flow& flow = flow_of(one);
  if (id / 4 < flow.peer_done_below || flow.peer_done.contains(id / 4)) return nullptr;
  Stream& stream = flow.streams[id];
  ++hosts_[one.host].streams;
  stream.out.limit = config_.stream_window_bytes;
  stream.in.limit = config_.stream_window_bytes;
  start_pinging(ref);
  return &stream;
}

void MessagesNetwork::write_stream(HostIndex host, WriteStream&& order) {
  const auto ref = lookup(host, order.link);
  if (!ref || end(*ref).state != EndState::up) return;
  End& one = end(*ref);
  const std::uint64_t id = order.stream.value;
  Stream* stream = find_stream(*ref, id);
  if (stream == nullptr) {
    Flow& flow = flow_of(one);
    if (!opened_by(ref->side, id) || id / 4 < flow.streams_opened) return;  // over: orders cross
    if (id / 4 > flow.streams_opened || flow.streams_opened >= flow.streams_allowed) {
      world_.violation(host, "WriteStream opens a stream out of order or beyond streams_allowed");
      return;
    }
    ++flow.streams_opened;
    stream = &flow.streams[id];
    ++hosts_[one.host].streams;
    stream->begun = true;
    stream->out.limit = config_.stream_window_bytes;
    stream->in.limit = config_.stream_window_bytes;
    start_pinging(*ref);
  }
  Sending& out = stream->out;
  if (out.reset) return;  // the peer stopped it, or we did
  if (out.fin) {
    world_.violation(host, "WriteStream after fin");
    return;
  }
  out.written += order.bytes.size();
  out.fin = order.fin;
  counters_.stream_bytes += order.bytes.size();
  if (!order.bytes.empty()) out.queue.push_back(std::move(order.bytes));
  flush_stream(*ref, id);
}

void MessagesNetwork::flush_stream(Ref ref, std::uint64_t id) {
  Stream* stream = find_stream(ref, id);
  if (stream == nullptr || stream->out.reset) return;
  Flow& flow = *end(ref).flow;
  Sending& out = stream->out;
  while (!out.queue.empty()) {
    const std::uint64_t room = std::min(out.limit - out.sent, flow.data_limit - flow.data_sent);
    if (room == 0) return;
    Bytes& front = out.queue.front();
    const std::uint64_t whole = std::min(
        {static_cast<std::uint64_t>(front.size() - out.front_sent), room, config_.piece_max});
    // One frame in eight is cut anywhere, as packet ends would: parsers must not care.
    const Key key{Domain::stream, draw_entity(ref), id, out.sent};
    const std::uint64_t chance = keyed_.draw(key);
    const std::uint64_t size = chance % 8 == 0 ? 1 + mix(chance) % whole : whole;
    const auto begin = front.begin() + static_cast<std::ptrdiff_t>(out.front_sent);
    Bytes piece(begin, begin + static_cast<std::ptrdiff_t>(size));
    const std::uint64_t offset = out.sent;
    out.front_sent += size;
    out.sent += size;
    flow.data_sent += size;
    if (out.front_sent == front.size()) {
      out.queue.pop_front();
      out.front_sent = 0;
    }
    const bool fin = out.fin && out.queue.empty();
    out.fin_sent = out.fin_sent || fin;
    send_frame(ref, FrameType::data, id, offset, fin, std::move(piece));
  }
  if (out.fin && !out.fin_sent) {
    out.fin_sent = true;
    send_frame(ref, FrameType::data, id, out.sent, true, {});
  }
}

void MessagesNetwork::flush_all(Ref ref) {
  std::vector<std::uint64_t> waiting;
  for (const auto& [id, stream] : flow_of(end(ref)).streams) {
    if (!stream.out.queue.empty()) waiting.push_back(id);
  }
  for (const std::uint64_t id : waiting) flush_stream(ref, id);
}

void MessagesNetwork::send_frame(Ref ref, FrameType type, std::uint64_t stream, std::uint64_t value,
                                 bool fin, Bytes bytes) {
  Happening frame = make(Kind::frame, ref, false);
  frame.b = stream;
  frame.c = value;
  frame.d = (static_cast<std::uint64_t>(type) << 8) | (fin ? kFin : 0);
  frame.bytes = std::move(bytes);
  launch_frame(ref, std::move(frame));
}

// `ref` is the sender; a lost frame comes back here after the probe timeout.
void MessagesNetwork::launch_frame(Ref ref, Happening&& frame) {
  const std::uint64_t tries = frame.d >> 16;
  const std::uint64_t size = frame.bytes.size() + 40;
  const Ref peer = other(ref);
  End& one = end(ref);
  if (!one.waiting) {
    one.waiting = true;
    one.spoke = world_.now();
  }
  const Fate fate = cross(ref, size);
  if (fate.copy) ++counters_.duplicates_absorbed;
  if (!fate.lost) {
    frame.timer = false;
    frame.side = peer.side;
    frame.host = end(peer).host;
    world_.schedule(world_.now() + fate.delay, one.host, std::move(frame));
    return;
  }
  ++counters_.retransmissions;
  frame.kind = static_cast<std::uint8_t>(Kind::frame_retry);
  frame.timer = true;
  frame.side = ref.side;
  frame.host = one.host;
  frame.d += std::uint64_t{1} << 16;
  set_timer(ref, retry_after(ref, tries), std::move(frame));
}

void MessagesNetwork::on_frame(Ref ref, Happening&& frame) {
  if (arrive(ref) != Arrival::taken) {
    if (find(frame) == nullptr) return;
    const Ref sender = other(ref);
    frame.kind = static_cast<std::uint8_t>(Kind::frame_retry);
    frame.timer = true;
    frame.side = sender.side;
    frame.host = end(sender).host;
    const std::uint64_t tries = frame.d >> 16;
    frame.d += std::uint64_t{1} << 16;
    set_timer(sender, retry_after(sender, tries), std::move(frame));
    return;
  }
  const std::uint64_t id = frame.b;
  const std::uint64_t value = frame.c;
  const bool fin = (frame.d & kFin) != 0;
  switch (static_cast<FrameType>((frame.d >> 8) & 0xff)) {
    case FrameType::data: return on_data(ref, std::move(frame), fin);
    case FrameType::reset: return on_stream_reset(ref, id, value);
    case FrameType::stop: return on_stream_stop(ref, id, value);
    case FrameType::stream_credit:
      if (Stream* stream = find_stream(ref, id)) {
        stream->out.limit = std::max(stream->out.limit, value);
        flush_stream(ref, id);
      }
      return;
    case FrameType::link_credit:
      if (Flow& flow = flow_of(end(ref)); value > flow.data_limit) {
        flow.data_limit = value;
        flush_all(ref);
      }
      return;
    case FrameType::streams:
      if (Flow& flow = flow_of(end(ref)); value > flow.streams_allowed) {
        flow.streams_allowed = value;
        world_.deliver(end(ref).host, StreamsAllowed{end(ref).link, value});
      }
      return;
  }
}

void MessagesNetwork::on_data(Ref ref, Happening&& frame, bool fin) {
  const std::uint64_t id = frame.b;
  acknowledge(ref, id, frame.bytes.size(), fin, 0);
  Stream* stream = find_stream(ref, id);
  if (stream == nullptr) stream = open_stream(ref, id);
  if (stream == nullptr || stream->in.ended) return;  // a reset overtook it
  Receiving& in = stream->in;
  if (fin) in.final_size = frame.c + frame.bytes.size();
  in.early.emplace(frame.c, std::move(frame.bytes));
  deliver_in_order(ref, id);
}

// The engine may do anything while it is told, the end of the link included: all is looked up anew.
void MessagesNetwork::deliver_in_order(Ref ref, std::uint64_t id) {
  const std::uint32_t generation = at(ref).generation;
  for (;;) {
    if (at(ref).generation != generation || end(ref).state != EndState::up) return;
    Stream* stream = find_stream(ref, id);
    if (stream == nullptr || stream->in.ended) return;
    Receiving& in = stream->in;
    // An empty FIN may share its offset with nothing else: offsets of data are distinct.
    const auto first = in.early.begin();
    if (first == in.early.end() || first->first != in.next) return;
    const Bytes bytes = std::move(first->second);
    in.early.erase(first);
    in.next += bytes.size();
    const bool fin = in.final_size && *in.final_size == in.next;
    if (fin) in.ended = true;
    const HostIndex host = end(ref).host;
    const LinkId link = end(ref).link;
    if (in.stopped) {
      in.consumed += bytes.size();
      credit_link(ref, bytes.size());
      if (fin) finish_stream(ref, id);
      else credit_stream(ref, id, *stream);
      continue;
    }
    const bool first_word = !stream->begun;
    stream->begun = true;
    world_.deliver(host, StreamData{link, StreamId{id}, bytes, fin});
    if (at(ref).generation != generation || end(ref).state != EndState::up) return;
    stream = find_stream(ref, id);
    if (first_word && stream != nullptr && stream->stop_untold) {
      const std::uint64_t code = *stream->stop_untold;
      stream->stop_untold.reset();
      world_.deliver(host, StreamStopped{link, StreamId{id}, code});
      if (at(ref).generation != generation || end(ref).state != EndState::up) return;
    }
    if (fin) finish_stream(ref, id);
  }
}

void MessagesNetwork::finish_stream(Ref ref, std::uint64_t id) {
  End& one = end(ref);
  Stream* stream = find_stream(ref, id);
  if (stream == nullptr || !stream->in.ended || !stream->out.ended) return;
  // What the engine did not consume is nobody's any more: the link's window gets it back.
  const std::uint64_t left =
      std::max(stream->in.final_size.value_or(0), stream->in.next) - stream->in.consumed;
  Flow& flow = *one.flow;
  flow.streams.erase(id);
  --hosts_[one.host].streams;
  if (!opened_by(ref.side, id)) {
    flow.peer_done.insert(id / 4);
    while (!flow.peer_done.empty() && *flow.peer_done.begin() == flow.peer_done_below) {
      flow.peer_done.erase(flow.peer_done.begin());
      ++flow.peer_done_below;
    }
    ++flow.peer_streams_done;
    if (flow.peer_streams_done - flow.peer_streams_granted >=
        std::max<std::uint64_t>(config_.peer_streams_max / 4, 1)) {
      flow.peer_streams_granted = flow.peer_streams_done;
      send_frame(ref, FrameType::streams, 0, config_.peer_streams_max + flow.peer_streams_done,
                 false, {});
    }
  }
  credit_link(ref, left);
}

}  // namespace rpcnet::sim::messages
