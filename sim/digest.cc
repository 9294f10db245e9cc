// Digests, field by field: a struct's bytes would include its padding and its pointers.
#include "sim/digest.h"

#include <string>
#include <type_traits>

#include "sim/keyed.h"
#include "sim/trace.h"

namespace rpcnet::sim {
namespace {

class Digest {
 public:
  template <typename... Fields>
  std::uint64_t of(const Fields&... fields) {
    (add(fields), ...);
    return value_;
  }

 private:
  void number(std::uint64_t value) { value_ = combine(value_, value); }

  template <typename T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  void add(T value) {
    number(static_cast<std::uint64_t>(value));
  }
  void add(Duration value) { number(static_cast<std::uint64_t>(value.count())); }
  void add(Instant value) { add(value.time_since_epoch()); }
  void add(LinkId id) { number(id.value); }
  void add(StreamId id) { number(id.value); }
  void add(CallId id) { number(id.value); }
  void add(const NodeId& id) { add(id.text()); }
  void add(const std::string& text) { value_ = hash_text(text, value_); }
  void add(const Bytes& bytes) { value_ = hash_bytes(bytes, value_); }
  void add(BytesView bytes) { value_ = hash_bytes(bytes, value_); }
  void add(const Address& address) {
    value_ = hash_bytes(address.ip, value_);
    number(address.port);
  }
  void add(const PeerIdentity& identity) {
    add(identity.cluster);
    add(identity.node);
  }
  void add(const Peer& peer) {
    add(peer.address);
    add(peer.expected);
  }
  void add(const Status& status) {
    add(status.code);
    add(status.message);
    add(status.details);
  }
  void add(const Member& member) {
    add(member.id);
    add(member.address);
    add(member.status);
    add(member.incarnation);
    add(member.tags_version);
    for (const auto& tag : member.tags) add(tag);
  }
  void add(const TagFilter& filter) { add(filter.equal); }
  template <typename A, typename B>
  void add(const std::pair<A, B>& pair) {
    add(pair.first);
    add(pair.second);
  }
  template <typename T>
  void add(const std::optional<T>& value) {
    number(value ? 1 : 0);
    if (value) add(*value);
  }
  template <typename T>
    requires(!std::is_same_v<T, std::uint8_t>)
  void add(const std::vector<T>& values) {
    number(values.size());
    for (const T& value : values) add(value);
  }

  std::uint64_t value_ = 0x3c6ef372fe94f82b;
};

template <typename... Fields>
std::uint64_t over(const Fields&... fields) {
  return Digest().of(fields...);
}

struct OfFact {
  std::uint64_t operator()(const LinkUp& x) const {
    return over(x.link, x.protocol, x.remote, x.identity, x.datagram_max, x.streams_allowed);
  }
  std::uint64_t operator()(const LinkDown& x) const {
    return over(x.link, x.end, x.code, x.detail);
  }
  std::uint64_t operator()(const DatagramReceived& x) const { return over(x.link, x.bytes); }
  std::uint64_t operator()(const DatagramLimit& x) const { return over(x.link, x.datagram_max); }
  std::uint64_t operator()(const StreamData& x) const {
    return over(x.link, x.stream, x.bytes, x.fin);
  }
  std::uint64_t operator()(const StreamReset& x) const { return over(x.link, x.stream, x.code); }
  std::uint64_t operator()(const StreamStopped& x) const { return over(x.link, x.stream, x.code); }
  std::uint64_t operator()(const StreamDrained& x) const { return over(x.link, x.stream); }
  std::uint64_t operator()(const StreamsAllowed& x) const { return over(x.link, x.total); }
};

struct OfOrder {
  std::uint64_t operator()(const Connect& x) const {
    return over(x.link, x.protocol, x.remote, x.expected, x.handshake_timeout, x.silence_max);
  }
  std::uint64_t operator()(const CloseLink& x) const { return over(x.link, x.code, x.reason); }
  std::uint64_t operator()(const SendDatagram& x) const { return over(x.link, x.bytes); }
  std::uint64_t operator()(const WriteStream& x) const {
    return over(x.link, x.stream, x.bytes, x.fin);
  }
  std::uint64_t operator()(const ResetStream& x) const { return over(x.link, x.stream, x.code); }
  std::uint64_t operator()(const StopStream& x) const { return over(x.link, x.stream, x.code); }
  std::uint64_t operator()(const ConsumeStream& x) const { return over(x.link, x.stream, x.bytes); }
  std::uint64_t operator()(const WatchDrain& x) const {
    return over(x.link, x.stream, x.low_mark);
  }
};

struct OfEvent {
  std::uint64_t operator()(const CallArrived& x) const {
    return over(x.call, x.link, x.remote, x.identity, x.method, x.deadline, x.metadata);
  }
  std::uint64_t operator()(const MessageArrived& x) const { return over(x.call, x.message); }
  std::uint64_t operator()(const CallerHalfClosed& x) const { return over(x.call); }
  std::uint64_t operator()(const HeadersArrived& x) const { return over(x.call, x.metadata); }
  std::uint64_t operator()(const CallFinished& x) const {
    return over(x.call, x.status, x.trailers);
  }
  std::uint64_t operator()(const CallAborted& x) const { return over(x.call, x.status); }
  std::uint64_t operator()(const CallWritable& x) const { return over(x.call); }
  std::uint64_t operator()(const MemberEvent& x) const { return over(x.kind, x.member); }
  std::uint64_t operator()(const Joined& x) const { return over(x.seed); }
  std::uint64_t operator()(const LeaveCompleted& x) const { return over(x.acknowledged); }
  std::uint64_t operator()(const WorkerSelected& x) const { return over(x.request, x.worker); }
  std::uint64_t operator()(const Notice& x) const { return over(x.kind, x.detail); }
};

struct OfCommand {
  std::uint64_t operator()(const Join& x) const { return over(x.seeds); }
  std::uint64_t operator()(const Leave&) const { return over(); }
  std::uint64_t operator()(const ChangeTags& x) const { return over(x.changes); }
  std::uint64_t operator()(const StartCall& x) const {
    return over(x.call, x.peer, x.method, x.deadline, x.metadata, x.message, x.last,
                x.wait_for_ready);
  }
  std::uint64_t operator()(const SendMessage& x) const { return over(x.call, x.message, x.last); }
  std::uint64_t operator()(const HalfClose& x) const { return over(x.call); }
  std::uint64_t operator()(const CancelCall& x) const { return over(x.call); }
  std::uint64_t operator()(const ConsumeMessages& x) const {
    return over(x.call, x.messages, x.bytes);
  }
  std::uint64_t operator()(const SendHeaders& x) const { return over(x.call, x.metadata); }
  std::uint64_t operator()(const FinishCall& x) const {
    return over(x.call, x.message, x.status, x.trailers);
  }
  std::uint64_t operator()(const StopAccepting&) const { return over(); }
  std::uint64_t operator()(const OpenRegistry& x) const {
    return over(x.registry, x.filter, x.strategy);
  }
  std::uint64_t operator()(const SelectWorker& x) const {
    return over(x.registry, x.request, x.filter, x.excluded);
  }
};

}  // namespace

std::uint64_t digest(const Fact& fact) { return std::visit(OfFact{}, fact); }
std::uint64_t digest(const Order& order) { return std::visit(OfOrder{}, order); }
std::uint64_t digest(const Event& event) { return std::visit(OfEvent{}, event); }
std::uint64_t digest(const Command& command) { return std::visit(OfCommand{}, command); }

}  // namespace rpcnet::sim
