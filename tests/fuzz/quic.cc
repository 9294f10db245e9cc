// What comes from the network before anything is known of who sent it: datagrams into an endpoint,
// out of nothing and in the midst of real handshakes.
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "io/quic/endpoint.h"
#include "sim/quic/authority.h"
#include "sim/quic/chance.h"
#include "sim/quic/tls_turn.h"
#include "tests/fuzz/input.h"

using namespace rpcnet;

namespace {

constexpr sim::Keyed kKeyed(7);

// Made once: certificates and keys cost more than a handshake.
std::shared_ptr<const quic::TlsContext> context(std::uint64_t number, const std::string& node) {
  static std::map<std::uint64_t, std::shared_ptr<const quic::TlsContext>> made;
  auto& kept = made[number];
  if (kept) return kept;
  const sim::Authority authority(kKeyed);
  const sim::Certificate own = authority.issue(number, PeerIdentity{"dev", node});
  sim::Chance chance(kKeyed, number, sim::ChanceUse::certificate);
  const sim::TlsTurn turn(chance, Instant{});
  kept = quic::TlsContext::load({own.certificate_pem, own.key_pem, authority.certificate_pem()})
             .context;
  FUZZ_ASSERT(kept != nullptr);
  return kept;
}

// One process: its endpoint, and what it wants sent.
class Side final : public quic::FactSink, public quic::DatagramSink {
 public:
  Side(std::uint64_t number, const std::string& node)
      : address(Address::v4(10, 0, 0, static_cast<std::uint8_t>(number), 7000)),
        tls_chance_(kKeyed, number, sim::ChanceUse::tls),
        quic_chance_(kKeyed, number, sim::ChanceUse::quic) {
    quic::EndpointConfig config;
    config.cluster = "dev";
    config.local = address;
    config.reset_key.fill(static_cast<std::uint8_t>(number));
    config.token_key.fill(static_cast<std::uint8_t>(number + 1));
    quic::FactSink& sink = *this;
    const auto tls = context(number, node);
    const sim::TlsTurn turn(tls_chance_, Instant{});
    endpoint_ = std::make_unique<quic::Endpoint>(std::move(config), tls, quic_chance_, sink);
  }
  ~Side() {
    const sim::TlsTurn turn(tls_chance_, now_);
    endpoint_.reset();
  }

  void receive(Instant now, const Address& from, BytesView bytes) {
    within(now, [&] { endpoint_->receive(now, address, from, 0, bytes); });
  }
  void perform(Instant now, Order order) {
    within(now, [&] { endpoint_->perform(now, std::move(order)); });
  }
  void work(Instant now) {
    within(now, [&] {
      if (endpoint_->deadline() && *endpoint_->deadline() <= now) endpoint_->handle_timeout(now);
      endpoint_->flush(now, *this);
    });
  }

  void on_fact(Instant, const Fact& fact) override {
    if (const auto* data = std::get_if<StreamData>(&fact)) {
      orders_.emplace_back(ConsumeStream{data->link, data->stream, data->bytes.size()});
    }
  }
  void on_refusal(Instant, const quic::Refusal&) override {}
  bool send(const quic::Transmit& transmit) override {
    BytesView rest = transmit.bytes;
    while (!rest.empty()) {
      const BytesView one = rest.first(std::min(rest.size(), transmit.segment_size));
      sent.emplace_back(one.begin(), one.end());
      rest = rest.subspan(one.size());
    }
    return true;
  }

  std::deque<Bytes> sent;
  Address address;

 private:
  template <typename Action>
  void within(Instant now, Action action) {
    now_ = now;
    const sim::TlsTurn turn(tls_chance_, now);
    action();
    while (!orders_.empty()) {
      Order order = std::move(orders_.front());
      orders_.pop_front();
      endpoint_->perform(now, std::move(order));
    }
  }

  Instant now_{};
  sim::Chance tls_chance_;
  sim::Chance quic_chance_;
  std::deque<Order> orders_;
  std::unique_ptr<quic::Endpoint> endpoint_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input({data, size});
  Side server(1, "a");
  Side client(2, "b");
  Instant now = Instant{} + std::chrono::seconds(1);
  client.perform(now, Connect{.link = LinkId{2},
                              .protocol = input.u8() % 2 == 0 ? Protocol::rpc : Protocol::gossip,
                              .remote = server.address,
                              .expected = std::nullopt,
                              .handshake_timeout = std::chrono::seconds(5)});
  client.perform(now, WriteStream{LinkId{2}, StreamId{0}, Bytes(100, 'x'), true});
  for (int steps = 0; steps < 60 && !input.empty(); ++steps) {
    client.work(now);
    server.work(now);
    const std::uint8_t what = input.u8();
    Side& from = what % 2 == 0 ? client : server;
    Side& to = what % 2 == 0 ? server : client;
    if (what / 2 % 8 == 7) {
      to.receive(now, Address::v4(9, 9, 9, input.u8(), 9), input.piece(1500));
      continue;
    }
    if (what / 2 % 8 == 6) {
      now += std::chrono::milliseconds(input.u16());
      continue;
    }
    if (from.sent.empty()) continue;
    Bytes packet = std::move(from.sent.front());
    from.sent.pop_front();
    switch (what / 2 % 8) {
      case 0: continue;  // lost
      case 1:            // damaged
        if (!packet.empty()) packet[input.u16() % packet.size()] ^= input.u8();
        break;
      case 2: packet.resize(std::min<std::size_t>(packet.size(), input.u16())); break;
      case 3: {  // its beginning is the input's
        const BytesView piece = input.piece(200);
        std::copy_n(piece.begin(), std::min(piece.size(), packet.size()), packet.begin());
        break;
      }
      default: break;
    }
    to.receive(now, from.address, packet);
    now += std::chrono::milliseconds(1);
  }
  client.work(now);
  server.work(now);
  return 0;
}
