// Bytes that are owned and bytes that are borrowed.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace rpcnet {

// Owned. Moving keeps the address of the content, which the QUIC layer relies on: stream data
// stays where it is until the peer acknowledged it (ngtcp2_conn_writev_stream).
using Bytes = std::vector<std::uint8_t>;

// Borrowed. As an argument it is valid during the call only.
using BytesView = std::span<const std::uint8_t>;

inline BytesView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes to_bytes(std::string_view text) { return {text.begin(), text.end()}; }

}  // namespace rpcnet
