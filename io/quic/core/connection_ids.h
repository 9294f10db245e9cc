// Connection ids: how ours are made, and which link each of them belongs to.
//
// Ours have a fixed length, because a short header does not say how long its id is (RFC 9000 17.3),
// and begin with the number of the endpoint that owns the link: with one socket per core, a
// datagram that the kernel gave to the wrong one can be handed over by looking at one byte.
#pragma once

#include <ngtcp2/ngtcp2.h>

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>

#include "engine/bytes.h"
#include "engine/ids.h"
#include "engine/transport.h"
#include "io/quic/boundary.h"

namespace rpcnet::quic {

// 12: eleven random bytes are far beyond guessing and collisions, and each packet carries the id.
inline constexpr std::size_t kConnectionIdSize = 12;

struct ConnectionId {
  std::uint8_t size = 0;
  std::array<std::uint8_t, NGTCP2_MAX_CIDLEN> bytes{};

  static ConnectionId of(const ngtcp2_cid& raw);
  static ConnectionId of(BytesView raw);  // at most NGTCP2_MAX_CIDLEN bytes
  ngtcp2_cid raw() const;

  friend auto operator<=>(const ConnectionId&, const ConnectionId&) = default;
};

class ConnectionIds {
 public:
  ConnectionIds(std::uint8_t owner, Entropy& entropy) : owner_(owner), entropy_(entropy) {}

  // A fresh id that no link has yet. Not entered: the caller does it when the id is in use.
  ConnectionId make();

  // An id that a dialler invents for the peer, to be forgotten after the first answer. RFC 9000
  // 7.2: at least 8 unpredictable bytes. A peer with several owners gives the link to the one that
  // byte 0 says (io/quic/steering.h): gossip is for the first, where membership lives; calls are
  // spread by chance.
  ConnectionId make_for_peer(Protocol protocol);

  void enter(const ConnectionId& id, LinkId link);
  void remove(const ConnectionId& id);

  std::optional<LinkId> find(const ConnectionId& id) const;
  std::size_t size() const { return links_.size(); }

 private:
  std::uint8_t owner_;
  Entropy& entropy_;
  // Ordered rather than hashed: peers choose the first id of an incoming link; a tree gives them
  // nothing to collide.
  std::map<ConnectionId, LinkId> links_;
};

}  // namespace rpcnet::quic
