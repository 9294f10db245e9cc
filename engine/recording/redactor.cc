// Which link and which stream, and what of a struct is the application's.
#include "engine/recording/redactor.h"

#include <string>
#include <string_view>
#include <utility>

namespace rpcnet::recording {
namespace {

constexpr std::string_view kOurs = "rpcnet-";

void blank(std::string& text) { text.assign(text.size(), '\0'); }
void blank(Bytes& bytes) { bytes.assign(bytes.size(), 0); }

void blank(Metadata& metadata) {
  for (auto& [key, value] : metadata) {
    if (!key.starts_with(kOurs)) blank(value);
  }
}

void blank(Status& status) {
  blank(status.message);
  blank(status.details);
}

// Messages may be large: only their size is copied.
std::optional<Bytes> zeros_for(const std::optional<Bytes>& message) {
  return message ? std::optional(Bytes(message->size())) : std::nullopt;
}

StartCall redacted_one(const StartCall& x) {
  StartCall copy{.call = x.call, .peer = x.peer, .method = x.method, .deadline = x.deadline};
  copy.metadata = x.metadata;
  copy.message = zeros_for(x.message);
  copy.last = x.last;
  copy.wait_for_ready = x.wait_for_ready;
  blank(copy.metadata);
  return copy;
}
SendMessage redacted_one(const SendMessage& x) { return {x.call, Bytes(x.message.size()), x.last}; }
SendHeaders redacted_one(const SendHeaders& x) {
  SendHeaders copy = x;
  blank(copy.metadata);
  return copy;
}
FinishCall redacted_one(const FinishCall& x) {
  FinishCall copy{x.call, zeros_for(x.message), x.status, x.trailers};
  blank(copy.status);
  blank(copy.trailers);
  return copy;
}
CallArrived redacted_one(CallArrived x) {
  blank(x.metadata);
  return x;
}
MessageArrived redacted_one(const MessageArrived& x) { return {x.call, Bytes(x.message.size())}; }
HeadersArrived redacted_one(HeadersArrived x) {
  blank(x.metadata);
  return x;
}
CallFinished redacted_one(CallFinished x) {
  blank(x.status);
  blank(x.trailers);
  return x;
}
CallAborted redacted_one(CallAborted x) {
  blank(x.status);
  return x;
}
template <typename T>
T redacted_one(const T& x) {
  return x;
}

}  // namespace

Command redacted(const Command& command) {
  return std::visit([](const auto& x) { return Command(redacted_one(x)); }, command);
}

// ------------------------------------------------------------------------------- links and streams

Redactor::RpcLink* Redactor::find(LinkId link) {
  const auto found = links_.find(link);
  return found != links_.end() ? &found->second : nullptr;
}

Redactor::Stream* Redactor::find(LinkId link, StreamId stream) {
  RpcLink* of = find(link);
  if (of == nullptr) return nullptr;
  const auto found = of->streams.find(stream);
  return found != of->streams.end() ? &found->second : nullptr;
}

// The peer's streams begin with what comes of them, each once; our own with what we write.
Redactor::Stream* Redactor::find_or_begin(LinkId link, StreamId stream) {
  if (Stream* known = find(link, stream)) return known;
  RpcLink* of = find(link);
  if (of == nullptr || stream.opened_by_dialler() == link.dialled()) return nullptr;
  if (!of->seen.begin(stream.value / 4)) return nullptr;
  return &(of->streams[stream] = {FrameMask(), FrameMask()});
}

void Redactor::end_direction(LinkId link, StreamId stream,
                             std::optional<FrameMask> Stream::* direction) {
  Stream* known = find(link, stream);
  if (known == nullptr) return;
  (known->*direction).reset();
  if (!known->in && !known->out) links_.find(link)->second.streams.erase(stream);
}

std::size_t Redactor::streams() const {
  std::size_t count = 0;
  for (const auto& [id, link] : links_) count += link.streams.size();
  return count;
}

void Redactor::on_fact(const Fact& fact) {
  if (const auto* up = std::get_if<LinkUp>(&fact)) {
    if (up->protocol == Protocol::gossip) {
      gossip_.insert(up->link);
    } else {
      links_[up->link];
    }
  } else if (const auto* down = std::get_if<LinkDown>(&fact)) {
    gossip_.erase(down->link);
    links_.erase(down->link);
  } else if (const auto* reset = std::get_if<StreamReset>(&fact)) {
    find_or_begin(reset->link, reset->stream);
    end_direction(reset->link, reset->stream, &Stream::in);
  } else if (const auto* stopped = std::get_if<StreamStopped>(&fact)) {
    find_or_begin(stopped->link, stopped->stream);
    end_direction(stopped->link, stopped->stream, &Stream::out);
  }
}

void Redactor::on_order(const Order& order) {
  if (const auto* close = std::get_if<CloseLink>(&order)) {
    gossip_.erase(close->link);
    links_.erase(close->link);
  } else if (const auto* reset = std::get_if<ResetStream>(&order)) {
    end_direction(reset->link, reset->stream, &Stream::out);
  } else if (const auto* stop = std::get_if<StopStream>(&order)) {
    end_direction(stop->link, stop->stream, &Stream::in);
  }
}

// ----------------------------------------------------------------------------------------- content

Fact Redactor::redacted(const Fact& fact, Bytes& storage) {
  on_fact(fact);
  if (const auto* datagram = std::get_if<DatagramReceived>(&fact)) {
    if (gossip_.contains(datagram->link)) return fact;
    storage.assign(datagram->bytes.size(), 0);
    return DatagramReceived{datagram->link, storage};
  }
  if (const auto* data = std::get_if<StreamData>(&fact)) {
    if (gossip_.contains(data->link)) return fact;
    Stream* stream = find_or_begin(data->link, data->stream);
    if (stream != nullptr && stream->in) {
      storage = stream->in->pass(data->bytes);
    } else {
      storage.assign(data->bytes.size(), 0);
    }
    if (data->fin) end_direction(data->link, data->stream, &Stream::in);
    return StreamData{data->link, data->stream, storage, data->fin};
  }
  return fact;
}

Output Redactor::redacted(const Output& output) {
  if (const auto* event = std::get_if<Event>(&output)) {
    return std::visit([](const auto& x) { return Event(redacted_one(x)); }, *event);
  }
  const Order& order = std::get<Order>(output);
  on_order(order);
  const auto* write = std::get_if<WriteStream>(&order);
  if (write == nullptr || gossip_.contains(write->link)) return order;
  Stream* stream = find(write->link, write->stream);
  if (RpcLink* of = find(write->link); stream == nullptr && of != nullptr) {
    // The first write to a stream of our own; the answer comes on it.
    if (write->stream.opened_by_dialler() == write->link.dialled()) {
      stream = &(of->streams[write->stream] = {FrameMask(), FrameMask()});
    }
  }
  WriteStream copy{write->link, write->stream, {}, write->fin};
  if (stream != nullptr && stream->out) {
    copy.bytes = stream->out->pass(write->bytes);
  } else {
    copy.bytes.assign(write->bytes.size(), 0);
  }
  if (write->fin) end_direction(write->link, write->stream, &Stream::out);
  return Order(std::move(copy));
}

}  // namespace rpcnet::recording
