#include "io/quic/endpoint.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "engine/assert.h"
#include "io/quic/core/afterlife.h"
#include "io/quic/core/connection.h"
#include "io/quic/core/shared.h"
#include "io/quic/core/stateless.h"

namespace rpcnet::quic {

namespace {

// The largest UDP payload over IPv4, and so the largest UDP_SEGMENT burst.
constexpr std::size_t kBurstMax = 65507;

}  // namespace

class Endpoint::Impl {
 public:
  Impl(EndpointConfig config, std::shared_ptr<const TlsContext> tls, Entropy& entropy,
       FactSink& sink)
      : shared_(std::move(config), entropy, sink),
        tls_(std::move(tls)),
        stateless_(shared_, outbox_),
        burst_(std::make_unique_for_overwrite<std::uint8_t[]>(kBurstMax)),
        buffer_(burst_.get(), kBurstMax) {
    ENGINE_ASSERT(tls_ != nullptr);
    for (const auto* probes : {&shared_.config.mtu_probes, &shared_.config.loopback_mtu_probes}) {
      for (const std::uint16_t probe : *probes) {
        ENGINE_ASSERT(probe > NGTCP2_MAX_UDP_PAYLOAD_SIZE);
        ENGINE_ASSERT(probe <= kBurstMax);
      }
    }
  }

  void enter(Instant now) {
    ENGINE_ASSERT(!shared_.telling);
    ENGINE_ASSERT(now >= shared_.now);
    shared_.now = now;
  }

  void receive(const Address& local, const Address& remote, unsigned ecn, BytesView datagram);
  void receive_stray(const Address& local, const Address& remote, BytesView datagram);
  void unreachable(const Address& remote);
  void handle_timeout();
  void flush(DatagramSink& out);
  std::optional<Instant> deadline() const;

  void perform(Connect& order);
  void perform(CloseLink& order);
  void perform(SendDatagram& order);
  void perform(WriteStream& order);
  void perform(ResetStream& order);
  void perform(StopStream& order);
  void perform(ConsumeStream& order);
  void perform(WatchDrain& order);

  struct Entry {
    std::unique_ptr<Connection> connection;
    std::optional<Instant> deadline;
    bool ready = false;
  };
  using Links = std::map<LinkId, Entry>;

  Connection* find(LinkId link) {
    const auto found = links_.find(link);
    return found == links_.end() ? nullptr : found->second.connection.get();
  }

  Shared shared_;
  std::shared_ptr<const TlsContext> tls_;
  bool accepting_ = true;
  Outbox outbox_;
  Links links_;
  std::deque<LinkId> ready_;  // links to write, in the order in which something happened to them

 private:
  void on_beginning(const Stray& stray, unsigned ecn);
  bool refuse(const Stray& stray, const ngtcp2_pkt_hd& header, std::string_view reason);
  void settle(Links::iterator link);
  void finish(Links::iterator link);
  void mark_ready(Links::iterator link);
  void set_deadline(Links::iterator link, std::optional<Instant> deadline);
  bool send(DatagramSink& out, const Transmit& transmit);
  bool flush_outbox(DatagramSink& out);

  template <typename Action>
  void with(LinkId link, Action action) {
    const auto found = links_.find(link);
    if (found == links_.end()) return;  // facts and orders cross
    action(*found->second.connection);
    settle(found);
  }

  Stateless stateless_;
  Afterlife afterlife_;
  std::set<std::pair<Instant, LinkId>> deadlines_;
  std::uint64_t next_accepted_ = 1;
  const std::unique_ptr<std::uint8_t[]> burst_;  // not zeroed: who sends little touches little
  const std::span<std::uint8_t> buffer_;
};

// -------------------------------------------------------------------------------------- receiving

void Endpoint::Impl::receive(const Address& local, const Address& remote, unsigned ecn,
                             BytesView datagram) {
  ++shared_.counters.datagrams_in;
  shared_.counters.bytes_in += datagram.size();
  if (datagram.empty()) {
    ++shared_.counters.dropped_garbage;
    return;
  }
  ngtcp2_version_cid header;
  const int error =
      ngtcp2_pkt_decode_version_cid(&header, datagram.data(), datagram.size(), kConnectionIdSize);
  const Stray stray{local, remote, datagram};
  if (error == NGTCP2_ERR_VERSION_NEGOTIATION) {
    if (shared_.config.accept) {
      stateless_.negotiate_version(stray, header);
    } else {
      ++shared_.counters.dropped_not_accepting;
    }
    return;
  }
  if (error != 0 || header.dcidlen > NGTCP2_MAX_CIDLEN) {
    ++shared_.counters.dropped_garbage;
    return;
  }
  const ConnectionId id = ConnectionId::of(BytesView(header.dcid, header.dcidlen));
  auto owner = shared_.ids.find(id);
  if (!owner) {
    const bool long_header = (datagram.front() & 0x80) != 0;
    if (long_header) {
      on_beginning(stray, ecn);
      return;
    }
    owner = shared_.reset_tokens.find(datagram);
    if (!owner) {
      stateless_.reset(stray, id);
      return;
    }
  }
  const auto found = links_.find(*owner);
  if (found == links_.end()) {
    if (const OwnedDatagram* farewell = afterlife_.on_packet(*owner)) {
      // To where the packet came from only if that is where the link was: RFC 9000 10.2.1.
      if (farewell->remote == remote) outbox_.push(*farewell);
    }
    return;
  }
  found->second.connection->read(local, remote, ecn, datagram);
  settle(found);
}

void Endpoint::Impl::receive_stray(const Address& local, const Address& remote,
                                   BytesView datagram) {
  const auto link = shared_.reset_tokens.find(datagram);
  if (!link) return;
  const auto found = links_.find(*link);
  if (found == links_.end()) return;
  found->second.connection->read(local, remote, 0, datagram);
  settle(found);
}

void Endpoint::Impl::on_beginning(const Stray& stray, unsigned ecn) {
  ngtcp2_pkt_hd header;
  if (ngtcp2_accept(&header, stray.bytes.data(), stray.bytes.size()) != 0) {
    ++shared_.counters.dropped_unknown;
    return;
  }
  if (!shared_.config.accept || tls_->accepting() == nullptr) {
    ++shared_.counters.dropped_not_accepting;
    return;
  }
  if (!accepting_) {
    ++shared_.counters.dropped_not_accepting;
    stateless_.refuse(stray, header, NGTCP2_CONNECTION_REFUSED, "shutting down");
    return;
  }
  if (links_.size() >= shared_.config.links_max) {
    stateless_.refuse(stray, header, NGTCP2_CONNECTION_REFUSED, "overloaded: too many links");
    ++shared_.counters.refusals[static_cast<std::size_t>(RefusalKind::overloaded)];
    shared_.tell(Refusal{stray.remote, std::nullopt, RefusalKind::overloaded, "too many links"});
    return;
  }
  if (shared_.counters.half_open >= shared_.config.half_open_max) {
    ++shared_.counters.dropped_half_open;
    return;
  }

  Incoming incoming{.link = LinkId{next_accepted_},
                    .local = stray.local,
                    .remote = stray.remote,
                    .version = header.version,
                    .dialler_id = header.scid,
                    .addressed_to = header.dcid,
                    .first_id = std::nullopt,
                    .token = BytesView(header.token, header.tokenlen)};
  if (crypto::is_retry_token(incoming.token)) {
    incoming.first_id =
        crypto::verify_retry_token(incoming.token, shared_.config.token_key, header.version,
                                   stray.remote, header.dcid, shared_.now);
    if (!incoming.first_id) {
      // RFC 9000 8.1.3: the dialler would repeat it for ever.
      ++shared_.counters.dropped_token;
      stateless_.refuse(stray, header, NGTCP2_INVALID_TOKEN, "Retry token not valid");
      return;
    }
  } else if (shared_.counters.half_open >= shared_.config.retry_above) {
    stateless_.retry(stray, header);
    return;
  }

  auto connection = Connection::accept(shared_, tls_, incoming);
  if (!connection) {
    ++shared_.counters.dropped_half_open;
    return;
  }
  next_accepted_ += 2;
  ++shared_.counters.links_accepted;
  const auto place = links_.emplace(incoming.link, Entry{std::move(connection), {}, false}).first;
  place->second.connection->read(stray.local, stray.remote, ecn, stray.bytes);
  settle(place);
}

void Endpoint::Impl::unreachable(const Address& remote) {
  std::vector<LinkId> concerned;
  for (const auto& [link, entry] : links_) {
    if (entry.connection->remote() == remote) concerned.push_back(link);
  }
  for (const LinkId link : concerned) {
    with(link, [](Connection& connection) { connection.doubt(); });
  }
}

// ---------------------------------------------------------------------------------------- orders

void Endpoint::Impl::perform(Connect& order) {
  ENGINE_ASSERT(order.link.dialled());
  ENGINE_ASSERT(!links_.contains(order.link));
  ENGINE_ASSERT(!afterlife_.contains(order.link));
  ++shared_.counters.links_dialled;
  auto connection =
      links_.size() < shared_.config.links_max ? Connection::dial(shared_, tls_, order) : nullptr;
  if (!connection) {
    ++shared_.counters.links_down[static_cast<std::size_t>(LinkEnd::local_limit)];
    shared_.tell(LinkDown{order.link, LinkEnd::local_limit, 0, "no room for another link"});
    return;
  }
  mark_ready(links_.emplace(order.link, Entry{std::move(connection), {}, false}).first);
}

void Endpoint::Impl::perform(CloseLink& order) {
  with(order.link, [&](Connection& link) { link.close(order.code, std::move(order.reason)); });
}

void Endpoint::Impl::perform(SendDatagram& order) {
  with(order.link, [&](Connection& link) { link.send_datagram(std::move(order.bytes)); });
}

void Endpoint::Impl::perform(WriteStream& order) {
  with(order.link, [&](Connection& link) {
    link.write_stream(order.stream, std::move(order.bytes), order.fin);
  });
}

void Endpoint::Impl::perform(ResetStream& order) {
  with(order.link, [&](Connection& link) { link.reset_stream(order.stream, order.code); });
}

void Endpoint::Impl::perform(StopStream& order) {
  with(order.link, [&](Connection& link) { link.stop_stream(order.stream, order.code); });
}

void Endpoint::Impl::perform(ConsumeStream& order) {
  with(order.link, [&](Connection& link) { link.consume_stream(order.stream, order.bytes); });
}

void Endpoint::Impl::perform(WatchDrain& order) {
  with(order.link, [&](Connection& link) { link.watch_drain(order.stream, order.low_mark); });
}

// ---------------------------------------------------------------------------------- after an event

void Endpoint::Impl::settle(Links::iterator link) {
  if (link->second.connection->ending()) {
    finish(link);
  } else {
    mark_ready(link);
  }
}

void Endpoint::Impl::mark_ready(Links::iterator link) {
  if (link->second.ready) return;
  link->second.ready = true;
  ready_.push_back(link->first);
}

void Endpoint::Impl::set_deadline(Links::iterator link, std::optional<Instant> deadline) {
  std::optional<Instant>& current = link->second.deadline;
  if (current == deadline) return;
  if (current) deadlines_.erase({*current, link->first});
  if (deadline) deadlines_.emplace(*deadline, link->first);
  current = deadline;
}

// The order matters: the farewell needs the connection, the facts come last, when nothing of the
// link is left that they could disturb.
void Endpoint::Impl::finish(Links::iterator link) {
  const LinkId number = link->first;
  Connection& connection = *link->second.connection;
  const Connection::Burst burst = connection.write_farewell(buffer_);
  const Ending ending = *connection.ending();
  const bool refused = connection.half_open();
  const bool was_up = connection.up();
  const Address remote = connection.remote();
  const auto protocol = connection.protocol();

  OwnedDatagram farewell{
      burst.local, burst.remote,
      Bytes(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(burst.size))};
  const bool drains = ending.farewell == Ending::Farewell::drain;
  if ((drains || burst.size > 0) && afterlife_.size() < shared_.config.links_max) {
    Duration kept = 3 * connection.probe_timeout();
    if (number.dialled() && was_up && burst.size > 0) kept += shared_.config.idle_timeout;
    afterlife_.keep(number, connection.ids(), farewell, shared_.now + kept);
  } else {
    for (const ConnectionId& id : connection.ids()) shared_.ids.remove(id);
  }
  const bool unasked = ending.farewell != Ending::Farewell::if_asked;
  if (burst.size > 0 && unasked) outbox_.push(std::move(farewell));
  set_deadline(link, std::nullopt);
  links_.erase(link);
  shared_.counters.closing = afterlife_.size();
  if (!was_up) ++shared_.counters.handshakes_failed;

  if (ending.silent_to_engine) return;
  if (refused) {
    ++shared_.counters.refusals[static_cast<std::size_t>(ending.refusal)];
    shared_.tell(Refusal{remote, protocol, ending.refusal, ending.detail});
    return;
  }
  ++shared_.counters.links_down[static_cast<std::size_t>(ending.end)];
  shared_.tell(LinkDown{number, ending.end, ending.code, ending.detail});
}

// -------------------------------------------------------------------------------- timers, writing

void Endpoint::Impl::handle_timeout() {
  afterlife_.expire(shared_.now, shared_.ids);
  shared_.counters.closing = afterlife_.size();
  std::vector<LinkId> due;
  for (auto first = deadlines_.begin(); first != deadlines_.end() && first->first <= shared_.now;
       ++first) {
    due.push_back(first->second);
  }
  for (const LinkId link : due) {
    const auto found = links_.find(link);
    if (found == links_.end()) continue;
    // The next flush sets it anew. Left standing, it would wake a driver whose socket is full
    // again and again.
    set_deadline(found, std::nullopt);
    found->second.connection->handle_timeout();
    settle(found);
  }
}

std::optional<Instant> Endpoint::Impl::deadline() const {
  std::optional<Instant> earliest = afterlife_.deadline();
  if (!deadlines_.empty() && (!earliest || deadlines_.begin()->first < *earliest)) {
    earliest = deadlines_.begin()->first;
  }
  return earliest;
}

bool Endpoint::Impl::send(DatagramSink& out, const Transmit& transmit) {
  const std::size_t size = transmit.bytes.size();
  shared_.counters.datagrams_out += (size + transmit.segment_size - 1) / transmit.segment_size;
  shared_.counters.bytes_out += size;
  ++shared_.counters.bursts_out;
  return out.send(transmit);
}

bool Endpoint::Impl::flush_outbox(DatagramSink& out) {
  while (!outbox_.empty()) {
    const OwnedDatagram& datagram = outbox_.front();
    const bool more = send(out, {.local = datagram.local,
                                 .remote = datagram.remote,
                                 .ecn = 0,
                                 .bytes = datagram.bytes,
                                 .segment_size = datagram.bytes.size()});
    outbox_.pop();
    if (!more) return false;
  }
  return true;
}

void Endpoint::Impl::flush(DatagramSink& out) {
  if (!flush_outbox(out)) return;
  while (!ready_.empty()) {
    const auto link = links_.find(ready_.front());
    ready_.pop_front();
    if (link == links_.end()) continue;
    link->second.ready = false;
    Connection& connection = *link->second.connection;
    const Connection::Burst burst = connection.write(buffer_);
    if (connection.ending()) {
      finish(link);
      if (!flush_outbox(out)) return;
      continue;
    }
    connection.observe_path();
    set_deadline(link, connection.deadline());
    if (burst.size == 0) continue;
    // To the end of the line: one link with much to send does not hold the others up.
    if (burst.more) mark_ready(link);
    const bool more = send(out, {.local = burst.local,
                                 .remote = burst.remote,
                                 .ecn = burst.ecn,
                                 .bytes = BytesView(buffer_).first(burst.size),
                                 .segment_size = burst.segment_size});
    if (!more) return;
  }
}

// ------------------------------------------------------------------------------------- the outside

Endpoint::Endpoint(EndpointConfig config, std::shared_ptr<const TlsContext> tls, Entropy& entropy,
                   FactSink& sink)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(tls), entropy, sink)) {}

Endpoint::~Endpoint() = default;

void Endpoint::receive(Instant now, const Address& local, const Address& remote, unsigned ecn,
                       BytesView datagram) {
  impl_->enter(now);
  impl_->receive(local, remote, ecn, datagram);
}

void Endpoint::receive_stray(Instant now, const Address& local, const Address& remote,
                             BytesView datagram) {
  impl_->enter(now);
  impl_->receive_stray(local, remote, datagram);
}

void Endpoint::perform(Instant now, Order order) {
  impl_->enter(now);
  std::visit([this](auto& one) { impl_->perform(one); }, order);
}

void Endpoint::unreachable(Instant now, const Address& remote) {
  impl_->enter(now);
  impl_->unreachable(remote);
}

void Endpoint::handle_timeout(Instant now) {
  impl_->enter(now);
  impl_->handle_timeout();
}

void Endpoint::flush(Instant now, DatagramSink& out) {
  impl_->enter(now);
  impl_->flush(out);
}

void Endpoint::use_tls(std::shared_ptr<const TlsContext> tls) {
  ENGINE_ASSERT(tls != nullptr);
  impl_->tls_ = std::move(tls);
}

void Endpoint::set_accepting(bool accepting) { impl_->accepting_ = accepting; }

std::optional<Instant> Endpoint::deadline() const { return impl_->deadline(); }

bool Endpoint::wants_flush() const { return !impl_->ready_.empty() || !impl_->outbox_.empty(); }

const Counters& Endpoint::counters() const { return impl_->shared_.counters; }

std::optional<PathStats> Endpoint::path(LinkId link) const {
  const Connection* connection = impl_->find(link);
  if (connection == nullptr) return std::nullopt;
  return connection->path();
}

std::optional<Address> Endpoint::remote(LinkId link) const {
  const Connection* connection = impl_->find(link);
  if (connection == nullptr) return std::nullopt;
  return connection->remote();
}

std::vector<Endpoint::Answer> Endpoint::unacknowledged_answers() const {
  std::vector<Answer> answers;
  for (const auto& [link, entry] : impl_->links_) {
    for (const StreamId stream : entry.connection->unacknowledged_answers()) {
      answers.push_back({link, stream});
    }
  }
  return answers;
}

bool Endpoint::is_unacknowledged(const Answer& answer) const {
  const Connection* connection = impl_->find(answer.link);
  return connection != nullptr && connection->is_unacknowledged(answer.stream);
}

std::vector<LinkView> Endpoint::links() const {
  std::vector<LinkView> views;
  for (const auto& [link, entry] : impl_->links_) {
    if (!entry.connection->ending()) views.push_back(entry.connection->view());
  }
  return views;
}

std::uint64_t Endpoint::stranded_credit() const {
  std::uint64_t bytes = 0;
  for (const auto& [link, entry] : impl_->links_) bytes += entry.connection->stranded_credit();
  return bytes;
}

}  // namespace rpcnet::quic
