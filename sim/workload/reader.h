// A client's sessions, one after another: each asks a director for a worker, reads a stream of
// tokens from it, and goes on with another worker, where it stopped, when that one is lost.
//
// What a reader of rpcnet's resumable streams does (io/resume.h), over the same rpc::Resume.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/command.h"
#include "engine/output.h"
#include "engine/rng.h"
#include "engine/rpc/resume.h"
#include "sim/plan.h"
#include "sim/program.h"
#include "sim/workload/caller.h"
#include "sim/workload/payload.h"

namespace rpcnet::sim {

class Reader {
 public:
  // `caller` outlives it.
  Reader(const Workload& workload, std::vector<Peer> directors, std::uint64_t client,
         Caller& caller)
      : workload_(workload), directors_(std::move(directors)), client_(client), caller_(caller) {}

  // The worker that the directors gave it last, and those that they gave before, the latest first.
  const std::vector<Peer>& known() const { return known_; }

  // Workers in `away` are not asked for.
  void begin_session(ProgramContext& context, const std::vector<NodeId>& away);
  void ask(ProgramContext& context, const std::vector<NodeId>& away);
  // Has the call kept it waiting for too long?
  void look_at(ProgramContext& context, CallId call);

  // Those of other calls change nothing.
  void on_headers(ProgramContext& context, const HeadersArrived& headers);
  void on_message(ProgramContext& context, const MessageArrived& message);
  void on_finished(ProgramContext& context, const CallFinished& finished);

 private:
  void open(ProgramContext& context);
  void on_assigned(ProgramContext& context, const Status& status);
  void end_attempt(ProgramContext& context, const Status& status, const Metadata& trailers);
  void give_up_attempt(ProgramContext& context, Status why);

  Workload workload_;
  std::vector<Peer> directors_;
  std::uint64_t client_;
  Caller& caller_;
  std::uint64_t sessions_ = 0;
  std::uint64_t director_ = 0;  // the one to ask next
  std::uint64_t asks_ = 0;
  std::vector<Peer> known_;

  // The session, if there is one.
  std::uint64_t session_ = 0;
  std::optional<rpc::Resume> stream_;
  Rng chance_{0};
  std::optional<CallId> assigning_;
  std::optional<AssignResponse> assigned_;
  std::optional<CallId> streaming_;
  std::optional<Status> useless_;  // why the attempt was given up
};

}  // namespace rpcnet::sim
