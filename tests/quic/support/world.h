// Endpoints joined by an in-memory network with a virtual clock. No sockets, no sleeping: a minute
// of idling takes a millisecond.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/rng.h"
#include "io/quic/endpoint.h"

namespace rpcnet::test {

using namespace std::chrono_literals;

// What one endpoint told, kept for the test to look at.
struct StreamLog {
  Bytes bytes;
  std::uint64_t consumed = 0;
  bool fin = false;
  std::optional<std::uint64_t> reset;
  std::optional<std::uint64_t> stopped;
  int drained = 0;
};

struct LinkLog {
  std::optional<LinkUp> up;
  std::optional<LinkDown> down;
  std::uint32_t datagram_max = 0;
  std::uint64_t streams_allowed = 0;
  std::vector<Bytes> datagrams;
  std::map<StreamId, StreamLog> streams;
};

class World;

// One endpoint on the network.
class Host final : public quic::FactSink, public quic::Entropy, public quic::DatagramSink {
 public:
  Host(World& world, Address address, std::string certificate, quic::EndpointConfig config,
       std::uint64_t seed);

  // Forgets everything without a word and begins anew on the same address, as a crash does.
  void restart();

  quic::Endpoint& endpoint() { return *endpoint_; }
  const quic::Counters& counters() const { return endpoint_->counters(); }
  const Address& address() const { return address_; }

  // Orders are performed when the world next settles, or now if the world stands still.
  void order(Order order);
  LinkId dial(const Host& to, Protocol protocol, std::optional<NodeId> expected = std::nullopt,
              Duration handshake_timeout = 5s, Duration silence_max = {});
  void write(LinkId link, std::uint64_t stream, Bytes bytes, bool fin = false);

  LinkLog& link(LinkId id) { return links[id]; }
  StreamLog& stream(LinkId id, std::uint64_t stream) { return links[id].streams[StreamId{stream}]; }
  // The one link of this host that is up, of those that it accepted.
  LinkId accepted() const;

  std::map<LinkId, LinkLog> links;
  std::vector<quic::Refusal> refusals;
  std::vector<Bytes> strays;  // for other owners of its address
  bool consume = true;        // credit what arrives at once
  bool echo = false;       // write back what arrives on streams that the peer opened, and its end
  bool keep_bytes = true;  // false: count only, for big transfers
  std::uint64_t bytes_received = 0;
  std::function<void(const Fact&)> watch;
  int room = -1;  // how many bursts the socket takes in each flush; -1: any number
  quic::EndpointConfig config;
  std::shared_ptr<const quic::TlsContext> tls;

  void on_fact(Instant now, const Fact& fact) override;
  void on_refusal(Instant now, const quic::Refusal& refusal) override;
  void on_stray(const Address& local, const Address& remote, BytesView datagram) override;
  void fill(std::span<std::uint8_t> out) override;
  bool send(const quic::Transmit& transmit) override;

 private:
  friend class World;
  void settle();

  World& world_;
  Address address_;
  Rng random_;
  std::unique_ptr<quic::Endpoint> endpoint_;
  std::deque<Order> orders_;
  int taken_ = 0;
  std::uint64_t next_link_ = 2;
};

struct Conditions {
  Duration latency = 1ms;
  Duration jitter{};            // up to so much more, drawn for each datagram: reorders
  std::uint64_t lost = 0;       // per mille
  std::uint64_t doubled = 0;    // per mille
  std::uint64_t corrupted = 0;  // per mille: one bit flips
  std::size_t mtu = 65535;      // larger payloads vanish
};

class World {
 public:
  explicit World(std::uint64_t seed = 1);
  ~World();

  // The certificate's name as in Certificates; "" for none. With one the host accepts.
  Host& add(const std::string& certificate, quic::EndpointConfig config = {});

  Conditions conditions;
  std::function<bool(const Address& from, const Address& to, BytesView)> drop;  // true: vanishes
  // Rewrites the source, as a NAT does.
  std::map<Address, Address> nat;
  std::uint64_t hash = 1469598103934665603U;  // FNV-1a over every datagram, time and address
  std::uint64_t sent = 0;
  bool icmp = false;  // a datagram to where nobody listens is reported to its sender

  Instant now() const { return now_; }
  void run_for(Duration duration);
  // False: not within the limit. The condition gives a bool or an optional.
  template <typename Condition>
  bool run_until(const Condition& condition, Duration limit = 30s) {
    return run_until_true([&] { return static_cast<bool>(condition()); }, limit);
  }

  // A datagram from anywhere to a host, at once.
  void inject(Host& to, const Address& from, BytesView bytes);

  // Nothing reaches or leaves the host's code until then; what arrives waits in its socket.
  void suspend(Host& host, Duration duration);

  void transmit(const Address& from, const Address& to, BytesView bytes);
  void forward_time_to(Instant then);

 private:
  struct Flying {
    Address from;
    Address to;
    Bytes bytes;
  };
  bool run_until_true(const std::function<bool()>& condition, Duration limit);
  bool step(Instant limit);
  void settle_all();
  Host* at(const Address& address);
  bool suspended(const Host& host) const;

  std::uint64_t seed_;
  Rng random_;
  Instant now_{};
  std::map<std::pair<Instant, std::uint64_t>, Flying> flying_;
  std::uint64_t sequence_ = 0;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::map<const Host*, Instant> suspended_;
  std::map<const Host*, std::vector<Flying>> waiting_;
};

// A server "a" and a client "b", the usual cast. `link` is dialled and up on both sides.
struct Pair : World {
  explicit Pair(quic::EndpointConfig config = {}, std::uint64_t seed = 1,
                Protocol protocol = Protocol::rpc, Duration silence_max = {});
  Host& server;
  Host& client;
  LinkId link;    // the client's number
  LinkId remote;  // the server's number
  void connect(Protocol protocol, Duration silence_max);
};

Bytes pattern(std::size_t size, std::uint64_t seed = 7);

}  // namespace rpcnet::test
