// How a call ends: one of the canonical codes that gRPC users know, with words and details.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/bytes.h"

namespace rpcnet {

// Numbers and meanings are gRPC's (google.rpc.Code), so that dashboards and habits carry over.
enum class StatusCode : std::uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

struct Status {
  StatusCode code = StatusCode::ok;
  std::string message;  // for people; empty when ok
  Bytes details;        // for programs; the application's own encoding

  bool ok() const { return code == StatusCode::ok; }
  friend bool operator==(const Status&, const Status&) = default;
};

// Key and value pairs that travel beside the messages. Order is kept, keys may repeat. Keys are
// lower case, [a-z0-9._-], and those that begin with "rpcnet-" are the library's.
using Metadata = std::vector<std::pair<std::string, std::string>>;

const char* to_text(StatusCode code);

// nullopt for a number that is no status code.
std::optional<StatusCode> parse_status_code(std::uint64_t number);

}  // namespace rpcnet
