// Takes out of inputs and outputs what an application wrote to another: message contents, metadata
// values, status words and details. Zeros of the same length stand for it.
//
// The engine reads none of that, so a node that is fed with the redacted inputs does the same, and
// its outputs, redacted, are the same. Gossip is kept whole: it is the engine's own, and a node
// that replays must read it. What belongs to no link that is known becomes zeros altogether.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "engine/command.h"
#include "engine/output.h"
#include "engine/recording/frame_mask.h"
#include "engine/rpc/seen_streams.h"
#include "engine/transport.h"

namespace rpcnet::recording {

Command redacted(const Command& command);

class Redactor {
 public:
  // In the order in which the node gets them. The bytes that the result borrows are in `storage`.
  Fact redacted(const Fact& fact, Bytes& storage);
  // In the order in which they came out, those of an input before the next input.
  Output redacted(const Output& output);

  std::size_t streams() const;  // that are remembered

 private:
  // A direction that is over, or of no interest, is absent.
  struct Stream {
    std::optional<FrameMask> in;
    std::optional<FrameMask> out;
  };
  struct RpcLink {
    rpc::SeenStreams seen;  // those of the peer, as the callee remembers them
    std::map<StreamId, Stream> streams;
  };

  RpcLink* find(LinkId link);
  Stream* find(LinkId link, StreamId stream);
  Stream* find_or_begin(LinkId link, StreamId stream);
  void end_direction(LinkId link, StreamId stream, std::optional<FrameMask> Stream::* direction);
  void on_fact(const Fact& fact);
  void on_order(const Order& order);

  std::map<LinkId, RpcLink> links_;
  std::set<LinkId> gossip_;
};

}  // namespace rpcnet::recording
