// Protobuf messages as the bytes that calls carry.
#pragma once

#include <optional>

#include "engine/bytes.h"

namespace rpcnet::bins {

template <typename Message>
Bytes pack(const Message& message) {
  Bytes bytes(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(bytes.data());
  return bytes;
}

// nullopt: no such message; whoever sent it speaks another language.
template <typename Message>
std::optional<Message> unpack(const Bytes& bytes) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  return message;
}

}  // namespace rpcnet::bins
