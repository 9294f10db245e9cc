// What a quic::Endpoint needs from outside and what it gives back: chance, facts, datagrams.
//
// Each is an interface with few verbs, because each has two real implementations: the driver's
// (getrandom, the engine, a UDP socket) and the simulator's (keyed stream, recorder, world).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "engine/address.h"
#include "engine/bytes.h"
#include "engine/instant.h"
#include "engine/transport.h"

namespace rpcnet::quic {

// Where unpredictable bytes come from: connection ids, path challenges, stateless resets.
// wolfSSL draws its own through tls_hooks.h.
class Entropy {
 public:
  virtual void fill(std::span<std::uint8_t> out) = 0;

 protected:
  ~Entropy() = default;
};

// Why an incoming link was turned away before any fact of it was told.
enum class RefusalKind : std::uint8_t {
  no_protocol,        // the peer offers none of our ALPN names
  no_certificate,     // this protocol needs a certificate, none (or none with a name) was presented
  expired,            // the certificate is outside its dates
  unknown_authority,  // the chain does not end at our authority
  bad_certificate,    // broken signature, wrong usage, unreadable
  wrong_cluster,      // valid, but of another cluster
  overloaded,         // max_links or max_half_open is reached
  handshake_timeout,  // the peer began and did not finish
  other,              // anything else; `detail` says what
};
inline constexpr std::size_t kRefusalKinds = 9;

struct Refusal {
  Address remote;
  std::optional<Protocol> protocol;  // absent: it never came to an agreement
  RefusalKind kind{};
  std::string detail;  // for people; holds no secret
};

// Takes what happened. Facts come straight out of the QUIC stack and borrow their bytes, so a sink
// must not call back into the endpoint: it notes what it wants and performs it later. The endpoint
// asserts this. Any of receive, perform, unreachable, handle_timeout and flush may tell facts.
class FactSink {
 public:
  virtual void on_fact(Instant now, const Fact& fact) = 0;

  // An incoming link was refused; there is no fact of it. Not rate limited: whoever logs this must
  // limit what it logs.
  virtual void on_refusal(Instant now, const Refusal& refusal) = 0;

  // A packet of no link here may be the stateless reset of another owner's: its connection id is
  // noise. Only with EndpointConfig::owners above 1, and rate limited; for Endpoint::receive_stray
  // of each other owner.
  virtual void on_stray(const Address& local, const Address& remote, BytesView datagram) {
    (void)local, (void)remote, (void)datagram;
  }

 protected:
  ~FactSink() = default;
};

// One burst for the network: `bytes` cut every `segment_size` bytes, the last piece may be shorter.
// segment_size == bytes.size() is a single datagram. Fits UDP_SEGMENT: at most 64 pieces and
// 65,507 bytes. `local` is where the peer reached us, or the configured local address (which may be
// unspecified: then the kernel chooses).
struct Transmit {
  Address local;
  Address remote;
  unsigned ecn = 0;  // the two ECN bits of the IP header, the same for every piece
  BytesView bytes;   // valid during the call
  std::size_t segment_size = 0;
};

class DatagramSink {
 public:
  // Takes the burst in any case: what the socket cannot take now is the sink's to keep or to lose
  // (QUIC repairs loss). Returns whether it can take another one at once; after false the endpoint
  // stops writing until the next flush.
  virtual bool send(const Transmit& transmit) = 0;

 protected:
  ~DatagramSink() = default;
};

const char* to_text(RefusalKind kind);

}  // namespace rpcnet::quic
