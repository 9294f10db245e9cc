// Building and parsing of frames.
#include "engine/rpc/frame.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/assert.h"
#include "engine/wire/reader.h"
#include "engine/wire/varint.h"
#include "engine/wire/writer.h"

namespace rpcnet::rpc {
namespace {

using wire::varint_size;

// Deadlines further away than a Duration can hold are none.
constexpr std::uint64_t kMicrosMax =
    static_cast<std::uint64_t>(std::numeric_limits<Duration::rep>::max()) / 1000;

bool key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool valid_key(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), key_character);
}

std::size_t sized(std::size_t size) { return varint_size(size) + size; }

std::size_t encoded_size(const Metadata& metadata) {
  std::size_t size = 0;
  for (const auto& [key, value] : metadata) size += sized(key.size()) + sized(value.size());
  return size;
}

std::size_t frame_size(std::size_t payload) { return 1 + sized(payload); }

// 0 stands for "no deadline", so what is left is rounded up: never zero, and never less than the
// caller's own clock allows.
std::uint64_t to_micros(std::optional<Duration> left) {
  if (!left) return 0;
  ENGINE_ASSERT(left->count() > 0);
  return (static_cast<std::uint64_t>(left->count()) + 999) / 1000;
}

std::size_t request_payload(std::uint64_t micros, std::string_view method,
                            const Metadata& metadata) {
  return varint_size(micros) + sized(method.size()) + encoded_size(metadata);
}

std::size_t trailer_payload(const Status& status, const Metadata& metadata) {
  return 1 + sized(status.message.size()) + sized(status.details.size()) + encoded_size(metadata);
}

wire::Writer begin(Bytes& out, FrameType type, std::size_t payload) {
  wire::Writer writer(out);
  writer.u8(static_cast<std::uint8_t>(type));
  writer.varint(payload);
  return writer;
}

void write(wire::Writer& writer, const Metadata& metadata) {
  for (const auto& [key, value] : metadata) {
    writer.text(key);
    writer.text(value);
  }
}

// Pairs until the end of the payload.
std::optional<Metadata> read_metadata(wire::Reader& reader) {
  Metadata metadata;
  while (reader.left() > 0) {
    const auto key = reader.text(reader.left());
    const auto value = reader.text(reader.left());
    if (!key || !value || !valid_key(*key)) return std::nullopt;
    metadata.emplace_back(*key, *value);
  }
  if (!reader.complete()) return std::nullopt;
  return metadata;
}

}  // namespace

std::size_t metadata_weight(const Metadata& metadata) {
  std::size_t weight = 0;
  for (const auto& [key, value] : metadata) weight += key.size() + value.size() + 32;
  return weight;
}

std::size_t trailer_weight(const Status& status, const Metadata& metadata) {
  return status.message.size() + status.details.size() + metadata_weight(metadata);
}

bool valid_keys(const Metadata& metadata) {
  return std::all_of(metadata.begin(), metadata.end(),
                     [](const auto& pair) { return valid_key(pair.first); });
}

std::size_t message_head_size(std::size_t content) { return 1 + varint_size(content); }

std::size_t request_header_size(std::optional<Duration> left, std::string_view method,
                                const Metadata& metadata) {
  return frame_size(request_payload(to_micros(left), method, metadata));
}

std::size_t response_header_size(const Metadata& metadata) {
  return frame_size(encoded_size(metadata));
}

std::size_t trailer_size(const Status& status, const Metadata& metadata) {
  return frame_size(trailer_payload(status, metadata));
}

void append_request_header(Bytes& out, std::optional<Duration> left, std::string_view method,
                           const Metadata& metadata) {
  const std::uint64_t micros = to_micros(left);
  auto writer = begin(out, FrameType::request_header, request_payload(micros, method, metadata));
  writer.varint(micros);
  writer.text(method);
  write(writer, metadata);
}

void append_response_header(Bytes& out, const Metadata& metadata) {
  auto writer = begin(out, FrameType::response_header, encoded_size(metadata));
  write(writer, metadata);
}

void append_message_head(Bytes& out, std::size_t content) {
  begin(out, FrameType::message, content);
}

void append_trailer(Bytes& out, const Status& status, const Metadata& metadata) {
  auto writer = begin(out, FrameType::trailer, trailer_payload(status, metadata));
  writer.varint(static_cast<std::uint64_t>(status.code));
  writer.text(status.message);
  writer.sized(status.details);
  write(writer, metadata);
}

std::optional<RequestHeader> parse_request_header(BytesView payload) {
  wire::Reader reader(payload);
  const auto micros = reader.varint();
  const auto method = reader.text(kMethodMax);
  if (!micros || !method || method->empty()) return std::nullopt;
  auto metadata = read_metadata(reader);
  if (!metadata) return std::nullopt;
  RequestHeader header{std::nullopt, std::string(*method), std::move(*metadata)};
  if (*micros > 0 && *micros <= kMicrosMax) {
    header.left = Duration(static_cast<Duration::rep>(*micros * 1000));
  }
  return header;
}

std::optional<Metadata> parse_response_header(BytesView payload) {
  wire::Reader reader(payload);
  return read_metadata(reader);
}

std::optional<Trailer> parse_trailer(BytesView payload) {
  wire::Reader reader(payload);
  const auto code = reader.varint();
  const auto message = reader.text(payload.size());
  const auto details = reader.sized(payload.size());
  if (!code || !message || !details) return std::nullopt;
  auto metadata = read_metadata(reader);
  if (!metadata) return std::nullopt;
  // A newer peer may know more codes than we do; what it says in words is kept.
  const StatusCode known = parse_status_code(*code).value_or(StatusCode::unknown);
  return Trailer{Status{known, std::string(*message), Bytes(details->begin(), details->end())},
                 std::move(*metadata)};
}

}  // namespace rpcnet::rpc
