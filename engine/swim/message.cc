// Reading and writing of the gossip grammar, in the order of docs/wire.md.
#include "engine/swim/message.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/wire/reader.h"

namespace rpcnet::swim {
namespace {

using wire::Reader;
using wire::Writer;

enum class Type : std::uint8_t {
  ping = 1,
  ack = 2,
  ping_req = 3,
  relayed_ack = 4,
  nack = 5,
  gossip = 6,
  heartbeat = 7,
  leave = 8,
  sync_open = 16,
  sync_verdict = 17,
  sync_digest = 18,
  sync_wants = 19,
  sync_end = 20,
};

enum class UpdateKind : std::uint8_t {
  liveness = 1,
  state = 2,  // liveness and tags
};

constexpr std::uint8_t kFamily4 = 4;
constexpr std::uint8_t kFamily6 = 6;

// No time on the wire is longer: a peer's number must not overflow our arithmetic.
constexpr std::uint64_t kMicrosecondsMax = 3'600'000'000;

// ------------------------------------------------------------------------------------- writing

void write_address(Writer& out, const Address& address) {
  const BytesView ip(address.ip);
  out.u8(address.is_v4() ? kFamily4 : kFamily6);
  out.bytes(address.is_v4() ? ip.last(4) : ip);
  out.u16(address.port);
}

void write_duration(Writer& out, Duration duration) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  out.varint(std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(microseconds, 0)),
                      kMicrosecondsMax));
}

void write_liveness(Writer& out, const Liveness& liveness) {
  out.varint(liveness.incarnation);
  out.u8(static_cast<std::uint8_t>(liveness.status));
  write_address(out, liveness.address);
}

void write_tags(Writer& out, const TagSet& set) {
  out.varint(set.version);
  out.varint(set.tags.size());
  for (const auto& [key, value] : set.tags) {
    out.text(key);
    out.text(value);
  }
}

// One overload a body: what stands between its size and the updates.
struct BodyWriter {
  Writer& out;

  Type operator()(const Ping& ping) const {
    out.varint(ping.seq);
    write_duration(out, ping.left);
    out.text(ping.target.text());
    return Type::ping;
  }
  Type operator()(const Ack& ack) const {
    out.varint(ack.seq);
    return Type::ack;
  }
  Type operator()(const PingReq& request) const {
    out.varint(request.seq);
    write_duration(out, request.left);
    out.text(request.target.text());
    write_address(out, request.address);
    return Type::ping_req;
  }
  Type operator()(const RelayedAck& ack) const {
    out.varint(ack.seq);
    return Type::relayed_ack;
  }
  Type operator()(const Nack& nack) const {
    out.varint(nack.seq);
    return Type::nack;
  }
  Type operator()(const Gossip&) const { return Type::gossip; }
  Type operator()(const Heartbeat& heartbeat) const {
    out.varint(heartbeat.seq);
    write_duration(out, heartbeat.interval);
    out.varint(heartbeat.echo);
    write_duration(out, heartbeat.hold);
    out.u8(heartbeat.want ? 1 : 0);
    return Type::heartbeat;
  }
  Type operator()(const Leave& leave) const {
    out.varint(leave.seq);
    return Type::leave;
  }
  Type operator()(const SyncOpen& open) const {
    write_u64(open.fingerprint);
    return Type::sync_open;
  }
  Type operator()(const SyncVerdict& verdict) const {
    out.u8(verdict.same ? 1 : 0);
    return Type::sync_verdict;
  }
  Type operator()(const SyncDigest& digest) const {
    out.u8(digest.last ? 1 : 0);
    out.varint(digest.entries.size());
    for (const DigestEntry& entry : digest.entries) {
      out.text(entry.id.text());
      out.varint(entry.incarnation);
      out.u8(static_cast<std::uint8_t>(entry.status));
      out.varint(entry.tags_version);
      out.u16(static_cast<std::uint16_t>(entry.check >> 16));
      out.u16(static_cast<std::uint16_t>(entry.check & 0xffff));
    }
    return Type::sync_digest;
  }
  Type operator()(const SyncWants& wants) const {
    out.varint(wants.ids.size());
    for (const NodeId& id : wants.ids) out.text(id.text());
    return Type::sync_wants;
  }
  Type operator()(const SyncEnd&) const { return Type::sync_end; }

  void write_u64(std::uint64_t value) const {
    for (int shift = 48; shift >= 0; shift -= 16) {
      out.u16(static_cast<std::uint16_t>(value >> shift & 0xffff));
    }
  }
};

// ------------------------------------------------------------------------------------- reading

std::optional<NodeId> read_id(Reader& in) {
  const auto text = in.text(NodeId::kMaxSize);
  return text ? NodeId::parse(*text) : std::nullopt;
}

std::optional<Address> read_address(Reader& in) {
  const auto family = in.u8();
  if (family != kFamily4 && family != kFamily6) return std::nullopt;
  const auto ip = in.bytes(family == kFamily4 ? 4 : 16);
  const auto port = in.u16();
  if (!ip || !port) return std::nullopt;
  if (family == kFamily4) return Address::v4((*ip)[0], (*ip)[1], (*ip)[2], (*ip)[3], *port);
  Address address;
  std::copy(ip->begin(), ip->end(), address.ip.begin());
  address.port = *port;
  // An address has one form on the wire, or equal claims would differ.
  if (address.is_v4()) return std::nullopt;
  return address;
}

std::optional<Duration> read_duration(Reader& in) {
  const auto microseconds = in.varint();
  if (!microseconds || *microseconds > kMicrosecondsMax) return std::nullopt;
  return std::chrono::microseconds(static_cast<std::int64_t>(*microseconds));
}

std::optional<std::uint64_t> read_count(Reader& in) {
  const auto count = in.varint();
  if (!count || *count > kCountMax) return std::nullopt;
  return count;
}

std::optional<bool> read_flag(Reader& in) {
  const auto value = in.u8();
  if (!value || *value > 1) return std::nullopt;
  return *value == 1;
}

std::optional<MemberStatus> read_status(Reader& in) {
  const auto value = in.u8();
  if (!value || *value > static_cast<std::uint8_t>(MemberStatus::left)) return std::nullopt;
  return static_cast<MemberStatus>(*value);
}

std::optional<Liveness> read_liveness(Reader& in) {
  const auto incarnation = read_count(in);
  const auto status = read_status(in);
  const auto address = read_address(in);
  if (!incarnation || !status || !address) return std::nullopt;
  return Liveness{*incarnation, *status, *address};
}

std::optional<TagSet> read_tags(Reader& in) {
  const auto version = read_count(in);
  const auto count = in.varint();
  if (!version || !count || *count > in.left()) return std::nullopt;
  TagSet set{*version, {}};
  std::size_t size = 0;
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto key = in.text(kTagsWireMax);
    const auto value = in.text(kTagsWireMax);
    if (!key || !value) return std::nullopt;
    size += key->size() + value->size();
    // Keys ascend strictly, so that equal sets have equal bytes.
    const bool ascending = set.tags.empty() || set.tags.rbegin()->first < *key;
    if (!ascending || size > kTagsWireMax) return std::nullopt;
    set.tags.emplace_hint(set.tags.end(), *key, *value);
  }
  return set;
}

std::optional<Sender> read_sender(Reader& in) {
  auto id = read_id(in);
  const auto incarnation = read_count(in);
  const auto address = read_address(in);
  const auto calls = in.varint();
  if (!id || !incarnation || !address || !calls || *calls > 0xffff'ffff) return std::nullopt;
  return Sender{std::move(*id), *incarnation, *address, static_cast<std::uint32_t>(*calls)};
}

template <typename Numbered>
std::optional<Body> read_numbered(Reader& in) {
  const auto seq = in.varint();
  if (!seq) return std::nullopt;
  return Numbered{*seq};
}

std::optional<Body> read_ping(Reader& in) {
  const auto seq = in.varint();
  const auto left = read_duration(in);
  auto target = read_id(in);
  if (!seq || !left || !target) return std::nullopt;
  return Ping{*seq, *left, std::move(*target)};
}

std::optional<Body> read_ping_req(Reader& in) {
  const auto seq = in.varint();
  const auto left = read_duration(in);
  auto target = read_id(in);
  const auto address = read_address(in);
  if (!seq || !left || !target || !address) return std::nullopt;
  return PingReq{*seq, *left, std::move(*target), *address};
}

std::optional<Body> read_heartbeat(Reader& in) {
  const auto seq = in.varint();
  const auto interval = read_duration(in);
  const auto echo = in.varint();
  const auto hold = read_duration(in);
  const auto want = read_flag(in);
  if (!seq || !interval || !echo || !hold || !want) return std::nullopt;
  return Heartbeat{*seq, *interval, *echo, *hold, *want};
}

std::optional<Body> read_sync_open(Reader& in) {
  std::uint64_t fingerprint = 0;
  for (int i = 0; i < 4; ++i) {
    const auto part = in.u16();
    if (!part) return std::nullopt;
    fingerprint = fingerprint << 16 | *part;
  }
  return SyncOpen{fingerprint};
}

std::optional<Body> read_sync_verdict(Reader& in) {
  const auto same = read_flag(in);
  if (!same) return std::nullopt;
  return SyncVerdict{*same};
}

std::optional<Body> read_sync_digest(Reader& in) {
  const auto last = read_flag(in);
  const auto count = in.varint();
  if (!last || !count || *count > in.left()) return std::nullopt;
  SyncDigest digest{*last, {}};
  for (std::uint64_t i = 0; i < *count; ++i) {
    auto id = read_id(in);
    const auto incarnation = read_count(in);
    const auto status = read_status(in);
    const auto version = read_count(in);
    const auto high = in.u16();
    const auto low = in.u16();
    if (!id || !incarnation || !status || !version || !high || !low) return std::nullopt;
    const bool ascending = digest.entries.empty() || digest.entries.back().id < *id;
    if (!ascending) return std::nullopt;
    const auto check = static_cast<std::uint32_t>(*high) << 16 | *low;
    digest.entries.push_back({std::move(*id), *incarnation, *status, *version, check});
  }
  return digest;
}

std::optional<Body> read_sync_wants(Reader& in) {
  const auto count = in.varint();
  if (!count || *count > in.left()) return std::nullopt;
  SyncWants wants;
  for (std::uint64_t i = 0; i < *count; ++i) {
    auto id = read_id(in);
    if (!id) return std::nullopt;
    wants.ids.push_back(std::move(*id));
  }
  return wants;
}

bool known(std::uint8_t type) {
  return (type >= static_cast<std::uint8_t>(Type::ping) &&
          type <= static_cast<std::uint8_t>(Type::leave)) ||
         (type >= static_cast<std::uint8_t>(Type::sync_open) &&
          type <= static_cast<std::uint8_t>(Type::sync_end));
}

// Bytes that are left over in the body belong to a later version.
std::optional<Body> read_body(Type type, Reader& in) {
  switch (type) {
    case Type::ping: return read_ping(in);
    case Type::ack: return read_numbered<Ack>(in);
    case Type::ping_req: return read_ping_req(in);
    case Type::relayed_ack: return read_numbered<RelayedAck>(in);
    case Type::nack: return read_numbered<Nack>(in);
    case Type::gossip: return Gossip{};
    case Type::heartbeat: return read_heartbeat(in);
    case Type::leave: return read_numbered<Leave>(in);
    case Type::sync_open: return read_sync_open(in);
    case Type::sync_verdict: return read_sync_verdict(in);
    case Type::sync_digest: return read_sync_digest(in);
    case Type::sync_wants: return read_sync_wants(in);
    case Type::sync_end: return SyncEnd{};
  }
  return std::nullopt;
}

enum class UpdateRead : std::uint8_t { taken, skipped, malformed };

UpdateRead read_update(Reader& in, std::vector<Update>& out) {
  const auto kind = in.u8();
  const auto content = in.sized(in.left());
  if (!kind || !content) return UpdateRead::malformed;
  const bool state = *kind == static_cast<std::uint8_t>(UpdateKind::state);
  if (!state && *kind != static_cast<std::uint8_t>(UpdateKind::liveness)) {
    return UpdateRead::skipped;
  }
  Reader inner(*content);
  auto id = read_id(inner);
  const auto liveness = read_liveness(inner);
  const auto accused = read_flag(inner);
  if (!id || !liveness || !accused) return UpdateRead::malformed;
  std::optional<NodeId> accuser;
  if (*accused && !(accuser = read_id(inner))) return UpdateRead::malformed;
  std::optional<TagSet> tags;
  if (state && !(tags = read_tags(inner))) return UpdateRead::malformed;
  out.push_back({std::move(*id), *liveness, std::move(accuser), std::move(tags)});
  return UpdateRead::taken;
}

}  // namespace

void write_head(Writer& out, const Sender& sender, const Body& body) {
  Bytes content;
  Writer inner(content);
  const Type type = std::visit(BodyWriter{inner}, body);
  out.u8(kWireVersion);
  out.u8(static_cast<std::uint8_t>(type));
  out.text(sender.id.text());
  out.varint(sender.incarnation);
  write_address(out, sender.address);
  out.varint(sender.active_calls);
  out.sized(content);
}

void write_update(Writer& out, const Update& update) {
  Bytes content;
  Writer inner(content);
  inner.text(update.id.text());
  write_liveness(inner, update.liveness);
  inner.u8(update.accuser ? 1 : 0);
  if (update.accuser) inner.text(update.accuser->text());
  if (update.tags) write_tags(inner, *update.tags);
  const UpdateKind kind = update.tags ? UpdateKind::state : UpdateKind::liveness;
  out.u8(static_cast<std::uint8_t>(kind));
  out.sized(content);
}

Bytes serialize(const Message& message) {
  Bytes bytes;
  Writer out(bytes);
  write_head(out, message.sender, message.body);
  for (const Update& update : message.updates) write_update(out, update);
  return bytes;
}

Parsed parse(BytesView bytes) {
  Reader in(bytes);
  const auto version = in.u8();
  const auto type = in.u8();
  if (!version || !type) return ParseError::malformed;
  if (*version != kWireVersion || !known(*type)) return ParseError::unknown;
  auto sender = read_sender(in);
  const auto content = in.sized(in.left());
  if (!sender || !content) return ParseError::malformed;
  Reader inner(*content);
  auto body = read_body(static_cast<Type>(*type), inner);
  if (!body) return ParseError::malformed;
  Message message{std::move(*sender), std::move(*body), {}};
  while (in.left() > 0) {
    if (read_update(in, message.updates) == UpdateRead::malformed) return ParseError::malformed;
  }
  return message;
}

}  // namespace rpcnet::swim
