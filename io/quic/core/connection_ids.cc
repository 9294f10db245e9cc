#include "io/quic/core/connection_ids.h"

#include <algorithm>

#include "engine/assert.h"

namespace rpcnet::quic {

ConnectionId ConnectionId::of(const ngtcp2_cid& raw) { return of({raw.data, raw.datalen}); }

ConnectionId ConnectionId::of(BytesView raw) {
  ENGINE_ASSERT(raw.size() <= NGTCP2_MAX_CIDLEN);
  ConnectionId id;
  id.size = static_cast<std::uint8_t>(raw.size());
  std::copy(raw.begin(), raw.end(), id.bytes.begin());
  return id;
}

ngtcp2_cid ConnectionId::raw() const {
  ngtcp2_cid result{};
  ngtcp2_cid_init(&result, bytes.data(), size);
  return result;
}

ConnectionId ConnectionIds::make() {
  ConnectionId id;
  id.size = kConnectionIdSize;
  do {
    entropy_.fill(std::span(id.bytes).first(kConnectionIdSize));
    id.bytes[0] = owner_;
  } while (links_.contains(id));
  return id;
}

ConnectionId ConnectionIds::make_for_peer(Protocol protocol) {
  ConnectionId id;
  id.size = 18;
  entropy_.fill(std::span(id.bytes).first(id.size));
  if (protocol == Protocol::gossip) id.bytes[0] = 0;
  return id;
}

void ConnectionIds::enter(const ConnectionId& id, LinkId link) {
  links_.insert_or_assign(id, link);
}

void ConnectionIds::remove(const ConnectionId& id) { links_.erase(id); }

std::optional<LinkId> ConnectionIds::find(const ConnectionId& id) const {
  const auto found = links_.find(id);
  if (found == links_.end()) return std::nullopt;
  return found->second;
}

}  // namespace rpcnet::quic
