// The handshake: one and a half round trips for the acceptor, two for the dialler.
//
// In TLS 1.3 the dialler's exchange is complete after one, before the acceptor has seen its
// certificate. io/quic tells of a link when the other side has let us in: HANDSHAKE_DONE, or
// whatever of the acceptor overtakes it.
#include <algorithm>
#include <utility>

#include "sim/messages/messages_network.h"

namespace rpcnet::sim::messages {

void MessagesNetwork::connect(HostIndex host, Connect&& order) {
  if (!order.link.dialled() || hosts_[host].links.contains(order.link)) {
    world_.violation(host, "Connect with a link number that is odd or in use");
    return;
  }
  ++counters_.dials;
  const std::uint32_t index = allocate();
  Connection& connection = connections_[index];
  connection.protocol = order.protocol;
  connection.dial = std::make_unique<Dial>();
  connection.dial->expected = std::move(order.expected);
  connection.silence_max = order.silence_max;
  connection.entity = combine(combine(host, world_.life(host)), order.link.value);
  End& dialler = connection.ends[0];
  dialler.host = host;
  dialler.life = world_.life(host);
  dialler.link = order.link;
  dialler.state = EndState::dialling;
  hosts_[host].links.set(order.link, index);
  const Ref ref{index, 0};
  set_timer(ref, order.handshake_timeout, make(Kind::handshake_expired, ref, true));
  const auto target = world_.host_of(order.remote);
  if (!target) return;  // nobody has this address: no answer
  connection.ends[1].host = *target;
  if (!config_.plain) return send_hello(index);
  if (world_.state(*target) == HostState::running) {
    connection.ends[1].life = world_.life(*target);
    connection.ends[1].state = EndState::half_open;
  }
  set_timer(ref, Duration::zero(), make(Kind::plain_up, ref, true));
}

void MessagesNetwork::on_plain_up(Ref ref) {
  if (end(ref).state == EndState::dialling) come_up(ref, hosts_[end(other(ref)).host].certificate);
}

void MessagesNetwork::send_hello(std::uint32_t index) {
  const Ref dialler{index, 0};
  Connection& connection = connections_[index];
  connection.dial->hello_at = world_.now();
  if (!send(dialler, 1200, make(Kind::hello, other(dialler), false))) ++counters_.retransmissions;
  const std::uint32_t tries = connection.dial->hellos++;
  const Duration patience = retry_after(dialler, tries);
  if (tries == 0) return wait(kHelloLine, dialler, patience);
  set_timer(dialler, patience, make(Kind::hello_retry, dialler, true));
}

void MessagesNetwork::on_hello(Ref ref) {
  End& one = end(ref);
  if (one.state == EndState::half_open && alive(ref)) return;  // a retry that crossed our answer
  const bool restarted = one.state == EndState::gone && one.life != world_.life(one.host);
  if (one.state != EndState::none && !restarted) return;
  switch (world_.state(one.host)) {
    case HostState::off: return;
    case HostState::idle: send(ref, 60, make(Kind::icmp, other(ref), false)); return;
    case HostState::running: break;
  }
  HostLinks& links = hosts_[one.host];
  if (!links.credentials.accepts) return;
  if (at(ref).protocol == Protocol::gossip && !links.credentials.gossip) {
    send(ref, 60, make(Kind::refusal, other(ref), false));
    return;
  }
  one.life = world_.life(one.host);
  one.state = EndState::half_open;
  wait(kAcceptLine, ref, std::chrono::seconds(10));
  send_welcome(ref.connection, 0);
}

void MessagesNetwork::send_welcome(std::uint32_t index, std::uint64_t tries) {
  const Ref acceptor{index, 1};
  at(acceptor).certificates[1] = hosts_[end(acceptor).host].certificate;
  if (send(acceptor, 2400, make(Kind::welcome, other(acceptor), false))) return;
  ++counters_.retransmissions;
  Happening again = make(Kind::welcome_retry, acceptor, true);
  again.d = tries + 1;
  set_timer(acceptor, retry_after(acceptor, tries), std::move(again));
}

void MessagesNetwork::on_welcome(Ref ref) {
  End& one = end(ref);
  if (!alive(ref) || one.state != EndState::dialling) return;
  Connection& connection = at(ref);
  const Dial& dial = *connection.dial;
  const Duration passed = world_.now() - dial.hello_at;
  connection.round_trip = std::min<Duration>(passed, std::chrono::seconds(1));
  // Its own, though the process may have died since then.
  const PeerIdentity* identity = connection.certificates[1];
  const std::string& ours = hosts_[one.host].credentials.cluster;
  if (identity == nullptr || identity->cluster != ours) {
    finish_and_tell(ref, LinkEnd::refused_by_us,
                    static_cast<std::uint64_t>(CloseCode::wrong_cluster), "of another cluster");
    return;
  }
  if (dial.expected && !identity->covers(*dial.expected)) {
    finish_and_tell(ref, LinkEnd::refused_by_us, static_cast<std::uint64_t>(CloseCode::wrong_node),
                    "the certificate does not name " + dial.expected->text());
    return;
  }
  one.state = EndState::confirming;
  confirm(ref.connection, 0);
}

void MessagesNetwork::confirm(std::uint32_t index, std::uint64_t tries) {
  const Ref dialler{index, 0};
  at(dialler).certificates[0] = hosts_[end(dialler).host].certificate;
  if (send(dialler, 1200, make(Kind::confirmation, other(dialler), false))) return;
  ++counters_.retransmissions;
  confirm_later(index, tries);
}

void MessagesNetwork::confirm_later(std::uint32_t index, std::uint64_t tries) {
  const Ref dialler{index, 0};
  Happening again = make(Kind::confirmation_retry, dialler, true);
  again.d = tries + 1;
  set_timer(dialler, retry_after(dialler, tries), std::move(again));
}

bool MessagesNetwork::on_confirmed(Ref ref) {
  End& one = end(ref);
  const auto& credentials = hosts_[one.host].credentials;
  // Who speaks plainly shows none: the one that it has.
  const PeerIdentity* identity =
      config_.plain ? hosts_[end(other(ref)).host].certificate : at(ref).certificates[0];
  const bool must = at(ref).protocol == Protocol::gossip || !config_.rpc_without_certificate;
  CloseCode fault = CloseCode::none;
  if (identity == nullptr && must) fault = CloseCode::no_certificate;
  if (identity != nullptr && identity->cluster != credentials.cluster)
    fault = CloseCode::wrong_cluster;
  if (fault != CloseCode::none) {
    one.close_code = fault;
    if (!send_close(ref, "the peer did not accept our certificate")) {
      confirm_later(ref.connection, 0);  // and is told once more
    }
    finish(ref, EndState::closed);
    return false;
  }
  HostLinks& links = hosts_[one.host];
  one.link = LinkId{links.next_accepted};
  links.next_accepted += 2;
  links.links.set(one.link, ref.connection);
  come_up(ref, identity);
  // The engine may have closed it at once.
  if (end(ref).state != EndState::up) return false;
  if (!config_.plain) send_done(ref.connection, 0);
  return true;
}

void MessagesNetwork::send_done(std::uint32_t index, std::uint64_t tries) {
  const Ref acceptor{index, 1};
  if (send(acceptor, 60, make(Kind::done, other(acceptor), false))) return;
  ++counters_.retransmissions;
  Happening again = make(Kind::done_retry, acceptor, true);
  again.d = tries + 1;
  set_timer(acceptor, retry_after(acceptor, tries), std::move(again));
}

void MessagesNetwork::come_up(Ref ref, const PeerIdentity* identity) {
  End& one = end(ref);
  one.state = EndState::up;
  one.datagram_max = config_.plain ? config_.datagram_later : config_.datagram_first;
  heard(ref, world_.now());
  if (ref.side == 0) ++counters_.links;
  wait(kIdleLine, ref, config_.idle_timeout);
  if (!config_.plain) {
    set_timer(ref, 2 * at(ref).round_trip, make(Kind::datagram_limit, ref, true));
  }
  const LinkUp fact{one.link,
                    at(ref).protocol,
                    world_.address_of(end(other(ref)).host),
                    identity != nullptr ? std::optional(*identity) : std::nullopt,
                    one.datagram_max,
                    config_.peer_streams_max};
  if (ref.side == 0) at(ref).dial.reset();
  world_.deliver(one.host, fact);
}

}  // namespace rpcnet::sim::messages
