// Composition within a budget of bytes.
#include "engine/swim/courier.h"

#include <utility>

#include "engine/swim/scale.h"

namespace rpcnet::swim {
namespace {

// While a link is in its handshake its datagram size is not known. What fits RFC 9000's smallest
// path (1200 bytes) less packet and frame headers fits every link.
constexpr std::size_t kRoomBeforeUp = 1100;

constexpr std::size_t kFrameRoom = 16'384;

}  // namespace

Link* Courier::to_member(Instant now, Slot slot, const Body& body, Outbox& out) {
  Link* link = core_.reach(now, slot, out);
  if (link != nullptr) send(*link, slot, body, false, out);
  return link;
}

Link* Courier::to_peer(Instant now, const Peer& peer, std::optional<Slot> slot, const Body& body,
                       Outbox& out) {
  Link* link = core_.links.reach(now, peer, out);
  if (link != nullptr) send(*link, slot, body, false, out);
  return link;
}

void Courier::reply(Link& link, std::optional<Slot> slot, const Body& body, Outbox& out,
                    bool remind) {
  send(link, slot, body, remind, out);
}

void Courier::frame(LinkId link, StreamId stream, std::optional<Slot> slot, const Body& body,
                    std::span<const Slot> states, bool fin, Outbox& out) {
  Bytes message;
  wire::Writer writer(message);
  write_head(writer, sender(), body);
  const bool accused = slot && core_.table[*slot].member.status != MemberStatus::alive;
  if (accused) write_update(writer, update_of(*slot, false));
  for (const Slot state : states) write_update(writer, update_of(state, true));
  Bytes framed;
  wire::Writer(framed).sized(message);
  ++core_.counters.messages_sent;
  core_.counters.bytes_sent += framed.size();
  core_.counters.updates_sent += states.size();
  out.push(WriteStream{link, stream, std::move(framed), fin});
}

void Courier::frames(LinkId link, StreamId stream, const Body& body, std::span<const Slot> states,
                     Outbox& out) {
  while (!states.empty()) {
    Bytes measured;
    wire::Writer writer(measured);
    std::size_t count = 0;
    while (count < states.size() && measured.size() < kFrameRoom) {
      write_update(writer, update_of(states[count++], true));
      if (measured.size() > kFrameRoom && count > 1) --count;
    }
    frame(link, stream, std::nullopt, body, states.first(count), false, out);
    states = states.subspan(count);
  }
}

Sender Courier::sender() const {
  const Member& self = core_.table[kSelf].member;
  return {self.id, self.incarnation, self.address, core_.active_calls};
}

Update Courier::update_of(Slot slot, bool with_tags) const {
  const Record& record = core_.table[slot];
  Update update{record.member.id, record.liveness(), record.accuser, std::nullopt};
  if (with_tags && record.member.tags_version > 0) {
    update.tags = TagSet{record.member.tags_version, record.member.tags};
  }
  return update;
}

Bytes Courier::compose(std::optional<Slot> slot, const Body& body, std::size_t room, bool remind) {
  Bytes message;
  wire::Writer writer(message);
  write_head(writer, sender(), body);
  Bytes piece;
  const auto append = [&](Slot about, bool with_tags) {
    piece.clear();
    wire::Writer inner(piece);
    write_update(inner, update_of(about, with_tags));
    if (message.size() + piece.size() > room) return false;
    writer.bytes(piece);
    ++core_.counters.updates_sent;
    return true;
  };
  if (slot && *slot != kSelf) {
    const bool accused = core_.table[*slot].member.status != MemberStatus::alive;
    if (remind || accused) append(*slot, remind);
  }
  if (core_.news.empty()) return message;
  const std::uint32_t limit =
      transmit_limit(core_.config.retransmit_factor, core_.table.size());
  core_.news.offer(limit, [&](Slot about, NewsKind kind) {
    // A member need not be told its own news.
    if (slot == about) return false;
    return append(about, kind == NewsKind::tags);
  });
  return message;
}

void Courier::send(Link& link, std::optional<Slot> slot, const Body& body, bool remind,
                   Outbox& out) {
  const std::size_t room = link.up ? link.datagram_max : kRoomBeforeUp;
  Bytes message = compose(slot, body, room, remind);
  const std::size_t size = message.size();
  if (!core_.links.send_datagram(link, std::move(message), out)) return;
  ++core_.counters.messages_sent;
  core_.counters.bytes_sent += size;
}

}  // namespace rpcnet::swim
