// The role of the one who is called: from a stream that the peer begins to its status.
//
// A call is announced once its header is read, and then it ends in one of two ways: the
// application finishes it, or it is aborted (cancelled, deadline, link lost, malformed bytes) and
// the application is told. Either way its stream and memory are released in the same step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/command.h"
#include "engine/output.h"
#include "engine/rpc/assembler.h"
#include "engine/rpc/call_table.h"
#include "engine/rpc/credit.h"
#include "engine/rpc/seen_streams.h"
#include "engine/rpc/sender.h"
#include "engine/rpc/shared.h"
#include "engine/transport.h"

namespace rpcnet::rpc {

class Callee {
 public:
  Callee(Shared& shared, CallId first, std::uint64_t step)
      : shared_(shared), next_(first), step_(step) {}

  Callee(const Callee&) = delete;
  Callee& operator=(const Callee&) = delete;

  void on_link_up(const Link& link);
  void on_link_down(Instant now, const LinkDown& fact, Outbox& out);
  void on_stream_data(Instant now, const StreamData& fact, Outbox& out);
  void on_stream_reset(Instant now, const StreamReset& fact, Outbox& out);
  void on_stream_stopped(Instant now, const StreamStopped& fact, Outbox& out);
  void on_stream_drained(Instant now, const StreamDrained& fact, Outbox& out);
  void on_deadline(Instant now, CallId call, Outbox& out);

  Outcome send(Instant now, SendMessage&& command, Outbox& out);
  Outcome send_headers(Instant now, SendHeaders&& command, Outbox& out);
  Outcome consume(Instant now, const ConsumeMessages& command, Outbox& out);
  Outcome finish(Instant now, FinishCall&& command, Outbox& out);
  void stop_accepting() { accepting_ = false; }
  // Links that callers dialled and on which no call runs.
  std::vector<LinkId> idle_links() const;

  bool is_writable(CallId call) const;
  std::size_t serving() const { return serving_; }
  bool accepting() const { return accepting_; }

 private:
  struct LinkCalls {
    Address remote;
    std::optional<PeerIdentity> identity;
    SeenStreams seen;
    CallList open;
  };

  struct Call {
    CallSlot self;
    LinkCalls* link = nullptr;
    bool arrived = false;       // CallArrived was given
    bool timed = false;         // has a deadline
    bool half_closed = false;   // the caller has sent its last message
    bool headers_over = false;  // headers or a message were sent: no headers any more
    Sender sender;
    Assembler frames;
    Credit credit;
  };

  // The call of a stream that begins with this fact; nullptr: it began before, or is turned away.
  Call* begin(const StreamData& fact, Outbox& out);
  // The first that is heard of this stream, which thereby has begun.
  bool is_new(LinkId link, StreamId stream);
  void turn_away(const StreamData& fact, const Status& status, Outbox& out);
  // Takes the frame that call.frames reached; `rest` follows it. False: the call is over.
  bool on_frame(Instant now, Call& call, BytesView rest, Outbox& out);
  bool on_request_header(Instant now, Call& call, Outbox& out);
  void malformed(Call& call, const char* what, Outbox& out);
  // Answers with the status instead of the application, which is told that the call is aborted.
  void exceed(Call& call, Status status, Outbox& out);
  // Gives the stream up, both directions, and tells the application.
  void abort(Call& call, StreamCode code, Status status, Outbox& out);
  // Tells the caller to send no more, unless it has said its last.
  static void stop(const Call& call, StreamCode code, Outbox& out);
  // Releases the call; its CallAborted is given if the application knows it.
  void forget(Call& call, std::optional<Status> aborted, Outbox& out);

  Shared& shared_;
  CallTable<Call> calls_;
  std::map<LinkId, LinkCalls> links_;  // nodes keep their addresses
  CallId next_;
  std::uint64_t step_;
  std::size_t serving_ = 0;
  bool accepting_ = true;
};

}  // namespace rpcnet::rpc
