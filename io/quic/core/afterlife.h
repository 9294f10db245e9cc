// Links that have ended but whose packets still arrive (RFC 9000 10.2).
//
// Of a link that we closed only its CONNECTION_CLOSE is kept, to be repeated to a peer that has not
// seen it; of one that the peer closed only its ids, to be quiet about. Three probe timeouts later
// both are forgotten, and a stateless reset answers from then on. The acceptor of a link that we
// dialled could not read that: it writes to the dialler's first id, which has no reset token
// (RFC 9000 10.3). It is told for as long as it may hold the link, which is its idle timeout.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "engine/ids.h"
#include "engine/instant.h"
#include "io/quic/core/connection_ids.h"
#include "io/quic/core/stateless.h"

namespace rpcnet::quic {

class Afterlife {
 public:
  // `farewell` without bytes: draining, nothing is ever sent.
  void keep(LinkId link, std::vector<ConnectionId> ids, OwnedDatagram farewell, Instant until);

  bool contains(LinkId link) const { return ended_.contains(link); }

  // A packet came for it: the farewell once more if it is due. RFC 9000 10.2.1: answer ever more
  // rarely, here to packets number 1, 2, 4, 8, ...
  const OwnedDatagram* on_packet(LinkId link);

  // Forgets what is over, and its ids with it.
  void expire(Instant now, ConnectionIds& ids);

  std::optional<Instant> deadline() const;
  std::size_t size() const { return ended_.size(); }

 private:
  struct Ended {
    std::vector<ConnectionId> ids;
    OwnedDatagram farewell;
    std::uint64_t packets = 0;
    std::uint64_t answer_at = 1;
  };
  std::map<LinkId, Ended> ended_;
  std::set<std::pair<Instant, LinkId>> until_;
};

}  // namespace rpcnet::quic
