// A stream's full name: streams are numbered per link.
#pragma once

#include <cstdint>

#include "engine/ids.h"

namespace rpcnet::rpc {

struct StreamKey {
  LinkId link;
  StreamId stream;
  friend bool operator==(const StreamKey&, const StreamKey&) = default;
};

// Links are few and streams many: the odd factor keeps equal stream numbers of different links
// apart (KeyIndex mixes the sum).
constexpr std::uint64_t hash_bits(const StreamKey& key) {
  return key.link.value * 0xd6e8'feb8'6659'fd93 + key.stream.value;
}

}  // namespace rpcnet::rpc
