// Codec<T>: how a T becomes the bytes that calls carry, and back. Protobuf messages have theirs in
// io/protobuf.h; a program may write one for a type of its own.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "engine/bytes.h"

namespace rpcnet {

// static Bytes encode(const T&);
// static std::optional<T> decode(BytesView);   // absent: these bytes are no T
// static std::string name();                   // for people
template <typename T>
struct Codec;

template <>
struct Codec<Bytes> {
  static Bytes encode(Bytes message) { return message; }
  static std::optional<Bytes> decode(BytesView bytes) { return Bytes(bytes.begin(), bytes.end()); }
  static std::string name() { return "bytes"; }
};

}  // namespace rpcnet
