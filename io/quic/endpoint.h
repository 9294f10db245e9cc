// One UDP socket's worth of QUIC, client and server in one: transport orders and datagrams in,
// transport facts, datagrams and a deadline out. No clock, entropy, socket, file, thread or log.
//
//   endpoint.receive(now, local, remote, ecn, datagram);   // for every datagram of a burst
//   while (order = node.poll()) endpoint.perform(now, order);
//   endpoint.flush(now, socket);                           // once per pass: this packs frames
//   wait_until(endpoint.deadline()); endpoint.handle_timeout(now);
//
// Contract:
// - One thread. `now` never goes backwards (asserted) and is not negative.
// - Facts are told during receive, perform, unreachable, handle_timeout and flush. The sink must
//   not call back into the endpoint (asserted).
// - Before handle_timeout, receive what the socket already holds: after a stall of this process a
//   link would otherwise be judged by a clock that ran on while its packets waited.
// - handle_timeout early or twice is a no-op. deadline() may change after any other call.
// - perform, receive and handle_timeout only queue; nothing leaves before flush.
// - Datagrams must not be fragmented (set DF: IP_MTU_DISCOVER, IPV6_MTU_DISCOVER), or path MTU
//   discovery proves nothing.
// - `local` of receive is the address the datagram was sent to. A socket bound to a wildcard that
//   cannot say (no IP_PKTINFO) gives its bound address, always the same.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/address.h"
#include "engine/bytes.h"
#include "engine/ids.h"
#include "engine/instant.h"
#include "engine/transport.h"
#include "io/quic/boundary.h"
#include "io/quic/config.h"
#include "io/quic/counters.h"
#include "io/quic/link_view.h"
#include "io/quic/tls_context.h"

namespace rpcnet::quic {

class Endpoint {
 public:
  // `entropy` and `sink` must outlive the endpoint.
  Endpoint(EndpointConfig config, std::shared_ptr<const TlsContext> tls, Entropy& entropy,
           FactSink& sink);
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  // Frees everything and tells nobody: like a crash, seen from outside. For an orderly end perform
  // CloseLink on each link, then flush once.
  ~Endpoint();

  // One UDP datagram. `ecn` is the two ECN bits of its IP header (IP_RECVTOS), 0 if unknown.
  // A burst that the kernel coalesced (UDP_GRO) must be cut by the caller.
  void receive(Instant now, const Address& local, const Address& remote, unsigned ecn,
               BytesView datagram);

  // A datagram that another owner could place nowhere (FactSink::on_stray): a stateless reset of
  // one of our links, or nothing.
  void receive_stray(Instant now, const Address& local, const Address& remote, BytesView datagram);

  void perform(Instant now, Order order);

  // The network said that `remote` does not listen (ICMP port, host or network unreachable). ICMP
  // is not authenticated, so it is a hint: it ends a dial at once, and an established link only
  // when a PING then stays unanswered for EndpointConfig::unreachable_confirm.
  void unreachable(Instant now, const Address& remote);

  void handle_timeout(Instant now);

  // Writes what is ready on every link, each in turn, until nothing is left or `out` is full.
  void flush(Instant now, DatagramSink& out);

  // Handshakes from now on use this one; links that are up stay as they are.
  void use_tls(std::shared_ptr<const TlsContext> tls);

  // False: incoming links are refused from now on, so that diallers go elsewhere at once (drain).
  // Links that are up stay.
  void set_accepting(bool accepting);

  // When handle_timeout is due; nullopt: nothing is scheduled.
  std::optional<Instant> deadline() const;

  // Is there something to flush that does not wait for a congestion window or a timer?
  bool wants_flush() const;

  const Counters& counters() const;

  // nullopt: no such link.
  std::optional<PathStats> path(LinkId link) const;
  std::optional<Address> remote(LinkId link) const;
  // All that have not ended, in LinkId order.
  std::vector<LinkView> links() const;
  // Bytes of all links' windows that no reader holds and that were not given back: for checks,
  // since there are never any. Walks every stream of every link.
  std::uint64_t stranded_credit() const;

  // A stream that the peer opened and on which bytes of ours are not acknowledged: an answer that
  // is still on its way.
  struct Answer {
    LinkId link{};
    StreamId stream{};
  };
  // All of them, now; walks every stream of every link.
  std::vector<Answer> unacknowledged_answers() const;
  // False as well once the stream was reset, or its link has ended.
  bool is_unacknowledged(const Answer& answer) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rpcnet::quic
