// Numbers, and bytes with runs of zeros.
#include "engine/recording/codec.h"

#include <algorithm>

namespace rpcnet::recording {
namespace {

// A run of zeros that is worth being named: its two numbers take two bytes at least.
constexpr std::size_t kRunMin = 4;

// Where the next such run begins, from `at` on; the end if there is none.
std::size_t next_run(BytesView bytes, std::size_t at) {
  for (std::size_t zeros = 0; at < bytes.size(); ++at) {
    zeros = bytes[at] == 0 ? zeros + 1 : 0;
    if (zeros == kRunMin) return at + 1 - kRunMin;
  }
  return bytes.size();
}

}  // namespace

// Varints end at 62 bits; what is larger follows behind the largest one.
void Encoder::number(std::uint64_t value) {
  if (value < wire::kVarintMax) return out_.varint(value);
  out_.varint(wire::kVarintMax);
  eight(value);
}

void Encoder::eight(std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out_.u8(static_cast<std::uint8_t>(value >> shift));
  }
}

// The size of all, then in turn: bytes as they are, and how many zeros follow.
void Encoder::sparse(BytesView bytes) {
  expanded_ += bytes.size();
  number(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t run = next_run(bytes, at);
    out_.sized(bytes.subspan(at, run - at));
    const auto end = std::find_if(bytes.begin() + static_cast<std::ptrdiff_t>(run), bytes.end(),
                                  [](std::uint8_t byte) { return byte != 0; });
    at = static_cast<std::size_t>(end - bytes.begin());
    if (at > run || at < bytes.size()) number(at - run);
  }
}

std::uint64_t Decoder::number() {
  const auto value = in_.varint();
  if (!value) {
    fail();
    return 0;
  }
  return *value < wire::kVarintMax ? *value : eight();
}

std::uint64_t Decoder::eight() {
  const auto bytes = in_.bytes(8);
  if (!bytes) {
    fail();
    return 0;
  }
  std::uint64_t value = 0;
  for (const std::uint8_t byte : *bytes) value = value << 8 | byte;
  return value;
}

Bytes Decoder::sparse() {
  const std::uint64_t size = number();
  Bytes bytes;
  if (size > room_) fail();
  while (!failed() && bytes.size() < size) {
    const auto kept = in_.sized(size - bytes.size());
    if (!kept) break;
    bytes.insert(bytes.end(), kept->begin(), kept->end());
    if (bytes.size() == size) break;
    const std::uint64_t zeros = number();
    // Nothing kept and no zeros would never end.
    if (zeros > size - bytes.size() || (zeros == 0 && kept->empty())) break;
    bytes.resize(bytes.size() + static_cast<std::size_t>(zeros));
  }
  if (bytes.size() != size) fail();
  room_ -= std::min<std::uint64_t>(room_, bytes.size());
  return bytes;
}

void Decoder::get(std::array<std::uint8_t, 16>& ip) {
  const auto bytes = in_.bytes(ip.size());
  if (!bytes) return fail();
  std::copy(bytes->begin(), bytes->end(), ip.begin());
}

std::optional<NodeId> Decoder::node_id() {
  std::string text;
  get(text);
  auto id = NodeId::parse(text);
  if (!id) fail();
  return id;
}

}  // namespace rpcnet::recording
