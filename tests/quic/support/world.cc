#include "tests/quic/support/world.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tests/quic/support/certificates.h"
#include "tests/quic/support/tls_clock.h"

namespace rpcnet::test {

namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

void mix(std::uint64_t& hash, BytesView bytes) {
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 1099511628211U;
}

}  // namespace

// ------------------------------------------------------------------------------------------ Host

Host::Host(World& world, Address address, std::string certificate, quic::EndpointConfig settings,
           std::uint64_t seed)
    : config(std::move(settings)), world_(world), address_(address), random_(seed) {
  tls = Certificates::get().context(certificate);
  config.local = address;
  if (config.cluster.empty()) config.cluster = "dev";
  if (const auto key = tls->derive_key("reset")) config.reset_key = *key;
  if (const auto key = tls->derive_key("token")) config.token_key = *key;
  restart();
}

void Host::restart() {
  orders_.clear();
  links.clear();
  endpoint_.reset();
  endpoint_ = std::make_unique<quic::Endpoint>(config, tls, *this, *this);
}

void Host::order(Order one) { orders_.push_back(std::move(one)); }

LinkId Host::dial(const Host& to, Protocol protocol, std::optional<NodeId> expected,
                  Duration handshake_timeout, Duration silence_max) {
  const LinkId link{next_link_};
  next_link_ += 2;
  order(Connect{link, protocol, to.address(), expected, handshake_timeout, silence_max});
  return link;
}

void Host::write(LinkId link, std::uint64_t stream, Bytes bytes, bool fin) {
  order(WriteStream{link, StreamId{stream}, std::move(bytes), fin});
}

LinkId Host::accepted() const {
  for (const auto& [id, log] : links) {
    if (!id.dialled() && log.up && !log.down) return id;
  }
  BOOST_FAIL("no accepted link is up");
  return {};
}

void Host::on_fact(Instant, const Fact& fact) {
  std::visit(
      Overloaded{
          [&](const LinkUp& one) {
            LinkLog& log = links[one.link];
            BOOST_REQUIRE(!log.up);
            log.up = one;
            log.datagram_max = one.datagram_max;
            log.streams_allowed = one.streams_allowed;
          },
          [&](const LinkDown& one) {
            LinkLog& log = links[one.link];
            BOOST_REQUIRE(!log.down);
            log.down = one;
          },
          [&](const DatagramReceived& one) {
            BOOST_REQUIRE(links[one.link].up);
            links[one.link].datagrams.emplace_back(one.bytes.begin(), one.bytes.end());
          },
          [&](const DatagramLimit& one) { links[one.link].datagram_max = one.datagram_max; },
          [&](const StreamData& one) {
            LinkLog& link = links[one.link];
            BOOST_REQUIRE(link.up);
            BOOST_REQUIRE(!link.down);
            StreamLog& log = link.streams[one.stream];
            BOOST_REQUIRE(!log.fin);
            bytes_received += one.bytes.size();
            if (keep_bytes) log.bytes.insert(log.bytes.end(), one.bytes.begin(), one.bytes.end());
            log.fin = one.fin;
            if (consume && !one.bytes.empty()) {
              log.consumed += one.bytes.size();
              order(ConsumeStream{one.link, one.stream, one.bytes.size()});
            }
            const bool by_peer = one.stream.opened_by_dialler() != one.link.dialled();
            if (echo && by_peer) {
              order(WriteStream{one.link, one.stream, Bytes(one.bytes.begin(), one.bytes.end()),
                                one.fin});
            }
          },
          [&](const StreamReset& one) { links[one.link].streams[one.stream].reset = one.code; },
          [&](const StreamStopped& one) { links[one.link].streams[one.stream].stopped = one.code; },
          [&](const StreamDrained& one) { ++links[one.link].streams[one.stream].drained; },
          [&](const StreamsAllowed& one) { links[one.link].streams_allowed = one.total; },
      },
      fact);
  if (watch) watch(fact);
}

void Host::on_refusal(Instant, const quic::Refusal& refusal) { refusals.push_back(refusal); }

void Host::on_stray(const Address&, const Address&, BytesView datagram) {
  strays.emplace_back(datagram.begin(), datagram.end());
}

void Host::fill(std::span<std::uint8_t> out) {
  for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(random_.next() >> 56);
}

bool Host::send(const quic::Transmit& transmit) {
  BOOST_REQUIRE(transmit.segment_size > 0);
  BOOST_REQUIRE_LE(transmit.bytes.size(), 65507U);
  BytesView rest = transmit.bytes;
  std::size_t pieces = 0;
  while (!rest.empty()) {
    const std::size_t size = std::min(rest.size(), transmit.segment_size);
    world_.transmit(address_, transmit.remote, rest.first(size));
    rest = rest.subspan(size);
    ++pieces;
  }
  BOOST_REQUIRE_LE(pieces, 64U);
  BOOST_REQUIRE(room < 0 || taken_ < room);
  ++taken_;
  return room < 0 || taken_ < room;
}

void Host::settle() {
  // Orders may bring facts, which bring orders.
  do {
    while (!orders_.empty()) {
      Order one = std::move(orders_.front());
      orders_.pop_front();
      endpoint_->perform(world_.now(), std::move(one));
    }
    taken_ = 0;
    endpoint_->flush(world_.now(), *this);
  } while (!orders_.empty());
}

// ----------------------------------------------------------------------------------------- World

World::World(std::uint64_t seed) : seed_(seed), random_(seed) {
  Certificates::get();
  seed_tls(seed);
  set_tls_time({});
  now_ += 1s;  // not zero, so that nothing confuses it with "never"
}

World::~World() = default;

Host& World::add(const std::string& certificate, quic::EndpointConfig config) {
  const auto number = static_cast<std::uint8_t>(hosts_.size() + 1);
  config.accept = !certificate.empty();
  hosts_.push_back(std::make_unique<Host>(*this, Address::v4(10, 0, 0, number, 61000), certificate,
                                          std::move(config), seed_ * 1000 + number));
  return *hosts_.back();
}

Host* World::at(const Address& address) {
  for (const auto& host : hosts_) {
    if (host->address() == address) return host.get();
  }
  for (const auto& [inner, outer] : nat) {
    if (outer == address) return at(inner);
  }
  return nullptr;
}

void World::transmit(const Address& from, const Address& to, BytesView bytes) {
  ++sent;
  const auto mapped = nat.find(from);
  const Address source = mapped == nat.end() ? from : mapped->second;
  const std::uint64_t when = static_cast<std::uint64_t>(now_.time_since_epoch().count());
  mix(hash, BytesView(reinterpret_cast<const std::uint8_t*>(&when), sizeof when));
  mix(hash, source.ip);
  mix(hash, to.ip);
  mix(hash, bytes);
  if (drop && drop(source, to, bytes)) return;
  if (bytes.size() > conditions.mtu) return;
  if (random_.chance(conditions.lost, 1000)) return;
  const int copies = random_.chance(conditions.doubled, 1000) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    Flying one{source, to, Bytes(bytes.begin(), bytes.end())};
    if (random_.chance(conditions.corrupted, 1000)) {
      const std::size_t where = random_.below(one.bytes.size());
      one.bytes[where] ^= static_cast<std::uint8_t>(1U << random_.below(8));
    }
    Duration delay = conditions.latency;
    if (conditions.jitter > Duration::zero()) {
      delay += Duration{static_cast<std::int64_t>(
          random_.below(static_cast<std::uint64_t>(conditions.jitter.count())))};
    }
    flying_.emplace(std::pair{now_ + delay, sequence_++}, std::move(one));
  }
}

void World::inject(Host& to, const Address& from, BytesView bytes) {
  to.endpoint().receive(now_, to.address(), from, 0, bytes);
}

bool World::suspended(const Host& host) const {
  const auto found = suspended_.find(&host);
  return found != suspended_.end() && found->second > now_;
}

void World::suspend(Host& host, Duration duration) { suspended_[&host] = now_ + duration; }

void World::settle_all() {
  for (const auto& host : hosts_) {
    if (!suspended(*host)) host->settle();
  }
}

void World::forward_time_to(Instant then) { now_ = std::max(now_, then); }

bool World::step(Instant limit) {
  settle_all();
  std::optional<Instant> next;
  const auto consider = [&](std::optional<Instant> candidate) {
    if (candidate && (!next || *candidate < *next)) next = candidate;
  };
  if (!flying_.empty()) consider(flying_.begin()->first.first);
  for (const auto& host : hosts_) {
    if (suspended(*host)) {
      consider(suspended_.at(host.get()));
    } else {
      consider(host->endpoint().deadline());
      // A socket that is full takes more a little later.
      if (host->endpoint().wants_flush()) consider(now_ + 10us);
    }
  }
  if (!next || *next > limit) {
    now_ = limit;
    return false;
  }
  now_ = std::max(now_, *next);
  for (const auto& host : hosts_) {
    // Awake again: first what waits in the socket, then the clock (the contract of Endpoint).
    if (suspended(*host) || !waiting_.contains(host.get())) continue;
    for (const Flying& one : waiting_[host.get()]) {
      host->endpoint().receive(now_, one.to, one.from, 0, one.bytes);
    }
    waiting_.erase(host.get());
  }
  while (!flying_.empty() && flying_.begin()->first.first <= now_) {
    Flying one = std::move(flying_.begin()->second);
    flying_.erase(flying_.begin());
    Host* host = at(one.to);
    if (host == nullptr) {
      if (Host* sender = at(one.from); icmp && sender != nullptr) {
        sender->endpoint().unreachable(now_, one.to);
      }
    } else if (suspended(*host)) {
      waiting_[host].push_back(std::move(one));
    } else {
      host->endpoint().receive(now_, host->address(), one.from, 0, one.bytes);
    }
  }
  for (const auto& host : hosts_) {
    if (suspended(*host)) continue;
    const auto due = host->endpoint().deadline();
    if (due && *due <= now_) host->endpoint().handle_timeout(now_);
  }
  settle_all();
  return true;
}

void World::run_for(Duration duration) {
  const Instant end = now_ + duration;
  while (step(end)) {
  }
}

bool World::run_until_true(const std::function<bool()>& condition, Duration limit) {
  const Instant end = now_ + limit;
  while (!condition()) {
    if (!step(end)) return condition();
  }
  return true;
}

// ------------------------------------------------------------------------------------------ Pair

Pair::Pair(quic::EndpointConfig config, std::uint64_t seed, Protocol protocol, Duration silence_max)
    : World(seed), server(add("a", config)), client(add("b", config)) {
  connect(protocol, silence_max);
}

void Pair::connect(Protocol protocol, Duration silence_max) {
  link = client.dial(server, protocol, std::nullopt, 5s, silence_max);
  BOOST_REQUIRE(run_until([&] { return client.link(link).up || client.link(link).down; }));
  BOOST_REQUIRE_MESSAGE(client.link(link).up, client.link(link).down->detail);
  remote = server.accepted();
}

Bytes pattern(std::size_t size, std::uint64_t seed) {
  Rng random(seed);
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next() >> 56);
  return bytes;
}

}  // namespace rpcnet::test
