// Reading and writing of the gossip grammar, in the order of docs/wire.md.
#include "engine/swim/message.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/assert.h"
#include "engine/wire/reader.h"
#include "engine/wire/varint.h"
#include "engine/wire/writer.h"

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
  state = 2,    // liveness and tags
  tags_at = 3,  // liveness, and which version of the tags there is
};

constexpr std::uint64_t kLocalHealthMax = 255;
constexpr std::uint8_t kFamily4 = 4;
constexpr std::uint8_t kFamily6 = 6;

// No time on the wire is longer: a peer's number must not overflow our arithmetic.
constexpr std::uint64_t kMicrosecondsMax = 3'600'000'000;

// ------------------------------------------------------------------------------------- writing

// Writes into memory that was made long enough: most messages are small, and many.
class Pen {
 public:
  explicit Pen(std::uint8_t* at) : at_(at) {}

  void u8(std::uint8_t value) { *at_++ = value; }
  void u16(std::uint16_t value) {
    u8(static_cast<std::uint8_t>(value >> 8));
    u8(static_cast<std::uint8_t>(value & 0xff));
  }
  void varint(std::uint64_t value) {
    const std::size_t size = wire::varint_size(value);
    if (size == 1) return u8(static_cast<std::uint8_t>(value));
    ENGINE_ASSERT(value <= wire::kVarintMax);
    const std::uint64_t prefix = size == 2 ? 0x40 : size == 4 ? 0x80 : 0xc0;
    value |= prefix << (8 * (size - 1));
    for (std::size_t i = size; i > 0; --i) u8(static_cast<std::uint8_t>(value >> (8 * (i - 1))));
  }
  void bytes(BytesView bytes) { at_ = std::copy(bytes.begin(), bytes.end(), at_); }
  void text(std::string_view text) {
    varint(text.size());
    bytes(as_bytes(text));
  }
  void u64(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) u8(static_cast<std::uint8_t>(value >> shift));
  }
  void duration(Duration duration) {
    const auto microseconds =
        std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
    varint(std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(microseconds, 0)),
                    kMicrosecondsMax));
  }
  void address(const Address& address) {
    const BytesView ip(address.ip);
    u8(address.is_v4() ? kFamily4 : kFamily6);
    bytes(address.is_v4() ? ip.last(4) : ip);
    u16(address.port);
  }

  std::uint8_t* at() const { return at_; }

 private:
  std::uint8_t* at_;
};

// What a body's fields take at the most: ids, numbers, an address; and each entry of a list.
constexpr std::size_t kFieldsMax = 2 * (NodeId::kMaxSize + 2) + 6 * 8 + 19;
constexpr std::size_t kEntryMax = NodeId::kMaxSize + 2 + 2 * 8 + 1 + 4;

std::size_t longest(const Body& body) {
  std::size_t entries = 0;
  if (const auto* digest = std::get_if<SyncDigest>(&body)) entries = digest->entries.size();
  if (const auto* wants = std::get_if<SyncWants>(&body)) entries = wants->ids.size();
  return kFieldsMax + entries * kEntryMax;
}

// One overload a body: what stands between its size and the updates.
struct BodyWriter {
  Pen& out;

  Type operator()(const Ping& ping) const {
    out.varint(ping.seq);
    out.duration(ping.left);
    out.text(ping.target.text());
    return Type::ping;
  }
  Type operator()(const Ack& ack) const {
    out.varint(ack.seq);
    return Type::ack;
  }
  Type operator()(const PingReq& request) const {
    out.varint(request.seq);
    out.duration(request.left);
    out.text(request.target.text());
    out.address(request.address);
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
    out.duration(heartbeat.interval);
    out.varint(heartbeat.echo);
    out.duration(heartbeat.hold);
    out.u8(heartbeat.want ? 1 : 0);
    out.varint(heartbeat.local_health);
    out.duration(heartbeat.late);
    return Type::heartbeat;
  }
  Type operator()(const Leave& leave) const {
    out.varint(leave.seq);
    return Type::leave;
  }
  Type operator()(const SyncOpen& open) const {
    out.u64(open.fingerprint);
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
};

// ------------------------------------------------------------------------------------- reading

std::optional<std::string_view> read_name(Reader& in) {
  const auto text = in.text(NodeId::kMaxSize);
  return text && NodeId::valid(*text) ? text : std::nullopt;
}

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

// Takes the pairs off the front; false: malformed.
template <typename Take>
bool read_pairs(Reader& in, Take&& take) {
  const auto count = in.varint();
  if (!count || *count > in.left()) return false;
  std::string_view last;
  std::size_t size = 0;
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto key = in.text(kTagsWireMax);
    const auto value = in.text(kTagsWireMax);
    if (!key || !value) return false;
    size += key->size() + value->size();
    // Keys ascend strictly, so that equal sets have equal bytes.
    if ((i > 0 && last >= *key) || size > kTagsWireMax) return false;
    last = *key;
    take(*key, *value);
  }
  return true;
}

std::optional<TagsView> read_tags(Reader& in) {
  const auto version = read_count(in);
  const BytesView all = in.rest();
  if (!version) return std::nullopt;
  const BytesView pairs = in.rest();
  if (!read_pairs(in, [](auto, auto) {})) return std::nullopt;
  const std::size_t size = pairs.size() - in.left();
  if (size > kTagsWireMax) return std::nullopt;
  return TagsView{*version, pairs.first(size)};
}

bool read_sender(Reader& in, SenderView& into) {
  const auto id = read_name(in);
  const auto incarnation = read_count(in);
  const auto address = read_address(in);
  const auto calls = in.varint();
  if (!id || !incarnation || !address || !calls || *calls > 0xffff'ffff) return false;
  into = {*id, *incarnation, *address, static_cast<std::uint32_t>(*calls)};
  return true;
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
  Heartbeat heartbeat{*seq, *interval, *echo, *hold, *want};
  // Earlier builds end here.
  if (in.left() == 0) return heartbeat;
  const auto local_health = in.varint();
  const auto late = read_duration(in);
  if (!local_health || *local_health > kLocalHealthMax || !late) return std::nullopt;
  heartbeat.local_health = static_cast<std::uint32_t>(*local_health);
  heartbeat.late = *late;
  return heartbeat;
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

// Takes one update off the front. False: malformed. One of a later build's kind is skipped: then
// there is nothing in `into`.
bool read_update(Reader& in, std::optional<UpdateView>& into) {
  into.reset();
  const auto kind = in.u8();
  const auto content = in.sized(in.left());
  if (!kind || !content) return false;
  const bool state = *kind == static_cast<std::uint8_t>(UpdateKind::state);
  const bool at = *kind == static_cast<std::uint8_t>(UpdateKind::tags_at);
  if (!state && !at && *kind != static_cast<std::uint8_t>(UpdateKind::liveness)) return true;
  Reader inner(*content);
  const auto id = read_name(inner);
  const auto liveness = read_liveness(inner);
  const auto accused = read_flag(inner);
  if (!id || !liveness || !accused) return false;
  UpdateView update{*id, *liveness, std::nullopt, std::nullopt};
  if (*accused && !(update.accuser = read_name(inner))) return false;
  if (state && !(update.tags = read_tags(inner))) return false;
  if (at && !(update.tags_at = read_count(inner))) return false;
  into = update;
  return true;
}

// What most updates are longer than: nearly always room enough at once.
constexpr std::size_t kUpdateSize = 24;

bool read_updates(Reader& in, std::vector<UpdateView>& into) {
  if (in.left() > 0) into.reserve(in.left() / kUpdateSize + 1);
  std::optional<UpdateView> update;
  while (in.left() > 0) {
    if (!read_update(in, update)) return false;
    if (update) into.push_back(*update);
  }
  return true;
}

std::optional<NodeId> copy(const std::optional<std::string_view>& name) {
  return name ? NodeId::parse(*name) : std::nullopt;
}

std::size_t content_size(const UpdateView& update) {
  const auto text = [](std::string_view name) {
    return wire::varint_size(name.size()) + name.size();
  };
  std::size_t size = text(update.id) + wire::varint_size(update.liveness.incarnation) + 1 +
                     (update.liveness.address.is_v4() ? 7 : 19) + 1;
  if (update.accuser) size += text(*update.accuser);
  if (update.tags) size += wire::varint_size(update.tags->version) + update.tags->pairs.size();
  if (update.tags_at) size += wire::varint_size(*update.tags_at);
  return size;
}

}  // namespace

std::optional<ParseError> read(BytesView bytes, MessageView& into) {
  Reader in(bytes);
  const auto version = in.u8();
  const auto type = in.u8();
  if (!version || !type) return ParseError::malformed;
  if (*version != kWireVersion || !known(*type)) return ParseError::unknown;
  if (!read_sender(in, into.sender)) return ParseError::malformed;
  const auto content = in.sized(in.left());
  if (!content) return ParseError::malformed;
  Reader inner(*content);
  auto body = read_body(static_cast<Type>(*type), inner);
  if (!body || !read_updates(in, into.updates)) return ParseError::malformed;
  into.body = std::move(*body);
  return std::nullopt;
}

void write_head(Bytes& out, const SenderView& sender, const Body& body) {
  const std::size_t start = out.size();
  out.resize(start + sender.id.size() + 64 + longest(body));
  Pen pen(out.data() + start);
  pen.u8(kWireVersion);
  std::uint8_t* const type = pen.at();
  pen.u8(0);
  pen.text(sender.id);
  pen.varint(sender.incarnation);
  pen.address(sender.address);
  pen.varint(sender.active_calls);
  // Nearly every body is so short that its size is one byte: that much is left free for it.
  std::uint8_t* const size_at = pen.at();
  pen.u8(0);
  *type = static_cast<std::uint8_t>(std::visit(BodyWriter{pen}, body));
  std::uint8_t* end = pen.at();
  const auto size = static_cast<std::size_t>(end - size_at - 1);
  if (const std::size_t longer = wire::varint_size(size) - 1; longer > 0) {
    std::copy_backward(size_at + 1, end, end + longer);
    end += longer;
  }
  Pen(size_at).varint(size);
  out.resize(static_cast<std::size_t>(end - out.data()));
}

std::size_t size_of(const UpdateView& update) {
  const std::size_t content = content_size(update);
  return 1 + wire::varint_size(content) + content;
}

void write_update(Bytes& out, const UpdateView& update) {
  const std::size_t content = content_size(update);
  const std::size_t begin = out.size();
  out.resize(begin + 1 + wire::varint_size(content) + content);
  Pen pen(out.data() + begin);
  pen.u8(static_cast<std::uint8_t>(update.tags      ? UpdateKind::state
                                   : update.tags_at ? UpdateKind::tags_at
                                                    : UpdateKind::liveness));
  pen.varint(content);
  pen.text(update.id);
  pen.varint(update.liveness.incarnation);
  pen.u8(static_cast<std::uint8_t>(update.liveness.status));
  pen.address(update.liveness.address);
  pen.u8(update.accuser ? 1 : 0);
  if (update.accuser) pen.text(*update.accuser);
  if (update.tags) {
    pen.varint(update.tags->version);
    pen.bytes(update.tags->pairs);
  } else if (update.tags_at) {
    pen.varint(*update.tags_at);
  }
}

Bytes serialize(const Tags& tags) {
  Bytes pairs;
  std::size_t most = wire::varint_size(tags.size());
  for (const auto& [key, value] : tags) {
    most +=
        wire::varint_size(key.size()) + key.size() + wire::varint_size(value.size()) + value.size();
  }
  pairs.reserve(most);
  Writer out(pairs);
  out.varint(tags.size());
  for (const auto& [key, value] : tags) {
    out.text(key);
    out.text(value);
  }
  return pairs;
}

std::optional<Tags> parse_tags(BytesView pairs) {
  Reader in(pairs);
  Tags tags;
  const auto keep = [&](std::string_view key, std::string_view value) {
    tags.emplace_hint(tags.end(), key, value);
  };
  if (!read_pairs(in, keep) || !in.complete()) return std::nullopt;
  return tags;
}

Bytes serialize(const Message& message) {
  Bytes bytes;
  const Sender& sender = message.sender;
  write_head(bytes, {sender.id.text(), sender.incarnation, sender.address, sender.active_calls},
             message.body);
  for (const Update& update : message.updates) {
    UpdateView view{update.id.text(), update.liveness, std::nullopt, std::nullopt};
    if (update.accuser) view.accuser = update.accuser->text();
    const Bytes pairs = update.tags ? serialize(update.tags->tags) : Bytes{};
    if (update.tags) view.tags = TagsView{update.tags->version, pairs};
    view.tags_at = update.tags_at;
    write_update(bytes, view);
  }
  return bytes;
}

Parsed parse(BytesView bytes) {
  MessageView view;
  if (const auto error = read(bytes, view)) return *error;
  const SenderView& sender = view.sender;
  Message message{
      {*NodeId::parse(sender.id), sender.incarnation, sender.address, sender.active_calls},
      std::move(view.body),
      {}};
  for (const UpdateView& update : view.updates) {
    std::optional<TagSet> tags;
    if (update.tags) tags = TagSet{update.tags->version, *parse_tags(update.tags->pairs)};
    message.updates.push_back({*NodeId::parse(update.id), update.liveness, copy(update.accuser),
                               std::move(tags), update.tags_at});
  }
  return message;
}

}  // namespace rpcnet::swim
