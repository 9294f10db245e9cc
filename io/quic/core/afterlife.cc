#include "io/quic/core/afterlife.h"

namespace rpcnet::quic {

void Afterlife::keep(LinkId link, std::vector<ConnectionId> ids, OwnedDatagram farewell,
                     Instant until) {
  ended_.try_emplace(link, Ended{std::move(ids), std::move(farewell), 0, 1});
  until_.emplace(until, link);
}

const OwnedDatagram* Afterlife::on_packet(LinkId link) {
  const auto found = ended_.find(link);
  if (found == ended_.end() || found->second.farewell.bytes.empty()) return nullptr;
  Ended& ended = found->second;
  if (++ended.packets < ended.answer_at) return nullptr;
  ended.answer_at *= 2;
  return &ended.farewell;
}

void Afterlife::expire(Instant now, ConnectionIds& ids) {
  while (!until_.empty() && until_.begin()->first <= now) {
    const LinkId link = until_.begin()->second;
    until_.erase(until_.begin());
    const auto found = ended_.find(link);
    for (const ConnectionId& id : found->second.ids) ids.remove(id);
    ended_.erase(found);
  }
}

std::optional<Instant> Afterlife::deadline() const {
  if (until_.empty()) return std::nullopt;
  return until_.begin()->first;
}

}  // namespace rpcnet::quic
