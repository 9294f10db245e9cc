// The workload's messages in bytes.
#include "sim/workload/payload.h"

#include "engine/wire/reader.h"
#include "engine/wire/writer.h"
#include "sim/keyed.h"

namespace rpcnet::sim {
namespace {

constexpr std::uint64_t kTextMax = 128;

std::optional<NodeId> read_id(wire::Reader& reader) {
  const auto text = reader.text(kTextMax);
  return text ? NodeId::parse(*text) : std::nullopt;
}

}  // namespace

Bytes serialize(const AssignRequest& request) {
  Bytes bytes;
  wire::Writer writer(bytes);
  writer.varint(request.excluded.size());
  for (const NodeId& id : request.excluded) writer.text(id.text());
  writer.varint(request.registry);
  writer.text(request.shard.value_or(""));
  writer.varint(request.key);
  return bytes;
}

Bytes serialize(const AssignResponse& response) {
  Bytes bytes;
  wire::Writer writer(bytes);
  writer.text(response.worker.text());
  writer.text(to_text(response.address));
  return bytes;
}

Bytes serialize(const GenerateRequest& request) {
  Bytes bytes;
  wire::Writer writer(bytes);
  writer.varint(request.session);
  writer.varint(request.next);
  writer.varint(request.total);
  return bytes;
}

Bytes serialize(const Token& token) {
  Bytes bytes;
  wire::Writer writer(bytes);
  writer.varint(token.session);
  writer.varint(token.sequence);
  writer.sized(token.content);
  return bytes;
}

std::optional<AssignRequest> parse_assign_request(BytesView bytes) {
  wire::Reader reader(bytes);
  AssignRequest request;
  const auto count = reader.varint();
  if (!count || *count > bytes.size()) return std::nullopt;
  for (std::uint64_t i = 0; i < *count; ++i) {
    auto id = read_id(reader);
    if (!id) return std::nullopt;
    request.excluded.push_back(std::move(*id));
  }
  const auto registry = reader.varint();
  const auto shard = reader.text(kTextMax);
  const auto key = reader.varint();
  if (!registry || *registry == 0 || *registry > kRegistries || !shard || !key) {
    return std::nullopt;
  }
  if (!reader.complete()) return std::nullopt;
  request.registry = static_cast<std::uint32_t>(*registry);
  if (!shard->empty()) request.shard = std::string(*shard);
  request.key = *key;
  return request;
}

std::optional<AssignResponse> parse_assign_response(BytesView bytes) {
  wire::Reader reader(bytes);
  auto worker = read_id(reader);
  const auto text = reader.text(kTextMax);
  const auto address = text ? parse_address(*text) : std::nullopt;
  if (!worker || !address || !reader.complete()) return std::nullopt;
  return AssignResponse{std::move(*worker), *address};
}

std::optional<GenerateRequest> parse_generate_request(BytesView bytes) {
  wire::Reader reader(bytes);
  const auto session = reader.varint();
  const auto next = reader.varint();
  const auto total = reader.varint();
  if (!total || !reader.complete()) return std::nullopt;
  return GenerateRequest{*session, *next, *total};
}

std::optional<Token> parse_token(BytesView bytes) {
  wire::Reader reader(bytes);
  const auto session = reader.varint();
  const auto sequence = reader.varint();
  const auto content = reader.sized(bytes.size());
  if (!content || !reader.complete()) return std::nullopt;
  return Token{*session, *sequence, Bytes(content->begin(), content->end())};
}

Bytes token_content(std::uint64_t session, std::uint64_t sequence, std::size_t size) {
  Bytes bytes(size);
  std::uint64_t word = combine(session, sequence);
  for (std::size_t i = 0; i < size; ++i) {
    if (i % 8 == 0) word = mix(word + 1);
    bytes[i] = static_cast<std::uint8_t>(word >> (8 * (i % 8)));
  }
  return bytes;
}

}  // namespace rpcnet::sim
