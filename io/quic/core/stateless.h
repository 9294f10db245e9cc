// Answers to packets that belong to no link. They leave no state behind, and a rate limit keeps
// them from serving as an amplifier.
#pragma once

#include <ngtcp2/ngtcp2.h>

#include <cstdint>
#include <deque>
#include <string_view>

#include "engine/address.h"
#include "engine/bytes.h"
#include "io/quic/core/rate_limit.h"
#include "io/quic/core/shared.h"

namespace rpcnet::quic {

struct OwnedDatagram {
  Address local;
  Address remote;
  Bytes bytes;
};

// What waits for the next flush besides the links' own packets.
class Outbox {
 public:
  // False: full. The packet is lost, as the network may lose it.
  bool push(OwnedDatagram datagram) {
    if (queue_.size() >= kMax) return false;
    queue_.push_back(std::move(datagram));
    return true;
  }
  bool empty() const { return queue_.empty(); }
  const OwnedDatagram& front() const { return queue_.front(); }
  void pop() { queue_.pop_front(); }

 private:
  static constexpr std::size_t kMax = 4096;
  std::deque<OwnedDatagram> queue_;
};

// The packet that is being answered.
struct Stray {
  Address local;
  Address remote;
  BytesView bytes;
};

class Stateless {
 public:
  Stateless(Shared& shared, Outbox& outbox);

  // RFC 9000 6.1: answers a version that we do not speak.
  void negotiate_version(const Stray& stray, const ngtcp2_version_cid& header);

  // RFC 9000 10.3: tells the peer that its connection is gone.
  void reset(const Stray& stray, const ConnectionId& id);

  // RFC 9000 8.1.2: makes the dialler prove its address.
  void retry(const Stray& stray, const ngtcp2_pkt_hd& header);

  // Closes before it began.
  void refuse(const Stray& stray, const ngtcp2_pkt_hd& header, std::uint64_t error,
              std::string_view reason);

 private:
  bool allowed();
  void push(const Stray& stray, Bytes bytes);

  Shared& shared_;
  Outbox& outbox_;
  RateLimit limit_;
};

}  // namespace rpcnet::quic
