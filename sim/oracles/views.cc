// Frames of streams, and what their receivers know afterwards.
#include "sim/oracles/views.h"

#include <algorithm>

#include "engine/wire/reader.h"
#include "sim/fault_runner.h"

namespace rpcnet::sim {
namespace {

constexpr std::size_t kObservers = 8;
constexpr std::size_t kFrameMax = 64 * 1024;
// Comparisons between two members that came to no end leave what was remembered for them.
constexpr std::size_t kRememberedMax = 8;

constexpr std::uint8_t kSyncVerdict = 17;
constexpr std::uint8_t kSyncDigest = 18;
constexpr std::uint8_t kSyncEnd = 20;

bool skip_address(wire::Reader& reader) {
  const auto family = reader.u8();
  return family && reader.bytes(*family == 4 ? 4 : 16) && reader.u16();
}

// The type of a message, and its body.
std::optional<std::pair<std::uint8_t, BytesView>> message_in(BytesView frame) {
  wire::Reader reader(frame);
  const auto version = reader.u8();
  const auto type = reader.u8();
  const auto sender = reader.text(NodeId::kMaxSize);
  const auto incarnation = reader.varint();
  const bool address = skip_address(reader);
  const auto calls = reader.varint();
  const auto body = reader.sized(reader.left());
  if (!version || !type || !sender || !incarnation || !address || !calls || !body) {
    return std::nullopt;
  }
  return std::pair(*type, *body);
}

}  // namespace

ViewsOracle::ViewsOracle(const Ground& ground)
    : Oracle(ground), observers_(std::min(plan().members(), kObservers)) {}

void ViewsOracle::forget(HostIndex host) {
  if (host >= observers_.size()) return;
  observers_[host] = {};
  const auto concerned = [host](const auto& entry) {
    return entry.first.first == host || entry.first.second == host;
  };
  std::erase_if(told_, concerned);
}

ViewsOracle::Claims ViewsOracle::view_of(HostIndex host) const {
  Claims claims;
  for (const Member& member : world().host(host).node->members()) {
    claims.push_back({member.id, member.incarnation, member.status});
  }
  return claims;
}

// Calls see(type, body) for each message that is whole.
template <typename See>
void ViewsOracle::read(Half& half, BytesView bytes, See see) {
  half.bytes.insert(half.bytes.end(), bytes.begin(), bytes.end());
  std::size_t taken = 0;
  for (;;) {
    wire::Reader reader(BytesView(half.bytes).subspan(taken));
    const auto frame = reader.sized(kFrameMax);
    if (!frame) break;
    if (const auto message = message_in(*frame)) see(message->first, message->second);
    taken = half.bytes.size() - reader.left();
  }
  half.bytes.erase(half.bytes.begin(), half.bytes.begin() + static_cast<std::ptrdiff_t>(taken));
}

void ViewsOracle::on_order(HostIndex host, const Order& order) {
  Observer& self = observers_[host];
  if (const auto* close = std::get_if<CloseLink>(&order)) self.peers.erase(close->link);
  const auto* write = std::get_if<WriteStream>(&order);
  if (write == nullptr) return;
  const auto peer = self.peers.find(write->link);
  if (peer == self.peers.end()) return;
  const std::pair to(host, peer->second);
  const StreamKey key(write->link, write->stream);
  Half& half = self.out[key];
  read(half, write->bytes, [&](std::uint8_t type, BytesView body) {
    if (type == kSyncVerdict) half.differ = !body.empty() && body.front() == 0;
    if (type != kSyncEnd || !half.differ) return;
    auto& told = told_[to];
    told.push_back(view_of(host));
    if (told.size() > kRememberedMax) told.pop_front();
  });
  if (write->fin) self.out.erase(key);
}

void ViewsOracle::on_fact(HostIndex host, const Fact& fact) {
  Observer& self = observers_[host];
  const auto drop = [&](const auto& is_meant) {
    std::erase_if(self.in, [&](const auto& entry) { return is_meant(entry.first); });
    std::erase_if(self.out, [&](const auto& entry) { return is_meant(entry.first); });
  };
  if (const auto* up = std::get_if<LinkUp>(&fact)) {
    const auto peer = world().host_of(up->remote);
    if (up->protocol != Protocol::gossip || !peer || *peer >= observers_.size()) return;
    self.peers[up->link] = *peer;
  } else if (const auto* down = std::get_if<LinkDown>(&fact)) {
    self.peers.erase(down->link);
    drop([&](const StreamKey& key) { return key.first == down->link; });
  } else if (const auto* reset = std::get_if<StreamReset>(&fact)) {
    drop([&](const StreamKey& key) { return key == StreamKey(reset->link, reset->stream); });
  }
  const auto* data = std::get_if<StreamData>(&fact);
  if (data == nullptr) return;
  const auto peer = self.peers.find(data->link);
  if (peer == self.peers.end()) return;
  const std::pair from(peer->second, host);
  const StreamKey key(data->link, data->stream);
  Half& half = self.in[key];
  read(half, data->bytes, [&](std::uint8_t type, BytesView body) {
    if (type == kSyncVerdict) {
      half.differ = !body.empty() && body.front() == 0;
    } else if (type == kSyncEnd && half.differ) {
      auto& told = told_[from];
      if (told.empty()) return;
      self.owed.insert(self.owed.end(), told.front().begin(), told.front().end());
      told.pop_front();
    } else if (type == kSyncDigest) {
      wire::Reader reader(body);
      reader.u8();
      for (auto count = reader.varint().value_or(0); count > 0; --count) {
        const auto id = NodeId::parse(reader.text(NodeId::kMaxSize).value_or(""));
        const auto incarnation = reader.varint();
        const auto status = reader.u8();
        if (!reader.varint() || !reader.bytes(4) || !id) return;
        half.claims.push_back({*id, *incarnation, static_cast<MemberStatus>(*status)});
      }
    }
  });
  if (!data->fin) return;
  // Whoever asked ends the stream when it has answered what it was asked for.
  self.owed.insert(self.owed.end(), half.claims.begin(), half.claims.end());
  self.in.erase(key);
}

void ViewsOracle::on_tick() {
  check(true);  // equal views need no comparison, and in a large cluster others compare theirs
  for (HostIndex i = 0; i < observers_.size(); ++i) {
    const Claims owed = std::exchange(observers_[i].owed, {});
    const Host& host = world().host(i);
    if (!host.running() || faults().has_left(i) || faults().holds_up(i)) continue;
    for (const Claim& claim : owed) {
      // A death that others tell of is looked into first (docs/swim.md).
      if (!is_member(claim.status)) continue;
      const auto known = host.node->find(claim.id);
      const bool knows = known && claim.rank() <= std::pair(known->incarnation, known->status);
      if (check(knows)) continue;
      return fail(i, "has compared views and does not know that " + claim.id.text() + " is " +
                         to_text(claim.status) + " in incarnation " +
                         std::to_string(claim.incarnation));
    }
  }
}

}  // namespace rpcnet::sim
