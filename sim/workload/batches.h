// Echoes that a worker answers together (rpc::Batcher), each with its own content.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "engine/output.h"
#include "engine/rpc/batcher.h"
#include "sim/plan.h"
#include "sim/program.h"

namespace rpcnet::sim {

class Batches {
 public:
  explicit Batches(const Workload& workload);

  // The call's request is here: it waits for its batch, or is turned away.
  void on_request(ProgramContext& context, CallId call, Bytes request, const Metadata& metadata);
  // The call was aborted; others are ignored.
  void on_gone(CallId call);
  // Begins the batches whose turn it is; to be called again when WorkDue::batch_due has come.
  void look(ProgramContext& context);
  // The work of a batch is done: WorkDue::batch_over, with its number.
  void on_worked(ProgramContext& context, std::uint64_t batch);

 private:
  struct Waiting {
    CallId call;
    Bytes request;
    Metadata metadata;
  };
  struct Running {
    Instant began;
    std::vector<rpc::Batcher::Item> items;
    std::vector<Bytes> answers;  // in the order of the items
  };

  rpc::Batcher batcher_;
  std::map<rpc::Batcher::Item, Waiting> calls_;  // that are not over
  std::map<CallId, rpc::Batcher::Item> items_;   // of the same
  std::map<std::uint64_t, Running> running_;     // by number
  std::uint64_t batches_ = 0;
};

}  // namespace rpcnet::sim
