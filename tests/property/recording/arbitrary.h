// Arbitrary inputs and configurations: every field of every kind, filled by the list of
// engine/fields.h from one number.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/fields.h"
#include "engine/rng.h"

namespace rpcnet::test {

class Arbitrary {
 public:
  explicit Arbitrary(std::uint64_t seed) : rng_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return rng_.below(bound); }

  Bytes bytes() {
    Bytes bytes(below(3) == 0 ? below(200) : below(12));
    for (auto& byte : bytes) {
      // Runs of zeros are written in another way than the rest.
      byte = static_cast<std::uint8_t>(below(3) == 0 ? below(256) : 0);
    }
    return bytes;
  }
  std::string text() {
    const Bytes from = bytes();
    return {from.begin(), from.end()};
  }
  NodeId node_id() { return *NodeId::parse("node-" + std::to_string(below(1000))); }

  // Of all sizes equally often.
  std::uint64_t number() { return rng_.below(~std::uint64_t{0}) >> below(64); }

  template <typename T>
    requires std::is_integral_v<T>
  void fill(T& value) {
    value = static_cast<T>(number());
  }
  void fill(bool& value) { value = below(2) == 0; }
  void fill(Duration& value) { value = Duration(static_cast<std::int64_t>(number())); }
  void fill(Instant& value) { value = Instant(Duration(static_cast<std::int64_t>(number()))); }
  void fill(Protocol& value) { value = static_cast<Protocol>(below(2)); }
  void fill(LinkEnd& value) { value = static_cast<LinkEnd>(below(10)); }
  void fill(StatusCode& value) { value = static_cast<StatusCode>(below(17)); }
  void fill(LoadBalancingStrategy& value) { value = static_cast<LoadBalancingStrategy>(below(3)); }
  void fill(PartitionPolicy& value) { value = static_cast<PartitionPolicy>(below(3)); }
  void fill(std::string& value) { value = text(); }
  void fill(Bytes& value) { value = bytes(); }
  void fill(BytesView& value) {
    borrowed_ = bytes();
    value = borrowed_;
  }
  void fill(NodeId& value) { value = node_id(); }
  void fill(std::array<std::uint8_t, 16>& ip) {
    for (auto& byte : ip) byte = static_cast<std::uint8_t>(below(256));
  }
  template <HasFields T>
  void fill(T& x) {
    std::apply([this](auto&... fields) { (fill(fields), ...); }, fields_of(x));
  }
  template <typename A, typename B>
  void fill(std::pair<A, B>& pair) {
    fill(pair.first);
    fill(pair.second);
  }
  template <typename T>
  void fill(std::optional<T>& value) {
    value.reset();
    if (below(2) == 0) return;
    if constexpr (std::is_same_v<T, NodeId>) {
      value = node_id();
    } else {
      fill(value.emplace());
    }
  }
  template <typename T>
    requires(!std::is_same_v<T, std::uint8_t>)
  void fill(std::vector<T>& values) {
    for (std::uint64_t left = below(4); left > 0; --left) {
      if constexpr (std::is_same_v<T, NodeId>) {
        values.push_back(node_id());
      } else {
        fill(values.emplace_back());
      }
    }
  }
  template <typename... T>
  void fill(std::variant<T...>& variant) {
    alternative(variant, below(sizeof...(T)), std::index_sequence_for<T...>());
  }

 private:
  template <typename... T, std::size_t... I>
  void alternative(std::variant<T...>& variant, std::size_t place, std::index_sequence<I...>) {
    const auto take = [&]<std::size_t P>() {
      if (P == place) fill(variant.template emplace<P>());
    };
    (take.template operator()<I>(), ...);
  }

  Rng rng_;
  Bytes borrowed_;
};

}  // namespace rpcnet::test
