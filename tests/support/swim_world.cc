// The event loop, the hosts and the links of the small world.
#include "tests/support/swim_world.h"

#include <algorithm>
#include <sstream>

namespace rpcnet::test {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRetransmit = 200ms;

}  // namespace

SwimWorld::SwimWorld(SwimWorldOptions options) : options_(options), rng_(options.seed) {}

std::size_t SwimWorld::add(const std::string& name) {
  const std::size_t number = hosts_.size();
  const auto low = static_cast<std::uint8_t>(number % 250 + 1);
  const auto high = static_cast<std::uint8_t>(number / 250);
  hosts_.push_back(std::unique_ptr<Host>(
      new Host{.id = *NodeId::parse(name), .address = Address::v4(10, 0, high, low, 7000)}));
  hosts_.back()->certificate = name;
  by_address_[hosts_.back()->address] = number;
  outboxes_.emplace_back();
  return number;
}

void SwimWorld::start(std::size_t host, const std::vector<std::size_t>& seeds) {
  std::vector<Address> addresses;
  for (const std::size_t seed : seeds) addresses.push_back(hosts_[seed]->address);
  start_at(host, addresses);
}

void SwimWorld::start_at(std::size_t number, const std::vector<Address>& seeds,
                         std::optional<Snapshot> former) {
  Host& host = *hosts_[number];
  ++host.life;
  host.paused = false;
  host.inbox.clear();
  host.lives.push_back(host.events.size());
  by_address_[host.address] = number;
  swim::SwimOptions options{.self = host.id,
                            .cluster = host.cluster,
                            .advertise = host.address,
                            .swim = options_.swim,
                            .phi = options_.phi,
                            .links = NodeConfig{.id = host.id}.gossip_links,
                            .rng = Rng(rng_.next())};
  host.swim = std::make_unique<swim::Swim>(std::move(options));
  on_host(number, host.life, [&](swim::Swim& swim, Outbox& out) {
    ChangeTags tags;
    for (const auto& [key, value] : host.tags) tags.changes.emplace_back(key, value);
    swim.change_tags(now_, tags, out);
    swim.join(now_, {seeds, former}, out);
  });
}

void SwimWorld::join(std::size_t host, const std::vector<Address>& seeds) {
  on_host(host, hosts_[host]->life,
          [&](swim::Swim& swim, Outbox& out) { swim.join(now_, {seeds}, out); });
}

void SwimWorld::crash(std::size_t number) {
  Host& host = *hosts_[number];
  ++host.life;
  host.swim.reset();
  host.inbox.clear();
  host.paused = false;
}

void SwimWorld::pause(std::size_t host) { hosts_[host]->paused = true; }

void SwimWorld::resume(std::size_t number) {
  Host& host = *hosts_[number];
  host.paused = false;
  auto inbox = std::exchange(host.inbox, {});
  for (const auto& act : inbox) act();
  if (!host.swim) return;
  for (std::size_t index = 0; index < connections_.size(); ++index) {
    for (int side = 0; side < 2; ++side) {
      const Side& own = connections_[index].sides[side];
      if (own.host == number && now_ - own.heard >= options_.idle_timeout) {
        down(index, side, LinkEnd::idle);
      }
    }
  }
  on_host(number, host.life, [&](swim::Swim& swim, Outbox& out) {
    if (swim.deadline() && *swim.deadline() <= now_) swim.on_deadline(now_, out);
  });
}

void SwimWorld::leave(std::size_t host) {
  on_host(host, hosts_[host]->life, [&](swim::Swim& swim, Outbox& out) { swim.leave(now_, out); });
}

void SwimWorld::set_tags(std::size_t host, const Tags& tags) {
  on_host(host, hosts_[host]->life, [&](swim::Swim& swim, Outbox& out) {
    ChangeTags change;
    for (const auto& [key, value] : tags) change.changes.emplace_back(key, value);
    swim.change_tags(now_, change, out);
  });
}

void SwimWorld::watch(std::size_t host, std::size_t other, bool wanted) {
  on_host(host, hosts_[host]->life,
          [&](swim::Swim& swim, Outbox& out) { swim.watch(now_, hosts_[other]->id, wanted, out); });
}

void SwimWorld::cut_both(std::size_t a, std::size_t b) {
  cut(a, b);
  cut(b, a);
}

void SwimWorld::split(std::size_t count) {
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = count; b < size(); ++b) cut_both(a, b);
  }
}

void SwimWorld::run_for(Duration duration) {
  run_until([] { return false; }, duration);
}

bool SwimWorld::run_until(const std::function<bool()>& done, Duration limit) {
  const Instant end = now_ + limit;
  Instant checked = now_ - 1s;
  while (!queue_.empty() && queue_.top().at <= end) {
    // Conditions look at many hosts; twenty times a second is enough.
    if (queue_.top().at >= checked + 50ms) {
      if (done()) return true;
      checked = queue_.top().at;
    }
    Timed next = queue_.top();
    queue_.pop();
    now_ = next.at;
    next.act();
  }
  now_ = end;
  return done();
}

bool SwimWorld::agreed() const {
  std::vector<NodeId> running;
  for (const auto& host : hosts_) {
    if (host->swim) running.push_back(host->id);
  }
  std::sort(running.begin(), running.end());
  for (const auto& host : hosts_) {
    if (!host->swim) continue;
    std::vector<NodeId> held;
    bool calm = true;
    host->swim->for_each_member([&](const MemberView& member) {
      held.push_back(member.id);
      calm = calm && member.status == MemberStatus::alive;
    });
    if (!calm || held != running) return false;
  }
  return true;
}

bool SwimWorld::holds(std::size_t host, std::size_t other, MemberStatus status) const {
  if (!hosts_[host]->swim) return false;
  const auto member = hosts_[host]->swim->find(hosts_[other]->id);
  return member && member->status == status;
}

std::size_t SwimWorld::count(std::size_t host, MemberEventKind kind) const {
  const auto& events = hosts_[host]->events;
  return static_cast<std::size_t>(std::count_if(
      events.begin(), events.end(), [&](const Seen& seen) { return seen.event.kind == kind; }));
}

std::size_t SwimWorld::count_all(MemberEventKind kind) const {
  std::size_t total = 0;
  for (std::size_t host = 0; host < hosts_.size(); ++host) total += count(host, kind);
  return total;
}

std::string SwimWorld::describe() const {
  std::ostringstream text;
  text << "at " << std::chrono::duration<double>(now_.time_since_epoch()).count() << " s\n";
  for (const auto& host : hosts_) {
    text << host->id.text() << (host->swim ? "" : " (down)") << ":";
    if (host->swim) {
      host->swim->for_each_member([&](const MemberView& member) {
        text << ' ' << member.id.text() << '@' << member.incarnation
             << (member.status == MemberStatus::suspect ? "?" : "");
      });
      for (const Member& member : host->swim->tombstones()) {
        text << " -" << member.id.text() << '@' << member.incarnation;
      }
    }
    text << '\n';
  }
  return text.str();
}

LinkId SwimWorld::intrude(std::size_t number, std::optional<PeerIdentity> identity) {
  Host& host = *hosts_[number];
  const LinkId link{host.next_accepted};
  host.next_accepted += 2;
  on_host(number, host.life, [&](swim::Swim& swim, Outbox& out) {
    swim.on_link_up(now_,
                    {link, Protocol::gossip, Address::v4(6, 6, 6, 6, 666), identity,
                     options_.datagram_max, 100},
                    out);
  });
  return link;
}

void SwimWorld::inject(std::size_t host, LinkId link, const Bytes& bytes) {
  on_host(host, hosts_[host]->life,
          [&](swim::Swim& swim, Outbox& out) { swim.on_datagram(now_, {link, bytes}, out); });
}

void SwimWorld::inject_stream(std::size_t host, LinkId link, StreamId stream, const Bytes& bytes) {
  on_host(host, hosts_[host]->life, [&](swim::Swim& swim, Outbox& out) {
    swim.on_stream_data(now_, {link, stream, bytes, false}, out);
  });
}

void SwimWorld::at(Instant when, std::function<void()> act) {
  queue_.push({when, ++sequence_, std::move(act)});
}

Duration SwimWorld::flight() {
  const auto spread = static_cast<std::uint64_t>(options_.latency.count() + 1);
  return options_.latency + Duration(static_cast<std::int64_t>(rng_.below(spread)));
}

bool SwimWorld::lost() { return rng_.chance(options_.loss_permille, 1000); }

bool SwimWorld::runs(std::size_t host, std::uint64_t life) const {
  return hosts_[host]->swim && hosts_[host]->life == life;
}

void SwimWorld::on_host(std::size_t number, std::uint64_t life,
                        const std::function<void(swim::Swim&, Outbox&)>& act) {
  if (!runs(number, life)) return;
  Host& host = *hosts_[number];
  if (host.paused) {
    host.inbox.push_back([this, number, life, act] { on_host(number, life, act); });
    return;
  }
  note(number);
  note(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
  act(*host.swim, outboxes_[number]);
  perform(number);
  reschedule(number);
}

void SwimWorld::perform(std::size_t host) {
  while (auto output = outboxes_[host].poll()) {
    if (auto* wanted = std::get_if<Order>(&*output)) {
      order(host, std::move(*wanted));
    } else {
      event(host, std::move(std::get<Event>(*output)));
    }
  }
}

void SwimWorld::event(std::size_t number, Event&& event) {
  Host& host = *hosts_[number];
  if (auto* member = std::get_if<MemberEvent>(&event)) {
    host.events.push_back({now_, *member});
  } else if (auto* notice = std::get_if<Notice>(&event)) {
    host.notices.push_back(*notice);
  } else if (auto* joined = std::get_if<Joined>(&event)) {
    host.joined.push_back(joined->seed);
  } else if (auto* left = std::get_if<LeaveCompleted>(&event)) {
    host.left.push_back(left->acknowledged);
  } else if (auto* cut = std::get_if<MembersCut>(&event)) {
    host.cuts.push_back(*cut);
  } else if (auto* partition = std::get_if<PartitionDetected>(&event)) {
    host.partitions.push_back(*partition);
  } else if (auto* healed = std::get_if<PartitionHealed>(&event)) {
    host.healed.push_back(*healed);
  }
}

void SwimWorld::reschedule(std::size_t number) {
  Host& host = *hosts_[number];
  const auto deadline = host.swim->deadline();
  const std::uint64_t generation = ++host.wake;
  if (!deadline) return;
  at(std::max(*deadline, now_), [this, number, life = host.life, generation] {
    Host& woken = *hosts_[number];
    if (!runs(number, life) || woken.wake != generation || woken.paused) return;
    on_host(number, life, [this](swim::Swim& swim, Outbox& out) { swim.on_deadline(now_, out); });
  });
}

void SwimWorld::connect(std::size_t host, const Connect& connect) {
  const std::size_t index = connections_.size();
  connections_.emplace_back();
  connections_[index].sides[0] = {host, connect.link, hosts_[host]->life, false, now_, 0};
  by_link_[{host, connect.link}] = {index, 0};
  const std::uint64_t life = hosts_[host]->life;
  const auto fail = [this, host, life, link = connect.link](LinkEnd end) {
    on_host(host, life, [this, link, end](swim::Swim& swim, Outbox& out) {
      swim.on_link_down(now_, {link, end, 0, {}}, out);
    });
  };
  const auto target = by_address_.find(connect.remote);
  const bool there = target != by_address_.end();
  // Lost packets of a handshake are sent again.
  Duration delay = flight();
  while (lost()) delay += kRetransmit;
  const Instant timeout = now_ + connect.handshake_timeout;
  if (!there || now_ + delay > timeout) {
    return at(timeout, [fail] { fail(LinkEnd::handshake_timeout); });
  }
  const std::size_t other = target->second;
  at(now_ + delay, [=, this] {
    Host& peer = *hosts_[other];
    const bool reachable = passes(host, other) && passes(other, host);
    if (!peer.swim || peer.paused || !reachable) {
      return at(timeout, [fail] { fail(LinkEnd::handshake_timeout); });
    }
    const PeerIdentity theirs{peer.cluster, peer.certificate};
    if (connect.expected && !theirs.covers(*connect.expected)) {
      return at(now_ + flight(), [fail] { fail(LinkEnd::refused_by_us); });
    }
    const Host& dialler = *hosts_[host];
    const LinkId accepted{peer.next_accepted};
    peer.next_accepted += 2;
    connections_[index].sides[0].open = true;
    connections_[index].sides[0].heard = now_;
    connections_[index].sides[1] = {other, accepted, peer.life, true, now_, 0};
    by_link_[{other, accepted}] = {index, 1};
    watch_idle(index);
    const auto up = [this](LinkId link, const Host& from) {
      return LinkUp{link,
                    Protocol::gossip,
                    from.address,
                    PeerIdentity{from.cluster, from.certificate},
                    options_.datagram_max,
                    100};
    };
    on_host(other, peer.life, [=, this, &dialler](swim::Swim& swim, Outbox& out) {
      swim.on_link_up(now_, up(accepted, dialler), out);
    });
    at(now_ + flight(), [=, this] {
      if (!connections_[index].sides[0].open) return;
      on_host(host, life, [=, this](swim::Swim& swim, Outbox& out) {
        swim.on_link_up(now_, up(connect.link, *hosts_[other]), out);
      });
    });
  });
}

void SwimWorld::order(std::size_t host, Order&& wanted) {
  if (const auto* dial = std::get_if<Connect>(&wanted)) return connect(host, *dial);
  if (const auto* close = std::get_if<CloseLink>(&wanted)) {
    closed_.push_back(*close);
    const auto found = find(host, close->link);
    if (!found) return;
    const auto [index, side] = *found;
    connections_[index].sides[side].open = false;
    at(now_ + flight(), [this, index, side, code = close->code] {
      down(index, 1 - side, LinkEnd::closed_by_peer, code);
    });
    return;
  }
  if (auto* datagram = std::get_if<SendDatagram>(&wanted)) {
    const auto found = find(host, datagram->link);
    if (!found || datagram->bytes.size() > options_.datagram_max) return;
    const auto [index, side] = *found;
    const int to = 1 - side;
    const std::size_t other = connections_[index].sides[to].host;
    if (tap_) tap_(host, other, datagram->bytes, false);
    if (lost() || muted_.contains({host, other})) return;
    auto bytes = std::make_shared<Bytes>(std::move(datagram->bytes));
    at(now_ + flight(), [this, index, to, bytes] {
      arrive(index, to, true, [this, index, to, bytes] {
        const Side& taker = connections_[index].sides[to];
        on_host(taker.host, taker.life,
                [this, link = taker.link, bytes](swim::Swim& swim, Outbox& out) {
                  swim.on_datagram(now_, {link, *bytes}, out);
                });
      });
    });
    return;
  }
  if (auto* write = std::get_if<WriteStream>(&wanted)) {
    const auto found = find(host, write->link);
    if (!found) return;
    const auto [index, side] = *found;
    const int to = 1 - side;
    if (tap_) tap_(host, connections_[index].sides[to].host, write->bytes, true);
    auto data = std::make_shared<WriteStream>(std::move(*write));
    Duration delay = flight();
    while (lost()) delay += kRetransmit;
    Instant& free = connections_[index].stream_free[{to, data->stream.value}];
    free = std::max(free + 1ns, now_ + delay);
    at(free, [this, index, to, data] {
      arrive(index, to, false, [this, index, to, data] {
        const Side& taker = connections_[index].sides[to];
        on_host(taker.host, taker.life,
                [this, link = taker.link, data](swim::Swim& swim, Outbox& out) {
                  swim.on_stream_data(now_, {link, data->stream, data->bytes, data->fin}, out);
                });
      });
    });
    return;
  }
  if (const auto* reset = std::get_if<ResetStream>(&wanted)) {
    const auto found = find(host, reset->link);
    if (!found) return;
    const auto [index, side] = *found;
    const int to = 1 - side;
    at(now_ + flight() * 2, [this, index, to, reset = *reset] {
      arrive(index, to, false, [this, index, to, reset] {
        const Side& taker = connections_[index].sides[to];
        on_host(taker.host, taker.life,
                [this, link = taker.link, reset](swim::Swim& swim, Outbox& out) {
                  const auto code = static_cast<std::uint64_t>(reset.code);
                  swim.on_stream_reset(now_, {link, reset.stream, code}, out);
                });
      });
    });
  }
}

void SwimWorld::arrive(std::size_t index, int to, bool datagram,
                       const std::function<void()>& deliver) {
  Connection& connection = connections_[index];
  Side& receiver = connection.sides[to];
  Side& sender = connection.sides[1 - to];
  if (!passes(sender.host, receiver.host)) {
    // A stream's data is sent again until it arrives or the link ends.
    if (!datagram && sender.open) {
      at(now_ + kRetransmit, [this, index, to, deliver] { arrive(index, to, false, deliver); });
    }
    return;
  }
  const Host& host = *hosts_[receiver.host];
  if (!host.swim) return;
  if (host.life != receiver.life) {
    // The process is another one and does not know the connection (RFC 9000 10.3).
    if (passes(receiver.host, sender.host)) {
      at(now_ + flight(), [this, index, to] { down(index, 1 - to, LinkEnd::reset); });
    }
    return;
  }
  if (!receiver.open) {
    if (passes(receiver.host, sender.host)) {
      at(now_ + flight(), [this, index, to] { down(index, 1 - to, LinkEnd::reset); });
    }
    return;
  }
  if (!host.paused) {
    receiver.heard = now_;
    // Both datagrams and streams are acknowledged.
    if (passes(receiver.host, sender.host)) sender.heard = now_;
  }
  deliver();
}

void SwimWorld::down(std::size_t index, int side, LinkEnd end, CloseCode code) {
  Side& lost = connections_[index].sides[side];
  if (!lost.open) return;
  lost.open = false;
  on_host(lost.host, lost.life, [this, link = lost.link, end, code](swim::Swim& swim, Outbox& out) {
    swim.on_link_down(now_, {link, end, static_cast<std::uint64_t>(code), {}}, out);
  });
}

std::optional<std::pair<std::size_t, int>> SwimWorld::find(std::size_t host, LinkId link) const {
  const auto found = by_link_.find({host, link});
  if (found == by_link_.end()) return std::nullopt;
  const auto [index, side] = found->second;
  const Side& own = connections_[index].sides[side];
  if (!own.open || own.life != hosts_[host]->life) return std::nullopt;
  return found->second;
}

void SwimWorld::watch_idle(std::size_t index) {
  at(now_ + options_.idle_timeout / 4, [this, index] {
    bool open = false;
    for (int side = 0; side < 2; ++side) {
      const Side& own = connections_[index].sides[side];
      if (own.open && !hosts_[own.host]->paused && now_ - own.heard >= options_.idle_timeout) {
        down(index, side, LinkEnd::idle);
      }
      open = open || connections_[index].sides[side].open;
    }
    if (open) watch_idle(index);
  });
}

}  // namespace rpcnet::test
