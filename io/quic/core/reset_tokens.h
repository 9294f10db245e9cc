// Finds the link that a stateless reset is meant for.
//
// A reset looks like a packet of no link: its connection id is noise, only its last 16 bytes say
// that it comes from who knew the token (RFC 9000 10.3.1). The table's key is a keyed hash of the
// token, so that the time of a search says nothing about the tokens in it; the link then compares
// the token itself, in constant time.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "engine/bytes.h"
#include "engine/ids.h"
#include "io/quic/boundary.h"

namespace rpcnet::quic {

class ResetTokens {
 public:
  static constexpr std::size_t kTokenSize = 16;
  // The smallest datagram that can be a reset: RFC 9000 10.3.
  static constexpr std::size_t kDatagramMin = 5 + kTokenSize;

  explicit ResetTokens(Entropy& entropy);

  void enter(BytesView token, LinkId link);
  void remove(BytesView token);

  // The link that the datagram would reset, if it is one.
  std::optional<LinkId> find(BytesView datagram) const;

 private:
  std::uint64_t hash(BytesView token) const;

  std::array<std::uint64_t, 2> key_{};
  std::map<std::uint64_t, LinkId> links_;
};

}  // namespace rpcnet::quic
