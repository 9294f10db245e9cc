// The worker of the cluster example in little, and more: it echoes, generates tokens at a steady
// pace, sums up what it is sent, and talks back. Some calls it answers late, some with a failure,
// some in batches, and unary ones not more at once than it may.
#pragma once

#include <deque>
#include <functional>
#include <map>

#include "engine/rpc/admission.h"
#include "sim/plan.h"
#include "sim/program.h"
#include "sim/workload/batches.h"
#include "sim/workload/payload.h"

namespace rpcnet::sim {

class Worker final : public Program {
 public:
  explicit Worker(const Workload& workload);

  // As ProgramContext::draw.
  using Draw = std::function<std::uint64_t(std::uint64_t, std::uint64_t, std::uint64_t)>;
  // What a worker says of itself when it begins.
  static Tags first_tags(const Draw& draw);

  void start(ProgramContext& context) override;
  void on_event(ProgramContext& context, const Event& event) override;
  void on_timer(ProgramContext& context, std::uint64_t token) override;

 private:
  enum class Method : std::uint8_t { echo, together, generate, collect, chat };
  struct Serving {
    Method method{};
    Metadata metadata;
    bool lazy = false;  // takes messages late, one at a time
    bool fails = false;
    bool half_closed = false;
    std::optional<GenerateRequest> request;
    bool admitted = true;         // echo: its turn has come
    std::optional<Bytes> answer;  // echo
    bool thought = false;         // and it may go
    std::deque<Bytes> replies;    // chat, not sent yet
    std::uint64_t messages = 0;   // that came
    std::uint64_t bytes = 0;
    std::deque<std::size_t> owed;  // sizes of messages that were not taken yet
  };
  using Position = std::map<CallId, Serving>::iterator;

  void begin(ProgramContext& context, const CallArrived& arrived);
  static void turn_away(ProgramContext& context, CallId call, Metadata trailers);
  void think(ProgramContext& context, Position call);
  void on_over(ProgramContext& context, CallId call);
  void on_message(ProgramContext& context, const MessageArrived& message);
  void begin_session(ProgramContext& context, Position call);
  void generate(ProgramContext& context, Position call);
  void go_on(ProgramContext& context, Position call);
  void take(ProgramContext& context, Position call);
  void finish(ProgramContext& context, Position call, std::optional<Bytes> message);
  void retag(ProgramContext& context);

  Workload workload_;
  std::map<CallId, Serving> calls_;
  std::optional<rpc::Admission> admission_;  // of echoes
  Batches batches_;
  std::uint64_t retags_ = 0;
};

}  // namespace rpcnet::sim
