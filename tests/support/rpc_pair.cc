// The pipe between two RPC machines.
#include "tests/support/rpc_pair.h"

#include <algorithm>
#include <stdexcept>

namespace rpcnet::test {
namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

}  // namespace

struct RpcPair::Action {
  enum class Kind : std::uint8_t { up, bytes, reset, stopped, drained, allowed };
  Kind kind{};
  std::size_t link = 0;
  std::uint64_t stream = 0;
  Side side{};  // who is told
};

RpcPair::RpcPair(PairOptions options)
    : options_(options),
      rng_(options.seed),
      now_(std::chrono::seconds(1)),
      machines_{Machine{rpc::Rpc(options.client, options.links, Rng(options.seed).fork(1))},
                Machine{rpc::Rpc(options.server, options.links, Rng(options.seed).fork(2))}} {}

template <typename Command, typename Method>
Outcome RpcPair::give(Side side, Command&& command, Method method) {
  Machine& machine = this->machine(side);
  const Outcome outcome = (machine.rpc.*method)(now_, std::move(command), machine.out);
  drain(side);
  return outcome;
}

Outcome RpcPair::give(Side s, StartCall c) { return give(s, std::move(c), &rpc::Rpc::start); }
Outcome RpcPair::give(Side s, SendMessage c) { return give(s, std::move(c), &rpc::Rpc::send); }
Outcome RpcPair::give(Side s, HalfClose c) { return give(s, std::move(c), &rpc::Rpc::half_close); }
Outcome RpcPair::give(Side s, CancelCall c) { return give(s, std::move(c), &rpc::Rpc::cancel); }
Outcome RpcPair::give(Side s, ConsumeMessages c) {
  return give(s, std::move(c), &rpc::Rpc::consume);
}
Outcome RpcPair::give(Side s, SendHeaders c) {
  return give(s, std::move(c), &rpc::Rpc::send_headers);
}
Outcome RpcPair::give(Side s, FinishCall c) { return give(s, std::move(c), &rpc::Rpc::finish); }
Outcome RpcPair::give(Side s, StopAccepting c) {
  return give(s, std::move(c), &rpc::Rpc::stop_accepting);
}

bool RpcPair::step() {
  auto actions = possible();
  if (actions.empty()) return false;
  // When facts cross orders, the machine hears of up to four things before the transport hears of
  // what it wants. An action may have become void by an earlier one: telling checks again.
  const std::uint64_t count = options_.cross ? 1 + rng_.below(4) : 1;
  for (std::uint64_t i = 0; i < count && !actions.empty(); ++i) {
    tell(actions[rng_.below(actions.size())]);
    actions = possible();
  }
  drain(Side::client);
  drain(Side::server);
  return true;
}

void RpcPair::advance(Duration by) {
  now_ += by;
  for (const Side side : {Side::client, Side::server}) {
    machine(side).rpc.on_deadline(now_, machine(side).out);
    drain(side);
  }
}

void RpcPair::lose_links(LinkEnd end) {
  for (const LinkState& link : std::exchange(links_, {})) {
    for (const Side side : {Side::client, Side::server}) {
      if (!link.up[index(side)] && side != link.dialler) continue;
      machine(side).rpc.on_link_down(now_, LinkDown{link.ids[index(side)], end, 0, "test"},
                                     machine(side).out);
    }
  }
  drain(Side::client);
  drain(Side::server);
}

std::uint64_t RpcPair::queued(Side from) const {
  std::uint64_t bytes = 0;
  for (const LinkState& link : links_) {
    for (const auto& [number, stream] : link.streams) {
      bytes += stream.halves[index(from)].queue.size();
    }
  }
  return bytes;
}

std::size_t RpcPair::open_streams() const {
  std::size_t count = 0;
  for (const LinkState& link : links_) {
    for (const auto& [number, stream] : link.streams) count += stream.counted ? 0 : 1;
  }
  return count;
}

RpcPair::LinkState* RpcPair::find(Side side, LinkId id) {
  const auto found = std::find_if(links_.begin(), links_.end(), [&](const LinkState& link) {
    return link.ids[index(side)] == id;
  });
  return found == links_.end() ? nullptr : &*found;
}

// ---------------------------------------------------------------------------------------- orders

void RpcPair::drain(Side side) {
  while (auto output = machine(side).out.poll()) {
    if (auto* order = std::get_if<Order>(&*output)) {
      perform(side, *order);
    } else {
      machine(side).events.push_back(std::move(std::get<Event>(*output)));
    }
  }
  for (LinkState& link : links_) count_finished(link);
}

void RpcPair::perform(Side side, const Order& order) {
  const auto half = [&](LinkId id, StreamId stream, Side writer) -> Half* {
    LinkState* link = find(side, id);
    if (link == nullptr) return nullptr;
    const auto found = link->streams.find(stream.value);
    require(found != link->streams.end(), "an order for a stream that never was");
    return &found->second.halves[index(writer)];
  };
  if (const auto* connect = std::get_if<Connect>(&order)) {
    LinkState link;
    link.dialler = side;
    link.ids[index(side)] = connect->link;
    link.ids[index(other(side))] = LinkId{next_accepted_};
    next_accepted_ += 2;
    link.allowed = link.allowed_told = {options_.streams, options_.streams};
    links_.push_back(std::move(link));
  } else if (const auto* written = std::get_if<WriteStream>(&order)) {
    write(side, *written);
  } else if (const auto* reset = std::get_if<ResetStream>(&order)) {
    if (Half* ours = half(reset->link, reset->stream, side); ours != nullptr && !ours->reset) {
      ours->queue.clear();
      ours->reset = static_cast<std::uint64_t>(reset->code);
    }
  } else if (const auto* stop = std::get_if<StopStream>(&order)) {
    if (Half* theirs = half(stop->link, stop->stream, other(side))) {
      theirs->queue.clear();
      theirs->over = true;
      if (!theirs->stop) theirs->stop = static_cast<std::uint64_t>(stop->code);
    }
  } else if (const auto* consume = std::get_if<ConsumeStream>(&order)) {
    if (Half* theirs = half(consume->link, consume->stream, other(side))) {
      require(consume->bytes > 0, "credit of nothing");
      theirs->consumed += consume->bytes;
      require(theirs->consumed <= theirs->received, "more credit than was received");
    }
  } else if (const auto* watch = std::get_if<WatchDrain>(&order)) {
    if (Half* ours = half(watch->link, watch->stream, side)) {
      require(!ours->low_mark, "watched twice");
      ours->low_mark = watch->low_mark;
    }
  } else if (const auto* close = std::get_if<CloseLink>(&order)) {
    const LinkState* found = find(side, close->link);
    require(found != nullptr, "closes a link that is gone");
    const LinkState link = *found;
    std::erase_if(links_, [&](const LinkState& one) { return one.ids == link.ids; });
    if (!link.up[index(other(side))]) return;
    const LinkDown down{link.ids[index(other(side))], LinkEnd::closed_by_peer,
                        static_cast<std::uint64_t>(close->code), close->reason};
    machine(other(side)).rpc.on_link_down(now_, down, machine(other(side)).out);
    drain(other(side));
  } else {
    throw std::logic_error("an order that RPC has no use for");
  }
}

void RpcPair::write(Side side, const WriteStream& order) {
  LinkState* link = find(side, order.link);
  if (link == nullptr) return;
  auto found = link->streams.find(order.stream.value);
  if (found == link->streams.end()) {
    std::uint64_t& opened = link->opened[index(side)];
    require(order.stream.value == opened * 4 + (side == link->dialler ? 0 : 1),
            "a stream opened out of order");
    require(opened < link->allowed_told[index(side)], "more streams than are allowed");
    ++opened;
    found = link->streams.emplace(order.stream.value, Stream{.opener = side}).first;
  }
  ++machine(side).writes;
  Half& half = found->second.halves[index(side)];
  if (half.stop) return;  // facts and orders cross
  require(half.writable(), "a write after the end of the stream");
  half.queue.insert(half.queue.end(), order.bytes.begin(), order.bytes.end());
  half.fin = order.fin;
}

// ----------------------------------------------------------------------------------------- facts

std::vector<RpcPair::Action> RpcPair::possible() const {
  using Kind = Action::Kind;
  std::vector<Action> actions;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const LinkState& link = links_[i];
    for (const Side side : {Side::client, Side::server}) {
      if (!link.up[index(side)]) {
        actions.push_back({Kind::up, i, 0, side});
      } else if (link.allowed[index(side)] > link.allowed_told[index(side)]) {
        actions.push_back({Kind::allowed, i, 0, side});
      }
    }
    if (!link.up[0] || !link.up[1]) continue;
    for (const auto& [number, stream] : link.streams) {
      for (const Side writer : {Side::client, Side::server}) {
        const Half& half = stream.halves[index(writer)];
        const Side reader = other(writer);
        if (!half.over && half.reset) actions.push_back({Kind::reset, i, number, reader});
        const std::uint64_t room = half.consumed + options_.window - half.received;
        const bool moves = half.queue.empty() ? half.fin : room > 0;
        if (!half.over && !half.reset && moves) {
          actions.push_back({Kind::bytes, i, number, reader});
        }
        if (half.stop && !half.stop_told) actions.push_back({Kind::stopped, i, number, writer});
        if (half.low_mark && half.queue.size() <= *half.low_mark) {
          actions.push_back({Kind::drained, i, number, writer});
        }
      }
    }
  }
  return actions;
}

void RpcPair::tell(const Action& action) {
  using Kind = Action::Kind;
  LinkState& link = links_[action.link];
  const std::size_t side = index(action.side);
  const LinkId id = link.ids[side];
  const StreamId stream{action.stream};
  Machine& told = machine(action.side);
  if (action.kind == Kind::up) {
    if (refuse_dials_) {
      const LinkId dialled = link.ids[index(link.dialler)];
      Machine& dialler = machine(link.dialler);
      links_.erase(links_.begin() + static_cast<std::ptrdiff_t>(action.link));
      dialler.rpc.on_link_down(now_, LinkDown{dialled, dial_end_, 0, ""}, dialler.out);
      return;
    }
    link.up[side] = true;
    told.rpc.on_link_up(now_,
                        LinkUp{.link = id,
                               .protocol = Protocol::rpc,
                               .remote = server_peer().address,
                               .identity = std::nullopt,
                               .streams_allowed = link.allowed_told[side]},
                        told.out);
    return;
  }
  if (action.kind == Kind::allowed) {
    link.allowed_told[side] = link.allowed[side];
    told.rpc.on_streams_allowed(now_, StreamsAllowed{id, link.allowed[side]}, told.out);
    return;
  }
  Stream& state = link.streams.at(action.stream);
  Half& ours = state.halves[side];
  Half& theirs = state.halves[index(other(action.side))];
  switch (action.kind) {
    case Kind::bytes: tell_bytes(action.side, link, action.stream, theirs); break;
    case Kind::reset:
      theirs.over = true;
      told.rpc.on_stream_reset(now_, StreamReset{id, stream, *theirs.reset}, told.out);
      break;
    case Kind::stopped:
      ours.stop_told = true;
      ours.queue.clear();
      if (!ours.reset) ours.reset = ours.stop;
      told.rpc.on_stream_stopped(now_, StreamStopped{id, stream, *ours.stop}, told.out);
      break;
    case Kind::drained:
      ours.low_mark.reset();
      told.rpc.on_stream_drained(now_, StreamDrained{id, stream}, told.out);
      break;
    case Kind::up:
    case Kind::allowed: break;
  }
}

void RpcPair::tell_bytes(Side reader, LinkState& link, std::uint64_t number, Half& half) {
  const std::uint64_t room = half.consumed + options_.window - half.received;
  const std::uint64_t most = std::min({std::uint64_t{half.queue.size()}, room, options_.piece_max});
  const std::uint64_t size = most == 0 ? 0 : most - rng_.below(most);
  const auto cut = half.queue.begin() + static_cast<std::ptrdiff_t>(size);
  const Bytes piece(half.queue.begin(), cut);
  half.queue.erase(half.queue.begin(), cut);
  half.received += size;
  const bool fin = half.fin && half.queue.empty() && (size == 0 || rng_.chance(3, 4));
  half.over = fin;
  machine(reader).rpc.on_stream_data(
      now_, StreamData{link.ids[index(reader)], StreamId{number}, piece, fin}, machine(reader).out);
}

// A stream that is over in both directions makes room for another.
void RpcPair::count_finished(LinkState& link) {
  for (auto& [number, stream] : link.streams) {
    if (stream.counted) continue;
    const bool over = std::all_of(stream.halves.begin(), stream.halves.end(), [](const Half& half) {
      return half.over && (!half.stop || half.stop_told || !half.writable());
    });
    if (!over) continue;
    stream.counted = true;
    ++link.allowed[index(stream.opener)];
  }
}

}  // namespace rpcnet::test
