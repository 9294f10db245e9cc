// Hosts, and datagrams between them.
#include "sim/quic/quic_network.h"

#include <utility>

#include "engine/assert.h"
#include "sim/quic/happenings.h"
#include "sim/quic/tls_turn.h"

namespace rpcnet::sim {
namespace {

// An ICMP message quotes the start of what it answers (RFC 792).
constexpr std::uint64_t kIcmpSize = 36;

}  // namespace

QuicNetwork::QuicNetwork(NetworkEnvironment& world, Paths& paths, Keyed keyed, std::size_t hosts,
                         quic::EndpointConfig config)
    : world_(world),
      paths_(paths),
      keyed_(keyed),
      config_(std::move(config)),
      authority_(keyed),
      stations_(hosts) {}

void QuicNetwork::start(HostIndex host, const Credentials& credentials) {
  // A new life reads its files again and remembers nothing.
  Certificate own;
  if (credentials.identity) own = authority_.issue(host, *credentials.identity);
  Chance chance(keyed_, combine(host, world_.life(host)), ChanceUse::certificate);
  quic::TlsContext::Loaded loaded;
  {
    const TlsTurn turn(chance, world_.local_now(host));
    loaded =
        quic::TlsContext::load({own.certificate_pem, own.key_pem, authority_.certificate_pem()});
  }
  if (!loaded.context) {
    world_.violation(host, "cannot start: " + loaded.error);
    return;
  }
  Station& station = stations_[host];
  Wire& wire = *this;
  station.sent.assign(stations_.size(), 0);
  station.process = std::make_unique<Process>(world_, wire, counters_, keyed_, host, credentials,
                                              config_, std::move(loaded.context));
}

void QuicNetwork::stop(HostIndex host) { stations_[host].process.reset(); }

void QuicNetwork::perform(HostIndex host, Order&& order) {
  if (stations_[host].process) stations_[host].process->perform(std::move(order));
}

void QuicNetwork::settle(HostIndex host) {
  if (stations_[host].process) stations_[host].process->settle();
}

void QuicNetwork::clock_changed(HostIndex host) {
  if (stations_[host].process) stations_[host].process->clock_changed();
}

std::size_t QuicNetwork::open_links(HostIndex host) const {
  const quic::Counters* counters = endpoint(host);
  return counters == nullptr ? 0 : counters->links - counters->half_open;
}

std::size_t QuicNetwork::open_streams(HostIndex host) const {
  const quic::Counters* counters = endpoint(host);
  return counters == nullptr ? 0 : counters->streams;
}

std::uint64_t QuicNetwork::unacknowledged(HostIndex host) const {
  const quic::Counters* counters = endpoint(host);
  return counters == nullptr ? 0 : counters->send_buffer_bytes;
}

std::uint64_t QuicNetwork::uncredited(HostIndex host) const {
  const quic::Counters* counters = endpoint(host);
  return counters == nullptr ? 0 : counters->uncredited_bytes;
}

std::uint64_t QuicNetwork::stranded_credit(HostIndex host) const {
  const auto& process = stations_[host].process;
  return process ? process->stranded_credit() : 0;
}

const quic::Counters* QuicNetwork::endpoint(HostIndex host) const {
  const auto& process = stations_[host].process;
  return process ? &process->counters() : nullptr;
}

// --------------------------------------------------------------------------------------- datagrams

Address QuicNetwork::seen(HostIndex host, std::uint64_t port) const {
  Address address = world_.address_of(host);
  address.port = static_cast<std::uint16_t>(port);
  return address;
}

Packet QuicNetwork::packet(HostIndex from, HostIndex to, std::uint64_t port, std::uint64_t size) {
  Station& station = stations_[from];
  if (station.sent.empty()) station.sent.assign(stations_.size(), 0);
  return {.from = from,
          .to = to,
          .size = size,
          .entity = combine(combine(from, world_.life(from)), to),
          .counter = station.sent[to]++,
          .mapping = static_cast<std::uint32_t>(port - world_.address_of(to).port)};
}

void QuicNetwork::send(HostIndex from, const Datagram& datagram) {
  // A NAT shows a host under other ports (Paths::mapping), never under another address.
  Address plain = datagram.to;
  plain.port = datagram.from.port;
  const auto to = world_.host_of(plain);
  if (!to || datagram.to.port < plain.port) return;  // nobody has this address
  const Fate fate =
      paths_.pass(world_.now(), packet(from, *to, datagram.to.port, datagram.bytes.size()));
  world_.record_datagram(from, *to, datagram.bytes, fate);
  if (fate.lost) return;
  Happening arrival = happening(UdpKind::datagram, *to);
  arrival.a = from;
  arrival.b = std::uint64_t{datagram.from.port} + fate.mapping;
  arrival.c = datagram.ecn;
  arrival.d = datagram.to.port;
  arrival.bytes.assign(datagram.bytes.begin(), datagram.bytes.end());
  damage(fate, arrival.bytes);
  if (fate.copy) {
    Happening copy = arrival;
    world_.schedule(world_.now() + *fate.copy, from, std::move(copy));
  }
  world_.schedule(world_.now() + fate.delay, from, std::move(arrival));
}

void QuicNetwork::handle(Happening&& happening) {
  const HostIndex host = happening.host;
  Process* process = stations_[host].process.get();
  switch (static_cast<UdpKind>(happening.kind)) {
    case UdpKind::datagram: return arrive(happening);
    case UdpKind::unreachable:
      if (process != nullptr) process->unreachable(seen(happening.a, happening.b));
      return;
    case UdpKind::wake:
      if (process != nullptr && world_.life(host) == happening.life) process->wake();
      return;
  }
}

void QuicNetwork::arrive(const Happening& happening) {
  switch (world_.state(happening.host)) {
    case HostState::off: return;
    case HostState::idle: return answer_unreachable(happening);
    case HostState::running: break;
  }
  Process* process = stations_[happening.host].process.get();
  if (process == nullptr) return;  // it could not start
  // Behind the NAT its own address is the one that it has.
  process->receive({.from = seen(happening.a, happening.b),
                    .to = world_.address_of(happening.host),
                    .ecn = static_cast<unsigned>(happening.c),
                    .bytes = happening.bytes});
}

void QuicNetwork::answer_unreachable(const Happening& datagram) {
  const HostIndex from = datagram.host;
  const Fate fate = paths_.pass(world_.now(), packet(from, datagram.a, datagram.b, kIcmpSize));
  if (!fate.arrives_whole()) return;
  Happening answer = happening(UdpKind::unreachable, datagram.a);
  answer.a = from;
  answer.b = datagram.d;
  world_.schedule(world_.now() + fate.delay, from, std::move(answer));
}

}  // namespace rpcnet::sim
