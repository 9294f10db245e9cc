// The flight recorder of a host: what it writes, and what it has counted.
#pragma once

#include <cstdint>
#include <string>

namespace rpcnet {

// Every input of the engine with its time, for `sim replay FILE` (docs/recording.md).
struct RecordingOptions {
  // Empty: nothing is recorded. A file of that name becomes NAME.previous. Only its owner may read
  // the new one: it holds names, addresses, tags, methods and metadata keys.
  std::string file{};
  // The file never gets larger: the recording ends there, with a line in the log.
  std::uint64_t bytes_max = std::uint64_t{256} << 20;
  // Record message contents, metadata values, status words and details too. Else zeros stand for
  // them, and the replay is the same.
  bool payloads = false;
};

struct RecordingCounters {
  bool active = false;
  std::uint64_t inputs = 0;
  std::uint64_t bytes = 0;    // in the file
  std::uint64_t limited = 0;  // recordings that ended at bytes_max
  std::uint64_t failed = 0;   // recordings that could not begin, or ended by a fault of the file
};

}  // namespace rpcnet
