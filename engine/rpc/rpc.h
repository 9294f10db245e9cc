// The RPC machine: calls over links, one bidirectional stream a call.
//
// Composes the two roles, caller (outgoing calls) and callee (incoming calls), over one set of
// links. It knows nothing of membership, of threads, or of other Rpc machines in the process: one
// runs per I/O thread. Facts and commands come in through typed methods, orders and events leave
// through the Outbox, in the order in which they must be carried out.
//
// Contract, as for the whole engine: `now` never goes backwards; borrowed bytes are valid during
// the call; a spurious or early on_deadline is a no-op; deadline() may change after any call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/command.h"
#include "engine/config.h"
#include "engine/output.h"
#include "engine/rng.h"
#include "engine/rpc/callee.h"
#include "engine/rpc/caller.h"
#include "engine/rpc/counters.h"
#include "engine/rpc/shared.h"
#include "engine/transport.h"

namespace rpcnet::rpc {

// The numbers that this machine gives out. Machines of one process use disjoint ones: the same
// step, different firsts.
struct Numbering {
  std::uint64_t first_link = 2;  // even
  std::uint64_t link_step = 2;   // even
  CallId first_call{2};          // even: incoming calls
  std::uint64_t call_step = 2;   // even
};

class Rpc {
 public:
  Rpc(const RpcConfig& config, const LinksConfig& links, Rng rng, Numbering numbering = {});

  Rpc(const Rpc&) = delete;
  Rpc& operator=(const Rpc&) = delete;

  // Facts of links that carry Protocol::rpc. Those of links and streams that are gone are ignored.
  void on_link_up(Instant now, const LinkUp& fact, Outbox& out);
  void on_link_down(Instant now, const LinkDown& fact, Outbox& out);
  void on_stream_data(Instant now, const StreamData& fact, Outbox& out);
  void on_stream_reset(Instant now, const StreamReset& fact, Outbox& out);
  void on_stream_stopped(Instant now, const StreamStopped& fact, Outbox& out);
  void on_stream_drained(Instant now, const StreamDrained& fact, Outbox& out);
  void on_streams_allowed(Instant now, const StreamsAllowed& fact, Outbox& out);
  void on_datagram_limit(Instant, const DatagramLimit&, Outbox&) {}  // RPC sends no datagrams

  // Commands. Any outcome but `done` means that nothing has changed.
  Outcome start(Instant now, StartCall&& command, Outbox& out);
  Outcome send(Instant now, SendMessage&& command, Outbox& out);
  Outcome half_close(Instant now, HalfClose&& command, Outbox& out);
  Outcome cancel(Instant now, CancelCall&& command, Outbox& out);
  Outcome consume(Instant now, ConsumeMessages&& command, Outbox& out);
  Outcome send_headers(Instant now, SendHeaders&& command, Outbox& out);
  Outcome finish(Instant now, FinishCall&& command, Outbox& out);
  Outcome stop_accepting(Instant now, StopAccepting&& command, Outbox& out);
  Outcome close_drained(Instant now, Outbox& out);

  // Ends every call whose deadline is at or before `now`, in the order (time, start). Then those
  // that wait for their peer to be ready, and may look for it again, do so.
  void on_deadline(Instant now, Outbox& out);
  std::optional<Instant> deadline() const;

  // False while the call's unacknowledged data is over RpcConfig::send_buffer_max, and for a call
  // that does not exist. CallWritable says when it becomes true again.
  bool is_writable(CallId call) const;

  // Incoming calls that have arrived and are not over: the load that a worker reports.
  std::size_t serving() const { return callee_.serving(); }
  // Outgoing calls that are not finished.
  std::size_t outgoing() const { return caller_.size(); }
  bool accepting() const { return callee_.accepting(); }

  // Is this link one of ours? For a node that routes facts which do not name their protocol.
  bool has_link(LinkId link) const { return shared_.links.find(link) != nullptr; }
  std::size_t links() const { return shared_.links.size(); }

  const Counters& counters() const { return shared_.counters; }

 private:
  void close(Instant now, LinkId link, CloseCode code, std::string reason, Outbox& out);
  // Streams that this side opened carry outgoing calls, the peer's carry incoming ones.
  static bool is_ours(LinkId link, StreamId stream);

  Shared shared_;
  Caller caller_;
  Callee callee_;
};

}  // namespace rpcnet::rpc
