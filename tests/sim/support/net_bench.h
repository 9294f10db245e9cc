// A network between hosts without nodes: tests give orders and read the facts.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/hash.h"
#include "sim/messages/messages_network.h"
#include "sim/quic/quic_network.h"
#include "sim/world.h"

namespace rpcnet::sim {

// A fact with its bytes owned, and when it was told.
struct Told {
  Moment at;
  Fact fact;
  Bytes bytes;
};

// `Net` is one fidelity's network, `Config` what it is made with.
template <typename Net, typename Config>
class NetBenchOf : public NetworkEnvironment {
 public:
  explicit NetBenchOf(std::size_t hosts, Config config = {},
                      Latency latency = {LatencyShape::fixed, std::chrono::milliseconds(1), {}},
                      std::uint64_t seed = 1)
      : clocks_(hosts, HostClock(std::chrono::seconds(1), 0)),
        states_(hosts, HostState::idle),
        lives_(hosts),
        told_(hosts),
        paths(Keyed(seed), hosts, latency, 0),
        network(*this, paths, Keyed(seed), hosts, config) {}

  static Credentials member(const std::string& node, const std::string& cluster = "c") {
    return {PeerIdentity{cluster, node}, cluster, true, true};
  }

  void start(HostIndex host, const Credentials& credentials) {
    states_[host] = HostState::running;
    ++lives_[host];
    network.start(host, credentials);
  }
  void kill(HostIndex host, HostState after = HostState::idle) {
    network.stop(host);
    states_[host] = after;
  }

  void run_for(Duration time) {
    const Moment end = now_ + time;
    for (HostIndex i = 0; i < states_.size(); ++i) {
      if (states_[i] == HostState::running) network.settle(i);
    }
    while (auto due = queue_.pop(end)) {
      now_ = due->at;
      network.handle(std::move(due->happening));
    }
    now_ = end;
  }

  // The link that `from` dials to `to`, up at both ends. `accepted` gets the other end's number.
  LinkId connect(HostIndex from, HostIndex to, Protocol protocol = Protocol::rpc,
                 LinkId* accepted = nullptr, Duration silence_max = {}) {
    const LinkId link{next_link_};
    next_link_ += 2;
    network.perform(from, Connect{link, protocol, World::address(to), std::nullopt,
                                  std::chrono::seconds(3), silence_max});
    run_for(std::chrono::milliseconds(100));
    if (accepted != nullptr) {
      for (const Told& told : told_[to]) {
        if (const auto* up = std::get_if<LinkUp>(&told.fact)) *accepted = up->link;
      }
    }
    return link;
  }

  void write(HostIndex host, LinkId link, std::uint64_t stream, Bytes bytes, bool fin = false) {
    network.perform(host, WriteStream{link, StreamId{stream}, std::move(bytes), fin});
  }

  // All facts of one kind that the host was told, in order.
  template <typename T>
  std::vector<T> facts(HostIndex host) const {
    std::vector<T> found;
    for (const Told& told : told_[host]) {
      if (const auto* fact = std::get_if<T>(&told.fact)) found.push_back(*fact);
    }
    return found;
  }
  // What it read of a stream.
  Bytes read(HostIndex host, LinkId link, std::uint64_t stream) const {
    Bytes all;
    for (const Told& told : told_[host]) {
      const auto* data = std::get_if<StreamData>(&told.fact);
      if (data == nullptr || data->link != link || data->stream.value != stream) continue;
      all.insert(all.end(), told.bytes.begin(), told.bytes.end());
    }
    return all;
  }
  int fins(HostIndex host, LinkId link, std::uint64_t stream) const {
    int count = 0;
    for (const auto& data : facts<StreamData>(host)) {
      count += data.fin && data.link == link && data.stream.value == stream;
    }
    return count;
  }
  std::vector<Told>& told(HostIndex host) { return told_[host]; }
  const std::vector<std::string>& violations() const { return violations_; }
  const std::vector<Address>& unreachables() const { return unreachables_; }

  // -- NetworkEnvironment
  Moment now() const override { return now_; }
  Instant local_now(HostIndex host) const override { return clocks_[host].local(now_); }
  Moment moment_of(HostIndex host, Instant instant) const override {
    return clocks_[host].when(instant);
  }
  HostState state(HostIndex host) const override { return states_[host]; }
  std::uint32_t life(HostIndex host) const override { return lives_[host]; }
  std::optional<HostIndex> host_of(const Address& address) const override {
    for (HostIndex i = 0; i < states_.size(); ++i) {
      if (World::address(i) == address) return i;
    }
    return std::nullopt;
  }
  Address address_of(HostIndex host) const override { return World::address(host); }
  void schedule(Moment at, HostIndex source, Happening&& happening) override {
    queue_.push(at, (std::uint64_t{happening.host} << 32) | source, std::move(happening));
  }
  void deliver(HostIndex host, const Fact& fact) override {
    Told told{now_, fact, {}};
    if (const auto* data = std::get_if<StreamData>(&fact)) {
      told.bytes.assign(data->bytes.begin(), data->bytes.end());
    }
    if (const auto* datagram = std::get_if<DatagramReceived>(&fact)) {
      told.bytes.assign(datagram->bytes.begin(), datagram->bytes.end());
    }
    told_[host].push_back(std::move(told));
  }
  void unreachable(HostIndex, const Address& address) override { unreachables_.push_back(address); }
  void record_datagram(HostIndex from, HostIndex to, BytesView bytes, const Fate&) override {
    wire_[{from, to}].push_back(hash_bytes(bytes));
  }
  void violation(HostIndex, const std::string& what) override { violations_.push_back(what); }

  HostClock& clock(HostIndex host) { return clocks_[host]; }
  // Hashes of the datagrams that left from one host for another, in order; `quic` only.
  const std::vector<std::uint64_t>& wire(HostIndex from, HostIndex to) { return wire_[{from, to}]; }

 private:
  EventQueue queue_;
  Moment now_{};
  std::vector<HostClock> clocks_;
  std::map<std::pair<HostIndex, HostIndex>, std::vector<std::uint64_t>> wire_;
  std::vector<HostState> states_;
  std::vector<std::uint32_t> lives_;
  std::vector<std::vector<Told>> told_;
  std::vector<std::string> violations_;
  std::vector<Address> unreachables_;
  std::uint64_t next_link_ = 2;

 public:
  // Last, since a network looks at the clocks as it ends.
  Paths paths;
  Net network;
};

using NetBench = NetBenchOf<messages::MessagesNetwork, messages::MessagesConfig>;
using QuicBench = NetBenchOf<QuicNetwork, quic::EndpointConfig>;

}  // namespace rpcnet::sim
