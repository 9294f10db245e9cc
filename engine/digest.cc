// Digests, field by field: a struct's bytes would include its padding and its pointers.
#include "engine/digest.h"

#include <string>
#include <type_traits>

#include "engine/fields.h"
#include "engine/hash.h"

namespace rpcnet {
namespace {

class Digest {
 public:
  template <typename T>
  std::uint64_t of(const T& x) {
    add_fields(x);
    return value_;
  }

 private:
  void number(std::uint64_t value) { value_ = combine(value_, value); }

  template <typename T>
  void add_fields(const T& x) {
    std::apply([this](const auto&... fields) { (add(fields), ...); }, fields_of(x));
  }

  template <typename T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  void add(T value) {
    number(static_cast<std::uint64_t>(value));
  }
  void add(Duration value) { number(static_cast<std::uint64_t>(value.count())); }
  void add(Instant value) { add(value.time_since_epoch()); }
  void add(const NodeId& id) { add(id.text()); }
  void add(const std::string& text) { value_ = hash_text(text, value_); }
  void add(const Bytes& bytes) { value_ = hash_bytes(bytes, value_); }
  void add(BytesView bytes) { value_ = hash_bytes(bytes, value_); }
  void add(const std::array<std::uint8_t, 16>& ip) { value_ = hash_bytes(ip, value_); }
  void add(const Tags& tags) {
    for (const auto& tag : tags) add(tag);
  }
  template <HasFields T>
  void add(const T& x) {
    add_fields(x);
  }
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

template <typename Variant>
std::uint64_t digest_of(const Variant& variant) {
  return std::visit([](const auto& x) { return Digest().of(x); }, variant);
}

}  // namespace

std::uint64_t digest(const Fact& fact) { return digest_of(fact); }
std::uint64_t digest(const Order& order) { return digest_of(order); }
std::uint64_t digest(const Event& event) { return digest_of(event); }
std::uint64_t digest(const Command& command) { return digest_of(command); }

}  // namespace rpcnet
