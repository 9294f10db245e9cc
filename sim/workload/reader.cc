// Sessions: who is asked, what is read, and how it goes on.
#include "sim/workload/reader.h"

#include <chrono>
#include <string>
#include <utility>

#include "sim/workload/due.h"

namespace rpcnet::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

enum Purpose : std::uint64_t { kDrawShard = 4, kDrawRegistry = 5 };

// It asks until it has all: how a run ends is for the oracles to judge.
constexpr ResumeConfig kResuming{.attempts_max = 0};

}  // namespace

void Reader::begin_session(ProgramContext& context, const std::vector<NodeId>& away) {
  if (stream_ || !context.active()) return;
  session_ = combine(client_, sessions_++) >> 2;
  stream_.emplace(kResuming, 1);
  chance_ = Rng(session_);
  ask(context, away);
}

void Reader::ask(ProgramContext& context, const std::vector<NodeId>& away) {
  if (!stream_ || assigning_ || streaming_) return;
  const Peer& director = directors_[director_ % directors_.size()];
  assigning_ = caller_.next();
  assigned_.reset();
  const std::uint64_t number = asks_++;
  AssignRequest request{stream_->lost(context.now())};
  request.excluded.insert(request.excluded.end(), away.begin(), away.end());
  // The random one as often as all others: chance is judged by numbers.
  const std::uint64_t registry = context.draw(kDrawRegistry, number, 2 * kRegistries);
  request.registry =
      registry < kRegistries ? 1 + static_cast<std::uint32_t>(registry) : kRandomRegistry;
  request.key = session_ % kKeys;
  // Tags change: who wanted a shard and got nobody takes anybody the next time.
  const std::uint64_t shard = context.draw(kDrawShard, number, kShards * 4);
  if (shard < kShards) request.shard = std::to_string(shard);
  StartCall call{.call = *assigning_, .peer = director, .method = kAssign};
  call.deadline = context.now() + seconds(2);
  call.message = serialize(request);
  call.last = true;
  if (caller_.start(context, std::move(call)) == Outcome::done) return;
  assigning_.reset();
  context.wake(seconds(1), token_of(Due::ask));
}

void Reader::on_assigned(ProgramContext& context, const Status& status) {
  assigning_.reset();
  if (!status.ok() || !assigned_) {
    ++director_;
    context.wake(milliseconds(200), token_of(Due::ask));
    return;
  }
  const Peer worker{assigned_->address, assigned_->worker};
  std::erase_if(known_, [&](const Peer& one) { return one.expected == worker.expected; });
  known_.insert(known_.begin(), worker);
  if (known_.size() > kKnownMax) known_.pop_back();
  open(context);
}

void Reader::open(ProgramContext& context) {
  streaming_ = caller_.next();
  useless_.reset();
  stream_->on_begun();
  StartCall call{.call = *streaming_, .peer = known_.front(), .method = kGenerate};
  call.metadata = {{std::string(rpc::kResumeFrom), std::to_string(stream_->next())}};
  call.message = serialize(
      GenerateRequest{session_, stream_->next() - 1, static_cast<std::uint64_t>(workload_.tokens)});
  call.last = true;
  if (caller_.start(context, std::move(call)) != Outcome::done) {
    return end_attempt(context, {StatusCode::resource_exhausted, "as many calls as may be", {}},
                       {});
  }
  if (const auto patience = stream_->patience()) {
    context.wake(*patience, token_of(Due::patience, *streaming_));
  }
}

void Reader::look_at(ProgramContext& context, CallId call) {
  if (streaming_ == call && !stream_->opened() && !useless_) {
    give_up_attempt(context, stream_->too_slow());
  }
}

void Reader::give_up_attempt(ProgramContext& context, Status why) {
  useless_ = std::move(why);
  context.command(CancelCall{*streaming_});
}

void Reader::on_headers(ProgramContext& context, const HeadersArrived& headers) {
  if (streaming_ != headers.call || useless_) return;
  if (auto wrong = stream_->on_opened(headers.metadata)) {
    give_up_attempt(context, *std::move(wrong));
  }
}

void Reader::on_message(ProgramContext&, const MessageArrived& message) {
  if (assigning_ == message.call) assigned_ = parse_assign_response(message.message);
  if (streaming_ == message.call && !useless_) stream_->on_item();
}

void Reader::on_finished(ProgramContext& context, const CallFinished& finished) {
  if (assigning_ == finished.call) return on_assigned(context, finished.status);
  if (streaming_ != finished.call) return;
  end_attempt(context, useless_.value_or(finished.status), finished.trailers);
}

void Reader::end_attempt(ProgramContext& context, const Status& status, const Metadata& trailers) {
  streaming_.reset();
  const Instant now = context.now();
  if (!stream_->on_ended(now, status, trailers, known_.front().expected, chance_)) {
    context.wake(stream_->begin_at() - now, token_of(Due::ask));
    return;
  }
  stream_.reset();
  context.wake(milliseconds(workload_.session_gap_ms), token_of(Due::session));
}

}  // namespace rpcnet::sim
