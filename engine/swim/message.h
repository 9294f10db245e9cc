// What members say to each other: the grammar of docs/wire.md, section Gossip, as types.
//
//   message = version type sender body-size body update*
//
// Every message names its sender, with incarnation and address: hearing from a member directly is
// the best news of it there is, and a refutation travels in whatever is said next. The body has
// its size in front and updates have theirs, so later versions can add fields at the end of a body
// and new kinds of update; what a reader does not know it skips. A message of unknown type or
// version is dropped and counted.
//
// Most of what arrives is known already, so reading copies nothing: updates are looked at where
// they lie in the message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/bytes.h"
#include "engine/instant.h"
#include "engine/swim/claim.h"

namespace rpcnet::swim {

inline constexpr std::uint8_t kWireVersion = 1;

// An incarnation or tags version over this is malformed: what leaves room above can be refuted.
inline constexpr std::uint64_t kCountMax = std::uint64_t{1} << 60;

// Tags of one member on the wire, with their lengths. Wider than SwimConfig::tags_max, which limits
// what we say, so that neighbours may be configured differently; less than a frame.
inline constexpr std::size_t kTagsWireMax = 64'000;

// Longer tags are not put into datagrams: the news says which version there is, and whoever lacks
// it asks for it by stream. Up to this they fit a datagram with room to spare.
inline constexpr std::size_t kTagsInlineMax = 512;

// Are you there? `left`: how long the asker will wait, so that nobody works for an answer that
// comes too late (the nack race of memberlist, swift-distributed-actors 718).
struct Ping {
  std::uint64_t seq = 0;
  Duration left{};
  NodeId target;  // who is meant: another node may have moved to the address
  friend bool operator==(const Ping&, const Ping&) = default;
};

struct Ack {
  std::uint64_t seq = 0;
  friend bool operator==(const Ack&, const Ack&) = default;
};

// Ping this member for me (SWIM 3.1).
struct PingReq {
  std::uint64_t seq = 0;
  Duration left{};
  NodeId target;
  Address address;
  friend bool operator==(const PingReq&, const PingReq&) = default;
};

// The answers of a relay: the target answered it; or not, but the relay itself lives (Lifeguard
// IV.A).
struct RelayedAck {
  std::uint64_t seq = 0;
  friend bool operator==(const RelayedAck&, const RelayedAck&) = default;
};

struct Nack {
  std::uint64_t seq = 0;
  friend bool operator==(const Nack&, const Nack&) = default;
};

// Only what the updates say.
struct Gossip {
  friend bool operator==(const Gossip&, const Gossip&) = default;
};

// The steady rhythm of a watched pair. Gives back the number of the last one heard from the peer,
// and how long ago, so that the peer knows that it is heard.
struct Heartbeat {
  std::uint64_t seq = 0;
  Duration interval{};
  std::uint64_t echo = 0;  // 0: none heard yet
  Duration hold{};
  bool want = false;               // send me yours for the next watch_lease, as often
  std::uint32_t local_health = 0;  // of the sender; 0 is well
  Duration late{};                 // by how much the sender has lately been late to wake up
  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

// Farewell: the sender has left with the incarnation it names. Asks for an Ack.
struct Leave {
  std::uint64_t seq = 0;
  friend bool operator==(const Leave&, const Leave&) = default;
};

// On streams only: the comparison of two views (sync.h).
struct SyncOpen {
  std::uint64_t fingerprint = 0;  // of all members, Membership::fingerprint
  friend bool operator==(const SyncOpen&, const SyncOpen&) = default;
};

struct SyncVerdict {
  bool same = false;
  friend bool operator==(const SyncVerdict&, const SyncVerdict&) = default;
};

struct DigestEntry {
  NodeId id;
  Incarnation incarnation = 0;
  MemberStatus status{};
  std::uint64_t tags_version = 0;
  std::uint32_t check = 0;  // of address and tags: tells equal versions of different content apart
  friend bool operator==(const DigestEntry&, const DigestEntry&) = default;
};

struct SyncDigest {
  bool last = false;
  std::vector<DigestEntry> entries;  // ids ascending, over all digests of the stream
  friend bool operator==(const SyncDigest&, const SyncDigest&) = default;
};

struct SyncWants {
  std::vector<NodeId> ids;
  friend bool operator==(const SyncWants&, const SyncWants&) = default;
};

struct SyncEnd {
  friend bool operator==(const SyncEnd&, const SyncEnd&) = default;
};

using Body = std::variant<Ping, Ack, PingReq, RelayedAck, Nack, Gossip, Heartbeat, Leave, SyncOpen,
                          SyncVerdict, SyncDigest, SyncWants, SyncEnd>;

// Tags as they lie in a message: well formed, keys ascending, not longer than kTagsWireMax.
struct TagsView {
  std::uint64_t version = 0;
  BytesView pairs;  // their count, then keys and values; one form for equal sets
};

// An update as it lies in a message. Names are well formed.
struct UpdateView {
  std::string_view id;
  Liveness liveness;
  std::optional<std::string_view> accuser;
  std::optional<TagsView> tags;
  // Instead of them: which version there is to be had from the teller.
  std::optional<std::uint64_t> tags_at = std::nullopt;
};

// Who speaks. Its name is well formed.
struct SenderView {
  std::string_view id;
  Incarnation incarnation = 0;
  Address address;
  std::uint32_t active_calls = 0;  // its load
};

// A message as it was received; valid as long as its bytes.
struct MessageView {
  SenderView sender;
  Body body = Gossip{};
  std::vector<UpdateView> updates;  // those of kinds that this build knows
};

enum class ParseError : std::uint8_t {
  malformed,  // the peer's fault: not the grammar
  unknown,    // a version or type of a later build: to be dropped
};

// nullopt: `into`, which must be fresh, holds the message.
std::optional<ParseError> read(BytesView bytes, MessageView& into);

// Version, type, sender and body; updates may be appended.
void write_head(Bytes& out, const SenderView& sender, const Body& body);

// How long the update is when written.
std::size_t size_of(const UpdateView& update);
void write_update(Bytes& out, const UpdateView& update);

Bytes serialize(const Tags& tags);  // TagsView::pairs
std::optional<Tags> parse_tags(BytesView pairs);

struct Sender {
  NodeId id;
  Incarnation incarnation = 0;
  Address address;
  std::uint32_t active_calls = 0;

  friend bool operator==(const Sender&, const Sender&) = default;
};

// A message in one piece, its updates copied: for whoever keeps or makes whole messages.
struct Message {
  Sender sender;
  Body body;
  std::vector<Update> updates;

  friend bool operator==(const Message&, const Message&) = default;
};

Bytes serialize(const Message& message);

using Parsed = std::variant<Message, ParseError>;
Parsed parse(BytesView bytes);

}  // namespace rpcnet::swim
