#include "tests/support/node_net.h"

#include <utility>

namespace rpcnet::test {

std::size_t NodeNet::add(const std::string& name, bool member, const SwimConfig& swim) {
  const std::size_t place = hosts_.size();
  NodeConfig config{.id = *NodeId::parse(name),
                    .cluster = "test",
                    .advertise = address(place),
                    .seed = place + 1,
                    .member = member,
                    .swim = swim};
  hosts_.push_back({.node = std::make_unique<Node>(std::move(config))});
  return place;
}

Address NodeNet::address(std::size_t host) const {
  return Address::v4(10, 0, 0, static_cast<std::uint8_t>(host + 1), 7000);
}

Outcome NodeNet::command(std::size_t host, Command command) {
  const Outcome outcome = hosts_[host].node->handle(now_, std::move(command));
  drain(host);
  return outcome;
}

void NodeNet::fact(std::size_t host, const Fact& fact) {
  hosts_[host].node->handle(now_, fact);
  drain(host);
}

void NodeNet::run_for(Duration duration) {
  const Instant end = now_ + duration;
  for (;;) {
    Instant next = queue_.empty() ? end : queue_.top().at;
    for (const Host& host : hosts_) {
      if (const auto deadline = host.node->deadline()) next = std::min(next, *deadline);
    }
    if (next > end) next = end;
    now_ = std::max(now_, next);
    while (!queue_.empty() && queue_.top().at <= now_) {
      const auto act = queue_.top().act;
      queue_.pop();
      act();
    }
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      const auto deadline = hosts_[i].node->deadline();
      if (!deadline || *deadline > now_) continue;
      hosts_[i].node->handle_deadline(now_);
      drain(i);
    }
    if (now_ >= end) return;
  }
}

void NodeNet::after(Duration delay, std::function<void()> act) {
  queue_.push({now_ + delay, ++sequence_, std::move(act)});
}

void NodeNet::drain(std::size_t host) {
  while (auto output = hosts_[host].node->poll()) {
    if (auto* order = std::get_if<Order>(&*output)) {
      carry_out(host, std::move(*order));
    } else {
      hosts_[host].events.push_back(std::get<Event>(std::move(*output)));
    }
  }
}

void NodeNet::connect(std::size_t from, const Connect& order) {
  after(2 * kLatency, [this, from, order] {
    for (std::size_t to = 0; to < hosts_.size(); ++to) {
      if (address(to) != order.remote || hosts_[to].silent || hosts_[from].silent) continue;
      const LinkId accepted{hosts_[to].next_accepted};
      hosts_[to].next_accepted += 2;
      links_[{from, order.link}] = {to, accepted};
      links_[{to, accepted}] = {from, order.link};
      const auto up = [&](std::size_t self, std::size_t peer, LinkId link) {
        fact(self, LinkUp{.link = link,
                          .protocol = order.protocol,
                          .remote = address(peer),
                          .identity = PeerIdentity{"test", hosts_[peer].node->config().id.text()},
                          .datagram_max = 1162,
                          .streams_allowed = 1000});
      };
      up(to, from, accepted);
      up(from, to, order.link);
      return;
    }
    fact(from, LinkDown{.link = order.link, .end = LinkEnd::unreachable});
  });
}

template <typename F>
void NodeNet::pass(std::size_t from, LinkId link, F make) {
  const auto found = links_.find({from, link});
  if (found == links_.end() || hosts_[from].silent) return;
  const End end = found->second;
  after(kLatency, [this, end, make] {
    if (links_.contains(end) && !hosts_[end.host].silent) make(end.host, end.link);
  });
}

void NodeNet::carry_out(std::size_t host, Order&& order) {
  std::visit(
      [&]<typename O>(O&& it) {
        using Kind = std::remove_cvref_t<O>;
        if constexpr (std::is_same_v<Kind, Connect>) {
          connect(host, it);
        } else if constexpr (std::is_same_v<Kind, CloseLink>) {
          hosts_[host].closed.push_back(it);
          const auto code = static_cast<std::uint64_t>(it.code);
          pass(host, it.link, [this, code](std::size_t to, LinkId link) {
            links_.erase({to, link});
            fact(to, LinkDown{.link = link, .end = LinkEnd::closed_by_peer, .code = code});
          });
          links_.erase({host, it.link});
        } else if constexpr (std::is_same_v<Kind, SendDatagram>) {
          pass(host, it.link, [this, bytes = it.bytes](std::size_t to, LinkId link) {
            fact(to, DatagramReceived{link, bytes});
          });
        } else if constexpr (std::is_same_v<Kind, WriteStream>) {
          pass(host, it.link, [this, write = it](std::size_t to, LinkId link) {
            fact(to, StreamData{link, write.stream, write.bytes, write.fin});
          });
        } else if constexpr (std::is_same_v<Kind, ResetStream>) {
          pass(host, it.link, [this, it](std::size_t to, LinkId link) {
            fact(to, StreamReset{link, it.stream, static_cast<std::uint64_t>(it.code)});
          });
        } else if constexpr (std::is_same_v<Kind, StopStream>) {
          pass(host, it.link, [this, it](std::size_t to, LinkId link) {
            fact(to, StreamStopped{link, it.stream, static_cast<std::uint64_t>(it.code)});
          });
        } else if constexpr (std::is_same_v<Kind, WatchDrain>) {
          after(kLatency, [this, host, it] { fact(host, StreamDrained{it.link, it.stream}); });
        }  // ConsumeStream: windows are endless here
      },
      std::move(order));
}

}  // namespace rpcnet::test
