// Sending one packet, trying again, and the small packets that keep or end a connection.
#include <algorithm>
#include <utility>

#include "sim/messages/messages_network.h"

namespace rpcnet::sim::messages {

std::uint64_t MessagesNetwork::draw_entity(Ref ref) { return at(ref).entity * 2 + ref.side; }

Fate MessagesNetwork::cross(Ref from, std::uint64_t size) {
  End& one = end(from);
  End& peer = end(other(from));
  if (world_.now() >= one.peer_moved_at) one.peer_mapping = one.peer_next_mapping;
  Fate fate = paths_.pass(world_.now(), {.from = one.host,
                                         .to = peer.host,
                                         .size = size,
                                         .entity = draw_entity(from),
                                         .counter = one.packets++,
                                         .largest = std::min(size, largest_packet(one)),
                                         .mapping = one.peer_mapping});
  // What is damaged does not pass QUIC's authentication.
  fate.lost = !fate.arrives_whole();
  // The peer answers to where a packet came from (RFC 9000 9.3), as soon as it has one from there.
  if (!fate.lost && fate.mapping != peer.peer_next_mapping) {
    peer.peer_next_mapping = fate.mapping;
    peer.peer_moved_at = world_.now() + fate.delay;
  }
  return fate;
}

// Of UDP payload, in bytes: 1200 until the path is known to carry more (RFC 9000 14).
std::uint64_t MessagesNetwork::largest_packet(const End& end) const {
  return (end.datagram_max == 0 ? config_.datagram_first : end.datagram_max) + kPacketOverhead;
}

// RFC 9002 6.2: the probe timeout, from the one round trip that was measured, doubled each time.
Duration MessagesNetwork::retry_after(Ref ref, std::uint64_t tries) {
  const Duration measured = at(ref).round_trip;
  const Duration first = measured > Duration::zero() ? 2 * measured + std::chrono::milliseconds(10)
                                                     : config_.handshake_retry;
  const Duration cap = std::chrono::seconds(10);
  return std::min(first * (std::int64_t{1} << std::min<std::uint64_t>(tries, 10)), cap);
}

Happening MessagesNetwork::make(Kind kind, Ref target, bool timer) {
  Happening happening;
  happening.party = Party::network;
  happening.kind = static_cast<std::uint8_t>(kind);
  happening.timer = timer;
  happening.process = true;
  happening.side = target.side;
  happening.host = end(target).host;
  happening.a = target.connection;
  happening.life = at(target).generation;
  return happening;
}

void MessagesNetwork::set_timer(Ref ref, Duration after, Happening&& happening) {
  world_.schedule(world_.now() + after, end(ref).host, std::move(happening));
}

bool MessagesNetwork::send(Ref from, std::uint64_t size, Happening&& happening) {
  End& one = end(from);
  if (!one.waiting) {
    one.waiting = true;
    one.spoke = world_.now();
  }
  const Fate fate = cross(from, size);
  if (fate.copy) ++counters_.duplicates_absorbed;
  if (fate.lost) return false;
  world_.schedule(world_.now() + fate.delay, one.host, std::move(happening));
  return true;
}

void MessagesNetwork::handle(Happening&& happening) {
  if (happening.kind == static_cast<std::uint8_t>(Kind::line_due)) {
    return on_line_due(static_cast<LineName>(happening.b));
  }
  if (find(happening) == nullptr) return;
  const Ref ref{happening.a, happening.side};
  const auto kind = static_cast<Kind>(happening.kind);
  switch (kind) {
    case Kind::hello: return on_hello(ref);
    case Kind::welcome: return on_welcome(ref);
    case Kind::datagram: return on_datagram(ref, std::move(happening));
    case Kind::frame: return on_frame(ref, std::move(happening));
    case Kind::acknowledgement: return on_acknowledgement(ref, happening);
    case Kind::close: return on_close(ref, happening);
    case Kind::reset: return on_reset(ref);
    case Kind::icmp: return on_icmp(ref, happening);
    case Kind::confirmation:
    case Kind::done:
    case Kind::pong: arrive(ref); return;
    case Kind::ping:
      if (arrive(ref) == Arrival::taken) send(ref, 60, make(Kind::pong, other(ref), false));
      return;
    case Kind::refusal:
      if (alive(ref) && end(ref).state == EndState::dialling) {
        finish_and_tell(ref, LinkEnd::refused_by_peer, 0, "the peer does not speak this protocol");
      }
      return;
    default: break;
  }
  // Timers of a process that is gone have nobody to wake.
  if (!alive(ref)) return;
  switch (kind) {
    case Kind::hello_retry:
      if (end(ref).state == EndState::dialling) send_hello(ref.connection);
      return;
    case Kind::welcome_retry:
      if (end(ref).state == EndState::half_open) send_welcome(ref.connection, happening.d);
      return;
    case Kind::confirmation_retry:
      if (end(ref).state == EndState::confirming) confirm(ref.connection, happening.d);
      return;
    case Kind::done_retry:
      if (end(ref).state == EndState::up) send_done(ref.connection, happening.d);
      return;
    case Kind::handshake_expired:
      if (end(ref).state == EndState::half_open) return finish(ref, EndState::gone);
      if (is_dialling(end(ref).state)) {
        finish_and_tell(ref, LinkEnd::handshake_timeout, 0, "no answer");
      }
      return;
    case Kind::frame_retry:
      happening.kind = static_cast<std::uint8_t>(Kind::frame);
      if (end(ref).state == EndState::up) launch_frame(ref, std::move(happening));
      return;
    case Kind::acknowledgement_retry:
      if (end(ref).state == EndState::up) {
        acknowledge(ref, happening.b, happening.c, (happening.d & 1) != 0, happening.d >> 1);
      }
      return;
    case Kind::icmp_confirmed:
      if (end(ref).state == EndState::up &&
          end(ref).heard <= Moment(Duration(static_cast<std::int64_t>(happening.c)))) {
        finish_and_tell(ref, LinkEnd::unreachable, 0, "nobody listens there any more");
      }
      return;
    case Kind::plain_up: return on_plain_up(ref);
    case Kind::ping_due: return on_ping_due(ref);
    case Kind::idle_check: return on_idle_check(ref);
    case Kind::idle_jumped:
      // Not if something waited in the socket all along.
      if (end(ref).state == EndState::up &&
          end(ref).heard == Moment(Duration(static_cast<std::int64_t>(happening.c)))) {
        finish_and_tell(ref, LinkEnd::idle, 0, "nothing was said for the idle timeout");
      }
      return;
    case Kind::drained:
      if (end(ref).state == EndState::up && find_stream(ref, happening.b) != nullptr) {
        world_.deliver(end(ref).host, StreamDrained{end(ref).link, StreamId{happening.b}});
      }
      return;
    case Kind::datagram_limit: return on_path_probe(ref, happening.b);
    default: return;
  }
}

// Path MTU discovery (RFC 8899): one probe of the larger size, repeated twice when it is lost.
void MessagesNetwork::on_path_probe(Ref ref, std::uint64_t tries) {
  End& one = end(ref);
  if (one.state != EndState::up) return;
  if (!paths_.quiet(one.host, end(other(ref)).host)) {
    const std::uint32_t now = std::exchange(one.datagram_max, config_.datagram_later);
    const bool lost = cross(ref, largest_packet(one)).lost;
    one.datagram_max = now;
    if (lost && tries < 2) {
      Happening again = make(Kind::datagram_limit, ref, true);
      again.b = tries + 1;
      set_timer(ref, retry_after(ref, tries), std::move(again));
    }
    if (lost) return;
  }
  one.datagram_max = config_.datagram_later;
  world_.deliver(one.host, DatagramLimit{one.link, one.datagram_max});
}

bool MessagesNetwork::send_close(Ref ref, std::string_view reason) {
  Happening close = make(Kind::close, other(ref), false);
  close.c = static_cast<std::uint64_t>(end(ref).close_code);
  close.bytes = to_bytes(reason);
  return send(ref, 60, std::move(close));
}

void MessagesNetwork::on_close(Ref ref, const Happening& happening) {
  if (!alive(ref) || end(ref).state == EndState::closed) return;
  const LinkEnd how =
      is_dialling(end(ref).state) ? LinkEnd::refused_by_peer : LinkEnd::closed_by_peer;
  finish_and_tell(ref, how, happening.c, std::string(as_text(happening.bytes)));
}

void MessagesNetwork::on_reset(Ref ref) {
  if (!alive(ref)) return;
  if (end(ref).state != EndState::up && end(ref).state != EndState::confirming) return;
  // Who speaks UDP hears nothing of that: the next datagram finds its way again.
  finish_and_tell(ref, config_.plain ? LinkEnd::idle : LinkEnd::reset, 0,
                  "the peer does not know this connection");
}

void MessagesNetwork::on_icmp(Ref ref, const Happening&) {
  if (!alive(ref)) return;
  const End& one = end(ref);
  const Address remote = world_.address_of(end(other(ref)).host);
  const HostIndex host = one.host;
  if (one.state == EndState::up) {
    Happening check = make(Kind::icmp_confirmed, ref, true);
    check.c = static_cast<std::uint64_t>(world_.now().time_since_epoch().count());
    set_timer(ref, config_.unreachable_confirm, std::move(check));
  } else if (is_dialling(one.state)) {
    finish_and_tell(ref, LinkEnd::unreachable, 0, "nobody listens there");
  } else {
    return;
  }
  world_.unreachable(host, remote);
}

void MessagesNetwork::start_pinging(Ref ref) {
  End& one = end(ref);
  if (ref.side != 0 || one.pinging || at(ref).silence_max <= Duration::zero()) return;
  one.pinging = true;
  one.watched = world_.now();
  set_timer(ref, at(ref).silence_max / 4, make(Kind::ping_due, ref, true));
}

void MessagesNetwork::on_ping_due(Ref ref) {
  End& one = end(ref);
  if (one.state != EndState::up) return;
  if (!one.flow || one.flow->streams.empty()) {
    one.pinging = false;
    return;
  }
  const Duration limit = at(ref).silence_max;
  const Duration quiet = world_.now() - std::max(one.heard, one.watched);
  if (quiet >= limit) {
    // As the endpoint does (io/quic): it may be only the way back that is broken.
    send_close(ref, "no answer");
    finish_and_tell(ref, LinkEnd::silent, 0, "we spoke and nothing came back");
    return;
  }
  if (quiet >= limit / 4) send(ref, 60, make(Kind::ping, other(ref), false));
  set_timer(ref, std::min(limit / 4, limit - quiet), make(Kind::ping_due, ref, true));
}

// RFC 9000 10.1: what came, and the first packet since then that asks for an answer.
Moment MessagesNetwork::last_activity(const End& end) const {
  return end.waiting ? std::max(end.heard, end.spoke) : end.heard;
}

Duration MessagesNetwork::clock_lead(HostIndex host) const {
  return world_.local_now(host).time_since_epoch() - world_.now().time_since_epoch();
}

void MessagesNetwork::clock_changed(HostIndex host) {
  HostLinks& links = hosts_[host];
  const Duration lead = clock_lead(host);
  const Duration gained = lead - std::exchange(links.clock_lead, lead);
  for (const Ref ref : ends_of(host)) {
    const End& one = end(ref);
    if (one.state != EndState::up) continue;
    if (world_.now() - last_activity(one) + gained < config_.idle_timeout) continue;
    Happening over = make(Kind::idle_jumped, ref, true);
    over.c = static_cast<std::uint64_t>(one.heard.time_since_epoch().count());
    set_timer(ref, Duration::zero(), std::move(over));
  }
}

void MessagesNetwork::on_idle_check(Ref ref) {
  const End& one = end(ref);
  if (one.state != EndState::up) return;
  const Moment due = last_activity(one) + config_.idle_timeout;
  if (due <= world_.now()) {
    finish_and_tell(ref, LinkEnd::idle, 0, "nothing was said for the idle timeout");
    return;
  }
  set_timer(ref, due - world_.now(), make(Kind::idle_check, ref, true));
}

}  // namespace rpcnet::sim::messages
