// The role of the one who calls: from StartCall to exactly one CallFinished.
//
// A call waits while its link is being dialled or the peer allows no further stream, first come,
// first served; then it has a stream until it is finished. A call that waits for its peer to be
// ready is parked, on no link, while the peer is left alone after failed dials. Whatever ends a
// call, its deadline, its stream and its number are released in the same step, so that nothing of
// it can follow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/command.h"
#include "engine/output.h"
#include "engine/rpc/assembler.h"
#include "engine/rpc/call_table.h"
#include "engine/rpc/credit.h"
#include "engine/rpc/sender.h"
#include "engine/rpc/shared.h"
#include "engine/timers.h"
#include "engine/transport.h"

namespace rpcnet::rpc {

class Caller {
 public:
  explicit Caller(Shared& shared) : shared_(shared) {}

  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  void on_link_up(Instant now, Link& link, Outbox& out);
  void on_link_down(Instant now, const LinkDown& fact, Outbox& out);
  void on_streams_allowed(Instant now, Link& link, Outbox& out);
  void on_stream_data(Instant now, const StreamData& fact, Outbox& out);
  void on_stream_reset(Instant now, const StreamReset& fact, Outbox& out);
  void on_stream_stopped(Instant now, const StreamStopped& fact, Outbox& out);
  void on_stream_drained(Instant now, const StreamDrained& fact, Outbox& out);
  void on_deadline(Instant now, CallId call, Outbox& out);
  // Looks for a link for the parked calls whose time has come.
  void on_retry(Instant now, Outbox& out);
  std::optional<Instant> next_retry() const { return parked_.next(); }
  // A dialled link that has carried no call for so long that it is to be closed; absent: there is
  // none. Ask again when it is closed: of two that are spare beside each other one stays.
  std::optional<LinkId> take_idle(Instant now);
  std::optional<Instant> next_idle() const { return idle_.next(); }

  Outcome start(Instant now, StartCall&& command, Outbox& out);
  Outcome send(Instant now, SendMessage&& command, Outbox& out);
  Outcome half_close(Instant now, const HalfClose& command, Outbox& out);
  Outcome cancel(Instant now, const CancelCall& command, Outbox& out);
  Outcome consume(Instant now, const ConsumeMessages& command, Outbox& out);

  bool is_writable(CallId call) const;
  std::size_t size() const { return calls_.size(); }

 private:
  struct LinkCalls {
    CallList open;      // they have a stream
    CallList waiting;   // for the handshake or for StreamsAllowed, oldest first
    bool used = false;  // since it was looked at last
    Instant idle_since{};
  };

  // What waits with a call that has no stream yet.
  struct Waiting {
    StartCall start;              // its header tells the time left when it leaves, not now
    std::vector<Bytes> messages;  // beyond the first
    bool last = false;            // half-close after them
    std::string trouble;          // why the last dial failed
  };

  struct Call {
    CallSlot self;
    LinkCalls* link = nullptr;  // nullptr: parked
    std::unique_ptr<Waiting> waiting;
    bool timed = false;         // has a deadline
    bool half_closed = false;   // the application has sent its last message
    bool headers_over = false;  // response headers or a message came: no headers any more
    Sender sender;
    Assembler frames;
    Credit credit;
  };

  std::optional<Outcome> refusal(const StartCall& command) const;
  // Finds a link for a waiting call that is on none, or a time to look again.
  void seek(Instant now, Call& call, Outbox& out);
  void park(Instant now, Call& call);
  void open(Instant now, Call& call, Link& link, StartCall&& start, Outbox& out);
  void open_waiting(Instant now, Link& link, Outbox& out);
  // The call that gets the link's next stream: the first of its own, else of a sibling's.
  Call* next_waiting(const Link& link);
  // Hands a waiting call of a link that is gone to another one. False: none is up.
  bool move_waiting(Instant now, Call& call, Outbox& out);
  void enqueue(Call& call, const Link& link);
  void dequeue(Call& call);
  // Is there another link that is up and does the same?
  bool is_spare(const Link& link) const;
  Duration idle_max(const Link& link) const;
  // Takes the frame that call.frames reached; `rest` follows it. False: the call is finished.
  bool on_frame(Call& call, BytesView rest, bool fin, Outbox& out);
  void malformed(Call& call, bool fin, const char* what, Outbox& out);
  void exceed(Call& call, bool fin, Status status, Outbox& out);
  // Gives the stream up, if the call has one: what is still open of it is reset and stopped.
  void leave(Call& call, bool peer_ended, StreamCode code, Outbox& out);
  // Releases the call and tells its end.
  void finish(Call& call, Status&& status, Metadata&& trailers, Outbox& out);
  void tell_finished(CallId call, Status&& status, Metadata&& trailers, Outbox& out);

  Shared& shared_;
  CallTable<Call> calls_;
  std::size_t queued_ = 0;             // calls that wait on some link
  std::map<LinkId, LinkCalls> links_;  // nodes keep their addresses
  Timers<CallId> parked_;              // calls without a link, by when to look for one
  Timers<LinkId> idle_;                // dialled links, by when to look whether they are of use
};

}  // namespace rpcnet::rpc
