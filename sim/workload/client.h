// The client of the cluster example in little: it reads streams of tokens (reader.h).
//
// Beside the streams it makes calls of the other kinds at a steady pace: unary ones, which are
// tried again when they fail, or made again beside the first attempt when they take long, and some
// of which wait for their worker to be reachable; sums of many messages; and talks both ways, with
// messages of all sizes, deadlines or none, taken late or at once, half-closed early or late, and
// some given up in the middle. All go to the worker that a director gave it last. Workers that fail
// it often, or lag, it leaves alone for a while.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "engine/cluster/outliers.h"
#include "engine/command.h"
#include "engine/rng.h"
#include "engine/rpc/hedge.h"
#include "engine/rpc/retry.h"
#include "sim/plan.h"
#include "sim/program.h"
#include "sim/workload/caller.h"
#include "sim/workload/reader.h"

namespace rpcnet::sim {

class Client final : public Program {
 public:
  // `number` makes its sessions unique in the run.
  Client(const Workload& workload, std::vector<Peer> directors, std::uint64_t number)
      : workload_(workload),
        number_(number),
        caller_(number),
        reader_(workload, std::move(directors), number, caller_) {}

  void start(ProgramContext& context) override;
  void on_event(ProgramContext& context, const Event& event) override;
  void on_timer(ProgramContext& context, std::uint64_t token) override;

 private:
  // A call that sends several messages.
  struct Talk {
    std::uint64_t number = 0;
    std::uint64_t count = 0;  // messages to send
    std::uint64_t sent = 0;
    std::uint64_t pace_ms = 0;
    bool close_apart = false;  // half-closes by itself and not with the last message
    bool closed = false;
    bool waiting = false;          // for CallWritable
    bool lazy = false;             // takes messages late, one at a time
    bool heard = false;            // the first message
    std::deque<std::size_t> owed;  // sizes of messages that were not taken yet
  };

  // A request, of which each attempt is a call.
  struct Unary {
    StartCall call;  // without its number and name
    rpc::Retry retry;
    Rng chance;
  };

  // A request whose attempts run side by side, at different workers as far as some are known.
  struct Hedged {
    StartCall call;  // without its number, peer and name
    rpc::Hedge hedge;
    std::vector<CallId> open;
    std::size_t begun = 0;
  };

  // A call to a worker has ended: is that worker to be left alone?
  // Begins a call whose end tells of its worker.
  bool begin_judged(ProgramContext& context, CallId id, StartCall&& call);
  void judge(ProgramContext& context, const CallFinished& finished);
  void begin_attempt(ProgramContext& context, std::uint64_t request);
  void look_at_hedge(ProgramContext& context, std::uint64_t request);
  void on_hedged_finished(ProgramContext& context, const CallFinished& finished);
  std::optional<CallId> try_unary(ProgramContext& context, Unary&& unary);
  void on_unary_finished(ProgramContext& context, const CallFinished& finished);
  void make_unary_call(ProgramContext& context);
  void begin_talk(ProgramContext& context);
  void go_on(ProgramContext& context, CallId call);
  void take(ProgramContext& context, CallId call);
  Bytes message_of(ProgramContext& context, std::uint64_t talk, std::uint64_t message) const;
  void give_up_later(ProgramContext& context, CallId call, std::uint64_t number,
                     std::uint64_t within_ms);
  void on_message(ProgramContext& context, const MessageArrived& message);
  void on_finished(ProgramContext& context, const CallFinished& finished);

  Workload workload_;
  std::uint64_t number_;
  Caller caller_;
  Reader reader_;
  std::uint64_t echoes_ = 0;
  std::uint64_t talked_ = 0;
  std::map<CallId, Talk> talks_;
  struct Asked {
    NodeId worker;
    Instant at;
  };
  std::map<CallId, Asked> asked_;  // unary calls that are open
  cluster::Outliers outliers_{OutlierConfig{.latency_factor = 3}};
  RetryConfig retries_;
  rpc::RetryBudget budget_{retries_};
  std::map<std::uint64_t, Hedged> hedged_;    // by the request's number
  std::map<CallId, std::uint64_t> attempts_;  // of those, to their requests
  std::map<CallId, Unary> unaries_;           // by the call of the present attempt
  std::map<CallId, Unary> failed_;            // by that of the last one; will be tried again
};

}  // namespace rpcnet::sim
