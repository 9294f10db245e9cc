// Finding, ending and reusing connections, and what a packet meets where it arrives.
#include <algorithm>
#include <utility>

#include "sim/messages/messages_network.h"

namespace rpcnet::sim::messages {

MessagesNetwork::MessagesNetwork(NetworkEnvironment& world, Paths& paths, Keyed keyed,
                                 std::size_t hosts, MessagesConfig config)
    : world_(world), paths_(paths), keyed_(keyed), config_(config), hosts_(hosts) {}

void MessagesNetwork::start(HostIndex host, const Credentials& credentials) {
  hosts_[host] = {};
  hosts_[host].credentials = credentials;
  if (credentials.identity) {
    hosts_[host].certificate = &certificates_.emplace_back(*credentials.identity);
  }
  hosts_[host].clock_lead = clock_lead(host);
}

void MessagesNetwork::stop(HostIndex host) {
  for (const Ref ref : ends_of(host)) finish(ref, EndState::gone);
  // A plain link to a dead process comes up too: nothing was asked of it.
  HostLinks known;
  if (config_.plain) {
    known.credentials = hosts_[host].credentials;
    known.certificate = hosts_[host].certificate;
  }
  hosts_[host] = std::move(known);
}

// Looks at all connections: for what happens now and then.
std::vector<MessagesNetwork::Ref> MessagesNetwork::ends_of(HostIndex host) const {
  std::vector<Ref> refs;
  for (std::uint32_t index = 0; index < connections_.size(); ++index) {
    for (std::uint8_t side = 0; side < 2; ++side) {
      const Ref ref{index, side};
      const EndState state = end(ref).state;
      const bool open = is_dialling(state) || state == EndState::half_open || state == EndState::up;
      if (open && end(ref).host == host && alive(ref)) refs.push_back(ref);
    }
  }
  std::sort(refs.begin(), refs.end(), [&](Ref x, Ref y) {
    return std::pair(end(x).link, x.connection) < std::pair(end(y).link, y.connection);
  });
  return refs;
}

std::uint32_t MessagesNetwork::allocate() {
  std::uint32_t index = 0;
  if (free_.empty()) {
    index = static_cast<std::uint32_t>(connections_.size());
    connections_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
    const std::uint32_t generation = connections_[index].generation;
    connections_[index] = Connection{};
    connections_[index].generation = generation + 1;
  }
  connections_[index].in_use = true;
  return index;
}

void MessagesNetwork::release_if_unused(std::uint32_t index) {
  Connection& connection = connections_[index];
  if (!connection.in_use) return;
  for (const End& one : connection.ends) {
    if (is_dialling(one.state) || one.state == EndState::half_open || one.state == EndState::up) {
      return;
    }
  }
  connection.in_use = false;
  ++connection.generation;  // what is under way for it finds nobody
  free_.push_back(index);
}

Connection* MessagesNetwork::find(const Happening& happening) {
  Connection& connection = connections_[happening.a];
  if (!connection.in_use || connection.generation != happening.life) return nullptr;
  return &connection;
}

void MessagesNetwork::expect(const Happening& happening) const {
  constexpr std::size_t kLine = 64;
  const auto* at = reinterpret_cast<const char*>(&connections_[happening.a]);
  for (std::size_t line = 0; line < sizeof(Connection); line += kLine) {
    __builtin_prefetch(at + line);
  }
}

std::optional<MessagesNetwork::Ref> MessagesNetwork::lookup(HostIndex host, LinkId link) {
  const std::uint32_t index = hosts_[host].links.find(link);
  if (index == KeyIndex<LinkId>::kNone) return std::nullopt;
  return Ref{index, static_cast<std::uint8_t>(link.dialled() ? 0 : 1)};
}

bool MessagesNetwork::alive(Ref ref) const {
  return world_.state(end(ref).host) == HostState::running &&
         world_.life(end(ref).host) == end(ref).life;
}

void MessagesNetwork::finish(Ref ref, EndState state) {
  End& one = end(ref);
  if (alive(ref)) {
    HostLinks& links = hosts_[one.host];
    if (one.flow) links.streams -= one.flow->streams.size();
    if (one.link.value != 0 || ref.side == 0) links.links.erase(one.link);
  }
  one.state = state;
  one.closed_at = world_.now();
  if (one.flow) one.flow->streams.clear();
  if (ref.side == 0) at(ref).dial.reset();
  release_if_unused(ref.connection);
}

void MessagesNetwork::finish_and_tell(Ref ref, LinkEnd how, std::uint64_t code,
                                      std::string detail) {
  const EndState before = end(ref).state;
  const HostIndex host = end(ref).host;
  const LinkId link = end(ref).link;
  const Address remote = world_.address_of(end(other(ref)).host);
  finish(ref, EndState::gone);
  if (is_dialling(before)) ++counters_.dials_failed;
  if (!is_dialling(before) && before != EndState::up) return;
  world_.deliver(host, LinkDown{link, how, code, std::move(detail)});
  if (hints_at_trouble(how)) world_.unreachable(host, remote);
}

MessagesNetwork::Arrival MessagesNetwork::arrive(Ref ref) {
  End& one = end(ref);
  switch (world_.state(one.host)) {
    case HostState::off: return Arrival::lost;
    case HostState::idle:
      if (config_.plain) return Arrival::lost;
      send(ref, 60, make(Kind::icmp, other(ref), false));
      return Arrival::refused;
    case HostState::running: break;
  }
  if (config_.plain && ref.side == 1 && !alive(ref)) {
    one.life = world_.life(one.host);
    one.state = EndState::half_open;
  }
  if (world_.life(one.host) != one.life || one.state == EndState::gone ||
      one.state == EndState::none) {
    // RFC 9000 10.3: a process that does not know the connection says so.
    send(ref, 60, make(Kind::reset, other(ref), false));
    return Arrival::refused;
  }
  if (one.state == EndState::closed) {
    if (world_.now() - one.closed_at > config_.closing) {
      send(ref, 60, make(Kind::reset, other(ref), false));
    } else {
      send_close(ref, {});
    }
    return Arrival::refused;
  }
  // The dialler's certificate travels with its first packets: any of them completes the handshake.
  if (one.state == EndState::half_open && !on_confirmed(ref)) return Arrival::refused;
  // The acceptor speaks to those that it has let in.
  if (one.state == EndState::confirming) come_up(ref, at(ref).certificates[1]);
  if (end(ref).state != EndState::up && end(ref).state != EndState::dialling) {
    return Arrival::refused;  // the engine closed the link as it came up
  }
  heard(ref, world_.now());
  return Arrival::taken;
}

void MessagesNetwork::heard(Ref ref, Moment when) {
  End& one = end(ref);
  one.heard = std::max(one.heard, when);
  one.waiting = false;
}

std::size_t MessagesNetwork::open_links(HostIndex host) const { return hosts_[host].links.size(); }

std::size_t MessagesNetwork::open_streams(HostIndex host) const { return hosts_[host].streams; }

std::uint64_t MessagesNetwork::unacknowledged(HostIndex host) const {
  std::uint64_t bytes = 0;
  if (hosts_[host].streams == 0) return bytes;  // as nearly always when somebody asks
  for (const Ref ref : ends_of(host)) {
    if (!end(ref).flow) continue;
    for (const auto& [id, stream] : end(ref).flow->streams) {
      if (!stream.out.reset) bytes += stream.out.unacknowledged();
    }
  }
  return bytes;
}

}  // namespace rpcnet::sim::messages
