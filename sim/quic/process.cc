// The passes of a simulated process.
#include "sim/quic/process.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "engine/assert.h"
#include "sim/quic/happenings.h"
#include "sim/quic/tls_turn.h"

namespace rpcnet::sim {

Process::Process(NetworkEnvironment& world, Wire& wire, NetworkCounters& counters, Keyed keyed,
                 HostIndex host, const Credentials& credentials, quic::EndpointConfig config,
                 std::shared_ptr<const quic::TlsContext> tls)
    : world_(world),
      wire_(wire),
      tally_(counters),
      host_(host),
      life_(world.life(host)),
      local_(world.address_of(host)),
      tls_chance_(keyed, combine(host, life_), ChanceUse::tls),
      quic_chance_(keyed, combine(host, life_), ChanceUse::quic) {
  config.cluster = credentials.cluster;
  config.local = local_;
  config.accept = credentials.accepts;
  // As io/core/setup.cc: from the private key where there is one.
  const auto key = [&](std::string_view label) {
    if (const auto derived = tls->derive_key(label)) return *derived;
    quic::SecretKey random{};
    quic_chance_.fill(random);
    return random;
  };
  config.reset_key = key("rpcnet stateless reset");
  config.token_key = key("rpcnet retry token");
  quic::FactSink& sink = *this;
  endpoint_ =
      std::make_unique<quic::Endpoint>(std::move(config), std::move(tls), quic_chance_, sink);
}

Process::~Process() {
  const TlsTurn turn(tls_chance_, world_.local_now(host_));
  endpoint_.reset();
}

// ------------------------------------------------------------------------------------------ passes

void Process::perform(Order&& order) {
  if (const auto* dial = std::get_if<Connect>(&order)) {
    ++tally_.dials;
    links_.emplace(dial->link, Link{dial->remote, false});
  } else if (const auto* close = std::get_if<CloseLink>(&order)) {
    links_.erase(close->link);
  } else if (const auto* data = std::get_if<WriteStream>(&order)) {
    tally_.stream_bytes += data->bytes.size();
  } else if (std::holds_alternative<SendDatagram>(order)) {
    ++tally_.datagrams;
  }
  orders_.push_back(std::move(order));
}

template <typename Action>
void Process::pass(Action action) {
  ENGINE_ASSERT(!in_pass_);
  in_pass_ = true;
  {
    const Instant now = world_.local_now(host_);
    const TlsTurn turn(tls_chance_, now);
    action(now);
    work(now);
  }
  in_pass_ = false;
  arm();
}

void Process::work(Instant now) {
  while (true) {
    while (!orders_.empty()) {
      Order order = std::move(orders_.front());
      orders_.pop_front();
      endpoint_->perform(now, std::move(order));
    }
    endpoint_->flush(now, *this);
    // Flushing can tell facts too, such as a link that ended for a limit.
    if (orders_.empty()) return;
  }
}

void Process::settle() {
  if (in_pass_ || orders_.empty()) return;
  pass([](Instant) {});
}

void Process::receive(const Datagram& datagram) {
  pass([&](Instant now) {
    endpoint_->receive(now, datagram.to, datagram.from, datagram.ecn, datagram.bytes);
  });
}

void Process::unreachable(const Address& remote) {
  pass([&](Instant now) {
    endpoint_->unreachable(now, remote);
    world_.unreachable(host_, remote);
  });
}

// ---------------------------------------------------------------------------------------------
// time

void Process::wake() {
  if (armed_ && *armed_ <= world_.now()) armed_.reset();
  const auto due = endpoint_->deadline();
  if (!due || *due > world_.local_now(host_)) return arm();
  pass([&](Instant now) { endpoint_->handle_timeout(now); });
}

void Process::clock_changed() {
  armed_.reset();
  arm();
}

void Process::arm() {
  const auto due = endpoint_->deadline();
  if (!due) return;
  const Moment at = std::max(world_.now(), world_.moment_of(host_, *due));
  if (armed_ && *armed_ <= at) return;  // that one will look again
  armed_ = at;
  Happening wake = happening(UdpKind::wake, host_);
  wake.timer = true;
  wake.life = life_;
  world_.schedule(at, host_, std::move(wake));
}

// -------------------------------------------------------------------------------------- both sinks

void Process::on_fact(Instant, const Fact& fact) {
  if (const auto* up = std::get_if<LinkUp>(&fact)) {
    if (up->link.dialled()) ++tally_.links;
    links_.insert_or_assign(up->link, Link{up->remote, true});
  }
  const auto* down = std::get_if<LinkDown>(&fact);
  if (down == nullptr) {
    world_.deliver(host_, fact);
    return;
  }
  // Both ends are ours, and what the network damages does not decrypt.
  if (down->end == LinkEnd::transport_error) {
    world_.violation(host_, "lost a link to a transport error: " + down->detail);
  }
  const auto link = links_.extract(down->link);
  if (link && !link.mapped().up) ++tally_.dials_failed;
  world_.deliver(host_, fact);
  if (link && hints_at_trouble(down->end)) world_.unreachable(host_, link.mapped().remote);
}

void Process::on_refusal(Instant, const quic::Refusal& refusal) {
  // Every certificate is of the one authority, and whoever dials names a protocol.
  using Kind = quic::RefusalKind;
  if (refusal.kind == Kind::bad_certificate || refusal.kind == Kind::unknown_authority ||
      refusal.kind == Kind::no_protocol) {
    world_.violation(host_, std::string("refused a link, ") + quic::to_text(refusal.kind) + ": " +
                                refusal.detail);
  }
}

bool Process::send(const quic::Transmit& transmit) {
  for (BytesView rest = transmit.bytes; !rest.empty();) {
    const BytesView one = rest.first(std::min(rest.size(), transmit.segment_size));
    wire_.send(host_, {transmit.local, transmit.remote, transmit.ecn, one});
    rest = rest.subspan(one.size());
  }
  return true;
}

}  // namespace rpcnet::sim
