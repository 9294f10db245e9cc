// Fields to bytes and back, by the list of engine/fields.h.
//
// Numbers are varints (wire/varint.h), times 8 bytes, a variant its place and then its content.
// Runs of zeros take no room: that is what stands for payloads that are not recorded.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "engine/fields.h"
#include "engine/recording.h"
#include "engine/wire/reader.h"
#include "engine/wire/varint.h"
#include "engine/wire/writer.h"

namespace rpcnet::recording {

class Encoder {
 public:
  explicit Encoder(Bytes& out) : out_(out) {}

  template <typename T>
    requires std::is_unsigned_v<T> || std::is_enum_v<T>
  void put(T value) {
    number(static_cast<std::uint64_t>(value));
  }
  void put(std::int64_t value) { eight(static_cast<std::uint64_t>(value)); }
  void put(Duration value) { put(static_cast<std::int64_t>(value.count())); }
  void put(Instant value) { put(value.time_since_epoch()); }
  void put(const NodeId& id) { put(id.text()); }
  void put(const std::string& text) { sparse(as_bytes(text)); }
  void put(const Bytes& bytes) { sparse(bytes); }
  void put(BytesView bytes) { sparse(bytes); }
  void put(const std::array<std::uint8_t, 16>& ip) { out_.bytes(ip); }
  template <HasFields T>
  void put(const T& x) {
    std::apply([this](const auto&... fields) { (put(fields), ...); }, fields_of(x));
  }
  template <typename A, typename B>
  void put(const std::pair<A, B>& pair) {
    put(pair.first);
    put(pair.second);
  }
  template <typename T>
  void put(const std::optional<T>& value) {
    out_.u8(value ? 1 : 0);
    if (value) put(*value);
  }
  template <typename T>
    requires(!std::is_same_v<T, std::uint8_t>)
  void put(const std::vector<T>& values) {
    number(values.size());
    for (const T& value : values) put(value);
  }
  template <typename... T>
  void put(const std::variant<T...>& variant) {
    out_.u8(static_cast<std::uint8_t>(variant.index()));
    std::visit([this](const auto& x) { put(x); }, variant);
  }

  void number(std::uint64_t value);
  void eight(std::uint64_t value);

  // What all byte strings so far hold together, zeros included.
  std::uint64_t expanded() const { return expanded_; }

 private:
  void sparse(BytesView bytes);

  wire::Writer out_;
  std::uint64_t expanded_ = 0;
};

// The first that fails poisons the rest, as with wire::Reader.
class Decoder {
 public:
  // Borrowed bytes of a fact are kept in `storage`.
  Decoder(BytesView bytes, Bytes& storage) : in_(bytes), storage_(storage) {}

  bool complete() const { return !failed_ && in_.complete(); }

  template <typename T>
    requires std::is_unsigned_v<T>
  void get(T& value) {
    const std::uint64_t wide = number();
    value = static_cast<T>(wide);
    if (static_cast<std::uint64_t>(value) != wide) fail();
  }
  void get(std::int64_t& value) { value = static_cast<std::int64_t>(eight()); }
  void get(Duration& value) {
    std::int64_t count = 0;
    get(count);
    value = Duration(count);
  }
  void get(Instant& value) {
    Duration since{};
    get(since);
    value = Instant(since);
  }
  void get(Protocol& value) { choice(value, Protocol::gossip); }
  void get(LinkEnd& value) { choice(value, LinkEnd::local_limit); }
  void get(StatusCode& value) { choice(value, StatusCode::unauthenticated); }
  void get(LoadBalancingStrategy& value) { choice(value, LoadBalancingStrategy::weighted_by_load); }
  void get(PartitionPolicy& value) { choice(value, PartitionPolicy::keep_majority); }
  void get(Outcome& value) { choice(value, Outcome::unknown_registry); }
  void get(Ending& value) { choice(value, Ending::too_large); }
  void get(std::string& text) {
    const Bytes bytes = sparse();
    text.assign(bytes.begin(), bytes.end());
  }
  void get(Bytes& bytes) { bytes = sparse(); }
  void get(BytesView& bytes) {
    storage_ = sparse();
    bytes = storage_;
  }
  void get(std::array<std::uint8_t, 16>& ip);
  template <HasFields T>
  void get(T& x) {
    std::apply([this](auto&... fields) { (get(fields), ...); }, fields_of(x));
  }
  template <typename A, typename B>
  void get(std::pair<A, B>& pair) {
    get(pair.first);
    get(pair.second);
  }
  template <typename T>
  void get(std::optional<T>& value) {
    bool there = false;
    get(there);
    if (!there || failed_) return;
    if constexpr (std::is_same_v<T, NodeId>) {
      value = node_id();
    } else {
      get(value.emplace());
    }
  }
  template <typename T>
    requires(!std::is_same_v<T, std::uint8_t>)
  void get(std::vector<T>& values) {
    // A count that is only claimed reserves nothing: each element takes at least a byte.
    for (std::uint64_t left = number(); left > 0 && !failed_; --left) {
      if (in_.left() == 0) return fail();
      if constexpr (std::is_same_v<T, NodeId>) {
        if (auto id = node_id()) values.push_back(std::move(*id));
      } else {
        get(values.emplace_back());
      }
    }
  }
  template <typename... T>
  void get(std::variant<T...>& variant) {
    const auto place = in_.u8();
    if (!place || *place >= sizeof...(T)) return fail();
    alternative(variant, *place, std::index_sequence_for<T...>());
  }

  std::optional<NodeId> node_id();
  std::uint64_t number();
  std::uint64_t eight();
  std::optional<std::uint8_t> u8() { return in_.u8(); }
  std::size_t left() const { return in_.left(); }
  bool failed() const { return failed_ || in_.failed(); }

 private:
  template <typename E>
  void choice(E& value, E last) {
    const std::uint64_t wide = number();
    if (wide > static_cast<std::uint64_t>(last)) return fail();
    value = static_cast<E>(wide);
  }
  // Not inline: g++ 12 then takes alternatives that are not there for used uninitialized.
  template <typename... T, std::size_t... I>
  [[gnu::noinline]] void alternative(std::variant<T...>& variant, std::size_t place,
                                     std::index_sequence<I...>) {
    const auto take = [&]<std::size_t P>() {
      if (P == place) get(variant.template emplace<P>());
    };
    (take.template operator()<I>(), ...);
  }
  void fail() { failed_ = true; }
  Bytes sparse();

  wire::Reader in_;
  Bytes& storage_;
  std::uint64_t room_ = kBytesMax;  // a few bytes may claim many zeros
  bool failed_ = false;
};

}  // namespace rpcnet::recording
