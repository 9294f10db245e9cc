// Bounds-checked reading.
#include "engine/wire/reader.h"

namespace rpcnet::wire {

std::nullopt_t Reader::fail() {
  failed_ = true;
  rest_ = {};
  return std::nullopt;
}

std::optional<std::uint8_t> Reader::u8() {
  if (rest_.empty()) return fail();
  const std::uint8_t value = rest_.front();
  rest_ = rest_.subspan(1);
  return value;
}

std::optional<std::uint16_t> Reader::u16() {
  const auto pair = bytes(2);
  if (!pair) return std::nullopt;
  return static_cast<std::uint16_t>((*pair)[0] << 8 | (*pair)[1]);
}

std::optional<std::uint64_t> Reader::varint() {
  if (rest_.empty()) return fail();
  if (rest_.front() < 0x40) return u8();
  const std::size_t size = std::size_t{1} << (rest_.front() >> 6);
  if (rest_.size() < size) return fail();
  std::uint64_t value = rest_.front() & 0x3f;
  for (std::size_t i = 1; i < size; ++i) value = value << 8 | rest_[i];
  rest_ = rest_.subspan(size);
  return value;
}

std::optional<BytesView> Reader::bytes(std::uint64_t size) {
  if (failed_ || size > rest_.size()) return fail();
  const auto taken = rest_.first(static_cast<std::size_t>(size));
  rest_ = rest_.subspan(static_cast<std::size_t>(size));
  return taken;
}

std::optional<BytesView> Reader::sized(std::uint64_t max) {
  const auto size = varint();
  if (!size || *size > max) return fail();
  return bytes(*size);
}

std::optional<std::string_view> Reader::text(std::uint64_t max) {
  const auto view = sized(max);
  if (!view) return std::nullopt;
  return as_text(*view);
}

}  // namespace rpcnet::wire
