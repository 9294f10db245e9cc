// Composition within a budget of bytes.
#include "engine/swim/courier.h"

#include <utility>

#include "engine/wire/writer.h"

namespace rpcnet::swim {
namespace {

// While a link is in its handshake its datagram size is not known. What fits RFC 9000's smallest
// path (1200 bytes) less packet and frame headers fits every link.
constexpr std::size_t kRoomBeforeUp = 1100;

constexpr std::size_t kFrameRoom = 16'384;

// Most messages carry no news and need no more room than this to be written in.
constexpr std::size_t kUsualSize = 320;

// So many pieces of news fit a message, where there is much.
constexpr std::size_t kUsualPieces = 40;

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
  write_head(message, sender(), body);
  const bool accused =
      core_.config.buddy && slot && core_.table[*slot].status != MemberStatus::alive;
  if (accused) write_update(message, update_of(*slot, With::liveness));
  for (const Slot state : states) write_update(message, update_of(state, With::news));
  write(link, stream, std::move(message), states.size(), fin, out);
}

void Courier::write(LinkId link, StreamId stream, Bytes message, std::size_t updates, bool fin,
                    Outbox& out) {
  Bytes framed;
  wire::Writer(framed).sized(message);
  ++core_.counters.messages_sent;
  core_.counters.bytes_sent += framed.size();
  core_.counters.updates_sent += updates;
  out.push(WriteStream{link, stream, std::move(framed), fin});
}

void Courier::frames(LinkId link, StreamId stream, const Body& body, std::span<const Slot> states,
                     Outbox& out) {
  while (!states.empty()) {
    Bytes message;
    write_head(message, sender(), body);
    std::size_t count = 0;
    for (const Slot state : states) {
      const UpdateView update = update_of(state, With::all);
      if (count > 0 && message.size() + size_of(update) > kFrameRoom) break;
      write_update(message, update);
      ++count;
    }
    write(link, stream, std::move(message), count, false, out);
    states = states.subspan(count);
  }
}

SenderView Courier::sender() const {
  const Record& self = core_.table[kSelf];
  return {self.id.text(), self.incarnation, self.address, core_.active_calls};
}

UpdateView Courier::update_of(Slot slot, With what) const {
  const Record& record = core_.table[slot];
  UpdateView update{record.id.text(), record.liveness(), std::nullopt, std::nullopt};
  if (record.status != MemberStatus::alive) {
    if (const NodeId* accuser = core_.table.accuser(slot)) update.accuser = accuser->text();
  }
  if (what == With::liveness || record.tags_version == 0) return update;
  if (what == With::news && record.tag_set->pairs.size() > kTagsInlineMax) {
    update.tags_at = record.tags_version;
  } else {
    update.tags = TagsView{record.tags_version, record.tag_set->pairs};
  }
  return update;
}

Bytes Courier::compose(std::optional<Slot> slot, const Body& body, std::size_t room, bool remind) {
  Bytes message;
  message.reserve(core_.news.empty() ? kUsualSize : room);
  write_head(message, sender(), body);
  const auto append = [&](Slot about, bool with_tags) {
    const UpdateView update = update_of(about, with_tags ? With::news : With::liveness);
    if (message.size() + size_of(update) > room) return false;
    write_update(message, update);
    ++core_.counters.updates_sent;
    return true;
  };
  if (slot && *slot != kSelf) {
    const bool accused = core_.config.buddy && core_.table[*slot].status != MemberStatus::alive;
    if (remind || accused) append(*slot, remind);
  }
  if (core_.news.empty()) return message;
  core_.news.peek(kUsualPieces, [&](Slot about) { core_.table.expect(about); });
  core_.news.offer(core_.transmit_limit(), [&](Slot about, NewsKind kind) {
    // A member need not be told its own news. Of two nobody else is left to be told.
    if (slot == about) return core_.table.size() <= 2;
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
