// What the programs of the workload say to each other.
//
// Oracles read it too: a message tells whose it is, so that a wrong one is known by itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/address.h"
#include "engine/bytes.h"
#include "engine/ids.h"

namespace rpcnet::sim {

inline constexpr const char* kAssign = "sim.assign";      // client to director: who works for me?
inline constexpr const char* kGenerate = "sim.generate";  // client to worker: a stream of tokens
inline constexpr const char* kEcho = "sim.echo";          // client to worker: the same again
inline constexpr const char* kTogether = "sim.together";  // the same, in batches
inline constexpr const char* kCollect = "sim.collect";    // many messages, one answer: their sum
inline constexpr const char* kChat = "sim.chat";          // each message comes back, in order

// Metadata of every request, which callees give back in headers and trailers: the call's name, one
// in the run, by which an oracle knows both ends of a call to be one.
inline constexpr const char* kCallName = "sim-call";

// Metadata of requests that may be tried again: the request's name, the same in all attempts, and
// "1" if it may be executed twice.
inline constexpr const char* kRequestName = "sim-request";
inline constexpr const char* kSafe = "sim-safe";
// "1" if its attempts run side by side, and how many there are at most.
inline constexpr const char* kHedged = "sim-hedged";
inline constexpr std::uint32_t kHedgedMax = 3;

// In the trailers of what was answered in a batch: the batch's number and when it began by the
// worker's clock, "number.nanoseconds".
inline constexpr const char* kBatch = "sim-batch";

// A director's registries, one for each strategy; all hold the workers.
inline constexpr std::uint32_t kRegistries = 8;
inline constexpr std::uint32_t kRandomRegistry = 3;
inline constexpr std::uint32_t kWeightedRegistry = 5;
inline constexpr std::uint32_t kWeightedByLoadRegistry = 7;
// The tag that workers change under way, and its values: 0 to kShards - 1.
inline constexpr const char* kShard = "shard";
inline constexpr std::uint64_t kShards = 3;
// The tag "zone" of workers, and the keys that clients ask by.
inline constexpr const char* kZones[2] = {"near", "far"};
inline constexpr std::uint64_t kKeys = 16;
// Workers that a client remembers.
inline constexpr std::size_t kKnownMax = 3;

struct AssignRequest {
  std::vector<NodeId> excluded;
  std::uint32_t registry = 1;        // 1 to kRegistries
  std::optional<std::string> shard;  // only a worker whose tag is this
  std::uint64_t key = 0;             // for the registry that goes by keys
};

struct AssignResponse {
  NodeId worker;
  Address address;
};

struct GenerateRequest {
  std::uint64_t session = 0;  // unique in the run
  std::uint64_t next = 0;     // the first sequence number that is missing
  std::uint64_t total = 0;
};

struct Token {
  std::uint64_t session = 0;
  std::uint64_t sequence = 0;
  Bytes content;  // token_content(session, sequence, size)
};

Bytes serialize(const AssignRequest& request);
Bytes serialize(const AssignResponse& response);
Bytes serialize(const GenerateRequest& request);
Bytes serialize(const Token& token);

std::optional<AssignRequest> parse_assign_request(BytesView bytes);
std::optional<AssignResponse> parse_assign_response(BytesView bytes);
std::optional<GenerateRequest> parse_generate_request(BytesView bytes);
std::optional<Token> parse_token(BytesView bytes);

Bytes token_content(std::uint64_t session, std::uint64_t sequence, std::size_t size);

}  // namespace rpcnet::sim
