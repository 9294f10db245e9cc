// The wire form of an RPC stream: frames of a type, a length and a payload (docs/wire.md).
//
// Appending builds whole frames into a buffer, so that several leave in one write; parsing takes
// a payload. What a peer sends is parsed into optionals, never trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/bytes.h"
#include "engine/instant.h"
#include "engine/status.h"

namespace rpcnet::rpc {

enum class FrameType : std::uint8_t {
  request_header = 0x01,
  message = 0x02,
  response_header = 0x03,
  trailer = 0x04,
};

constexpr bool is_frame_type(std::uint8_t byte) { return byte >= 0x01 && byte <= 0x04; }

// Metadata of a response's end that says: not started, safe to try elsewhere. Its value is "1".
inline constexpr std::string_view kNotStarted = "rpcnet-not-started";

inline constexpr std::size_t kMethodMax = 255;

// Type and the longest length.
inline constexpr std::size_t kFrameHeadMax = 9;

// What a header or trailer may hold beside metadata: the method or the two lengths of a status.
inline constexpr std::size_t kHeaderSlack = 512;

struct RequestHeader {
  std::optional<Duration> left;  // until the deadline; absent: none
  std::string method;
  Metadata metadata;
};

struct Trailer {
  Status status;
  Metadata metadata;
};

// What counts against RpcConfig::metadata_max: keys, values, and 32 for each pair, as HTTP/2 and 3
// count it (RFC 7541 4.1), because a pair costs memory even when it is empty.
std::size_t metadata_weight(const Metadata& metadata);
// For a response's end: its words and details too.
std::size_t trailer_weight(const Status& status, const Metadata& metadata);

// Are all keys made of [a-z0-9._-], and none empty?
bool valid_keys(const Metadata& metadata);

// The exact size of the whole frame, head included.
std::size_t message_head_size(std::size_t content);
std::size_t request_header_size(std::optional<Duration> left, std::string_view method,
                                const Metadata& metadata);
std::size_t response_header_size(const Metadata& metadata);
std::size_t trailer_size(const Status& status, const Metadata& metadata);

// `left` must be more than zero; it is rounded up to microseconds.
void append_request_header(Bytes& out, std::optional<Duration> left, std::string_view method,
                           const Metadata& metadata);
void append_response_header(Bytes& out, const Metadata& metadata);
// The content of the message follows.
void append_message_head(Bytes& out, std::size_t content);
void append_trailer(Bytes& out, const Status& status, const Metadata& metadata);

// nullopt: not what the grammar says.
std::optional<RequestHeader> parse_request_header(BytesView payload);
std::optional<Metadata> parse_response_header(BytesView payload);
std::optional<Trailer> parse_trailer(BytesView payload);

}  // namespace rpcnet::rpc
