// Recorder: hands inputs on to a node and writes down each, and what came of it.
//
// It owns no file: whoever drives it takes the bytes away and stores them. An input is in the bytes
// before the node gets it, so that the one that a process died of is the last one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "engine/node.h"
#include "engine/recording.h"

namespace rpcnet {

struct RecorderOptions {
  // The recording never gets larger; it ends before the input that would not fit. Ends, and does
  // not drop its beginning: a replay needs every input since the node was new.
  std::uint64_t bytes_max = std::uint64_t{256} << 20;
  // Record message contents, metadata values, status words and details as they are.
  bool payloads = false;
  std::int64_t began_unix_ns = 0;  // for people
};

class Recorder {
 public:
  // `node` is new and outlives the recorder; from now on it gets its inputs through here.
  Recorder(Node& node, Instant now, const RecorderOptions& options);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void handle(Instant now, const Fact& fact);
  Outcome handle(Instant now, Command&& command);
  void handle_unreachable(Instant now, const Address& address);
  void handle_deadline(Instant now);

  // The recording ends in good order. Inputs are still handed on.
  void close();

  // What was written since the last take(), first to last.
  const Bytes& pending() const;
  void take();

  std::uint64_t bytes() const;            // written in all
  const recording::Tally& tally() const;  // of what is in it
  // Why nothing is written any more. Inputs are still handed on.
  std::optional<recording::Ending> ended() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace rpcnet
