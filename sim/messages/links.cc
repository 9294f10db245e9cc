// Orders, sorted to their parts; the end of a link by its own engine; datagrams.
#include <utility>

#include "sim/messages/messages_network.h"

namespace rpcnet::sim::messages {

void MessagesNetwork::perform(HostIndex host, Order&& order) {
  std::visit(
      [&](auto&& one) {
        using T = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<T, Connect>) connect(host, std::move(one));
        if constexpr (std::is_same_v<T, CloseLink>) close_link(host, one);
        if constexpr (std::is_same_v<T, SendDatagram>) send_datagram(host, std::move(one));
        if constexpr (std::is_same_v<T, WriteStream>) write_stream(host, std::move(one));
        if constexpr (std::is_same_v<T, ResetStream>) reset_stream(host, one);
        if constexpr (std::is_same_v<T, StopStream>) stop_stream(host, one);
        if constexpr (std::is_same_v<T, ConsumeStream>) consume_stream(host, one);
        if constexpr (std::is_same_v<T, WatchDrain>) watch_drain(host, one);
      },
      std::move(order));
}

void MessagesNetwork::close_link(HostIndex host, const CloseLink& order) {
  const auto ref = lookup(host, order.link);
  if (!ref) return;
  End& one = end(*ref);
  if (one.state != EndState::up) return finish(*ref, EndState::gone);
  one.close_code = order.code;
  send_close(*ref, order.reason);
  finish(*ref, EndState::closed);
}

void MessagesNetwork::send_datagram(HostIndex host, SendDatagram&& order) {
  const auto ref = lookup(host, order.link);
  if (!ref || end(*ref).state != EndState::up) return;
  if (order.bytes.size() > end(*ref).datagram_max) {
    ++counters_.datagrams_too_large;
    return;
  }
  ++counters_.datagrams;
  Happening packet = make(Kind::datagram, other(*ref), false);
  const std::uint64_t size = order.bytes.size() + kPacketOverhead;
  packet.bytes = std::move(order.bytes);
  send(*ref, size, std::move(packet));
}

void MessagesNetwork::on_datagram(Ref ref, Happening&& happening) {
  if (arrive(ref) != Arrival::taken) return;
  const HostIndex host = end(ref).host;
  const LinkId link = end(ref).link;
  // The acknowledgement. Nobody waits for it, but it shows the sender that the path works; where
  // nothing can be lost it takes the shortest time, which spares a draw for each datagram.
  const Ref sender = other(ref);
  if (end(sender).state == EndState::up) {
    if (paths_.quiet(host, end(sender).host)) {
      ++end(ref).packets;  // later draws must not depend on whether a fault is about
      heard(sender, world_.now());
    } else if (const Fate fate = cross(ref, 40); !fate.lost) {
      heard(sender, world_.now() + fate.delay);
    }
  }
  world_.deliver(host, DatagramReceived{link, happening.bytes});
}

}  // namespace rpcnet::sim::messages
