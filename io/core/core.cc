// Commands out, events in.
#include "io/core/core.h"

#include <spdlog/spdlog.h>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/cluster/registry.h"
#include "engine/rpc/retry.h"
#include "engine/rpc/words.h"
#include "io/core/compression.h"
#include "io/core/io_threads.h"
#include "io/core/link_log.h"
#include "io/core/recycled.h"
#include "io/core/snapshot_file.h"

namespace rpcnet::core {

Status host_stopped() { return error(StatusCode::cancelled, "the host has stopped"); }

namespace {

// Three probe timeouts of a path within one site.
constexpr Duration kLinger = std::chrono::milliseconds(100);

constexpr std::uint64_t kRetryFork = 0x7265747279;  // "retry"

}  // namespace

Core::Core(asio::io_context& context, Setup setup, IoThreads* threads)
    : context_(context),
      runner_(Runner::of(context)),
      threads_(threads),
      settings_(std::move(setup.settings)),
      retry_rng_(Rng(setup.node.seed).fork(kRetryFork)),
      handlers_(context, runner_),
      driver_(context, std::move(setup.socket), std::move(setup.node), std::move(setup.endpoint),
              std::move(setup.credentials), setup.recording, settings_.spin, *this, threads),
      joined_(runner_),
      leave_over_(runner_),
      pass_over_(runner_) {
  if (settings_.admission.running_max > 0) admission_.emplace(settings_.admission);
}

Core::~Core() { stop(); }

void Core::start(std::unique_ptr<IoThreads> threads) {
  owned_threads_ = std::move(threads);
  driver_.start(weak_from_this());
  if (owned_threads_) {
    // With the context: until it runs, handlers can be served before the first call comes.
    owned_threads_->on_first([](Core& self) { self.owned_threads_->launch(); });
  }
  if (settings_.snapshot.file.empty() || !node().config().member) return;
  read_snapshot();
  asio::co_spawn(context_, keep_writing(weak_from_this()),
                 asio::bind_cancellation_slot(stop_writing_.slot(), asio::detached));
}

void Core::stop() {
  if (driver_.stopped()) return;
  if (owned_threads_) owned_threads_->stop();
  write_snapshot();
  stop_writing_.emit(asio::cancellation_type::terminal);
  // After a drain nothing new was begun: who waits for an answer learns that.
  driver_.stop(drained_ && node().serving() == 0 ? CloseCode::drained : CloseCode::shutdown);
  for (const auto& call : outgoing_.take_all()) end(call, host_stopped(), {});
  for (const auto& call : incoming_.take_all()) abort(call);
  for (const auto& subscriber : subscribers_) {
    if (const auto queue = subscriber.lock()) queue->close();
  }
  subscribers_.clear();
  handlers_.stop();
  methods_.clear();
  drain_begun_.clear();
  joined_.notify();
  leave_over_.notify();
  pass_over_.notify();
  stop_resolving_.emit(asio::cancellation_type::terminal);
}

// -------------------------------------------------------------------------------- several threads

const std::shared_ptr<Core>& Core::here(const std::shared_ptr<Core>& first) {
  if (!first || first->threads_ == nullptr) return first;
  const auto* core = first->threads_->here();
  return core != nullptr && *core ? *core : first;
}

void Core::on_each(const std::function<void(Core&)>& f) {
  f(*this);
  if (threads_ != nullptr && !stopped()) threads_->on_others(f);
}

void Core::take(std::vector<HandedOver> handed) { driver_.take(std::move(handed)); }

// ------------------------------------------------------------------------------------------------

Outcome Core::command(Command&& command) {
  if (stopped()) return Outcome::already_left;
  return driver_.command(std::move(command));
}

std::string Core::in_words(Outcome outcome, std::size_t size) const {
  const RpcConfig& rpc = node().config().rpc;
  switch (outcome) {
    case Outcome::too_many_calls:
      return "calls_max of " + std::to_string(rpc.calls_max) + " is reached on this side";
    case Outcome::message_too_large:
      return "message of " + std::to_string(size) + " bytes is over message_max of " +
             std::to_string(rpc.message_max);
    case Outcome::metadata_too_large:
      return "metadata is over metadata_max of " + std::to_string(rpc.metadata_max) + " bytes";
    case Outcome::bad_metadata: return "metadata keys must be of [a-z0-9._-] and not empty";
    case Outcome::bad_method: return "a method's name must be of 1 to 255 bytes";
    default: return to_text(outcome);
  }
}

// ---------------------------------------------------------------------------------------- calling

namespace {

StatusCode code_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::too_many_calls:
    case Outcome::message_too_large:
    case Outcome::metadata_too_large: return StatusCode::resource_exhausted;
    case Outcome::bad_metadata:
    case Outcome::bad_method: return StatusCode::invalid_argument;
    default: return StatusCode::internal;
  }
}

// A parent's trace goes on in the calls that are made for its sake, unless the caller said
// otherwise (W3C Trace Context: both headers travel together).
void pass_trace_on(const Metadata& from, Metadata& to) {
  const auto is_trace = [](const auto& pair) {
    return pair.first == "traceparent" || pair.first == "tracestate";
  };
  if (std::any_of(to.begin(), to.end(), is_trace)) return;
  std::copy_if(from.begin(), from.end(), std::back_inserter(to), is_trace);
}

// The children that are over are forgotten each time that they may have become twice as many.
void adopt(IncomingCall& parent, const std::shared_ptr<OutgoingCall>& child) {
  auto& children = parent.children;
  if (children.size() == children.capacity()) {
    std::erase_if(children, [](const auto& other) {
      const auto known = other.lock();
      return !known || known->end;
    });
  }
  children.push_back(child);
}

}  // namespace

Terms Core::terms(const CallOptions& options) const {
  Terms terms;
  terms.metadata = options.metadata.copy();
  terms.wait_for_ready = options.wait_for_ready;
  terms.response = options.response;
  terms.key = options.key;
  if (const auto timeout = options.timeout.or_usual(settings_.call_timeout)) {
    terms.deadline = after(*timeout);
  }
  if (options.parent != nullptr) {
    terms.parent = options.parent->state();
  } else if (!options.detached && context_.get_executor().running_in_this_thread()) {
    terms.parent = runner_.current();
  }
  if (!terms.parent) return terms;
  if (const auto inherited = terms.parent->arrived.deadline) {
    terms.deadline = terms.deadline ? std::min(*terms.deadline, *inherited) : *inherited;
  }
  pass_trace_on(terms.parent->arrived.metadata, terms.metadata);
  return terms;
}

std::shared_ptr<OutgoingCall> Core::open(Peer&& peer, std::string&& method, Terms&& terms,
                                         std::optional<Bytes>&& message, Kind kind) {
  auto call = std::allocate_shared<OutgoingCall>(Recycled<OutgoingCall>(), runner_);
  call->kind = kind;
  call->half_closed = message.has_value();
  begin(call, std::move(peer), std::move(method), std::move(terms), std::move(message));
  return call;
}

void Core::begin(const std::shared_ptr<OutgoingCall>& call, Peer&& peer, std::string&& method,
                 Terms&& terms, std::optional<Bytes>&& message) {
  call->preparing = false;
  if (stopped()) return end(call, host_stopped(), {});
  if (terms.parent) {
    if (terms.parent->cancelled) {
      return end(call, error(StatusCode::cancelled, "the call that this one was made for is over"),
                 {});
    }
    adopt(*terms.parent, call);
  }
  call->id = CallId{next_call_};
  next_call_ += 2;
  const std::size_t size = message ? message->size() : 0;
  if (settings_.compression.min_bytes > 0) compress(*call, terms.metadata, message);
  const Outcome outcome = driver_.command(StartCall{.call = call->id,
                                                    .peer = std::move(peer),
                                                    .method = std::move(method),
                                                    .deadline = terms.deadline,
                                                    .metadata = std::move(terms.metadata),
                                                    .message = std::move(message),
                                                    .last = call->half_closed,
                                                    .wait_for_ready = terms.wait_for_ready});
  if (outcome != Outcome::done) {
    return end(call, error(code_of(outcome), in_words(outcome, size)), {});
  }
  call->core = this;
  outgoing_.add(call->id, call);
  call->writable.notify();
}

// What is too large stays as it is, and is refused so.
void Core::compress(OutgoingCall& call, Metadata& metadata, std::optional<Bytes>& message) const {
  metadata.emplace_back(kAcceptEncoding, kDeflate);
  if (message) {
    if (message->size() < settings_.compression.min_bytes || message->size() > message_max())
      return;
    auto packed = pack_if_smaller(*message);
    if (!packed) return;
    message = std::move(packed);
  } else {
    call.packs = true;
  }
  metadata.emplace_back(kEncoding, kDeflate);
}

void half_close(OutgoingCall& call) {
  if (std::exchange(call.half_closed, true)) return;
  if (call.core != nullptr) call.core->command(HalfClose{call.id});
}

void give_up(OutgoingCall& call, std::optional<Status> why) {
  if (call.end) {
    // It went well, but what is read of it now did not arrive well.
    if (why && call.end->ok()) call.end = std::move(why);
    return;
  }
  if (why && !call.fault) call.fault = std::move(why);
  if (call.core != nullptr) {
    call.core->command(CancelCall{call.id});
  } else if (call.conducted) {
    call.conductor.emit(asio::cancellation_type::terminal);
  }
}

void give_up(const std::shared_ptr<OutgoingCall>& call, Status why) {
  give_up(*call, std::optional<Status>(std::move(why)));
}

void give_up(const std::shared_ptr<IncomingCall>& call, Status why) {
  if (!call->fault) call->fault = std::move(why);
}

void conclude(OutgoingCall& call, Status&& status) {
  call.preparing = false;
  call.end = std::move(call.fault ? *call.fault : status);
  call.fault.reset();
  call.inbox.complete = true;
  call.readable.notify();
  call.writable.notify();
  call.over.notify();
  if (call.news) call.news->notify();
}

Outcome Core::send(OutgoingCall& call, Bytes message) {
  const std::size_t size = message.size();
  if (call.packs && size <= message_max()) {
    message = pack(std::move(message), settings_.compression.min_bytes);
  }
  const Outcome outcome = command(SendMessage{call.id, std::move(message)});
  if (outcome != Outcome::done && outcome != Outcome::not_writable &&
      outcome != Outcome::unknown_call && outcome != Outcome::already_half_closed) {
    give_up(call, error(code_of(outcome), "request " + in_words(outcome, size)));
  }
  return outcome;
}

void Core::consumed(CallId call, const Inbox& inbox, std::size_t bytes) {
  if (inbox.taken <= 1) return;  // the first message needs no credit
  command(ConsumeMessages{call, bytes, 1});
}

void Core::end(const std::shared_ptr<OutgoingCall>& call, Status&& status, Metadata&& trailers) {
  call->core = nullptr;
  call->preparing = false;
  call->trailers = std::move(trailers);
  if (!call->conducted) return conclude(*call, std::move(status));
  // Whether anything further will come is for the conductor to say: it may begin elsewhere.
  call->outcome = std::move(status);
  call->writable.notify();
  call->over.notify();
}

void Core::on(MessageArrived&& event) {
  if (!event.call.outgoing()) {
    IncomingCall* call = incoming_.find(event.call);
    if (call == nullptr) return;
    call->inbox.push(std::move(event.message));
    call->readable.notify();
    return;
  }
  OutgoingCall* call = outgoing_.find(event.call);
  if (call == nullptr) return;
  if (call->kind == Kind::unary && !call->inbox.empty()) {
    give_up(*call, error(StatusCode::internal,
                         "the answer has more than one message: is the "
                         "method a stream?"));
    return;
  }
  call->inbox.push(std::move(event.message));
  call->readable.notify();
}

void Core::on(HeadersArrived&& event) {
  OutgoingCall* call = outgoing_.find(event.call);
  if (call == nullptr) return;
  call->headers = std::move(event.metadata);
  if (const auto* encoding = rpc::find_metadata(call->headers, kEncoding)) {
    if (*encoding != kDeflate) {
      return give_up(
          *call, error(StatusCode::internal, "the answer is encoded as \"" + printable(*encoding) +
                                                 "\", which nobody asked for"));
    }
    call->unpack_max = message_max();
  }
  call->readable.notify();
}

void Core::on(CallFinished&& event) {
  const auto call = outgoing_.take(event.call);
  if (!call) return;
  end(call, std::move(event.status), std::move(event.trailers));
}

void Core::on(CallWritable&& event) {
  if (OutgoingCall* call = outgoing_.find(event.call)) call->writable.notify();
  if (IncomingCall* call = incoming_.find(event.call)) call->writable.notify();
}

// ---------------------------------------------------------------------------------------- serving

void Core::serve(std::string method, Served served) {
  if (stopped()) return;
  methods_.insert_or_assign(std::move(method), std::make_shared<const Served>(std::move(served)));
}

void Core::intercept(ServerInterceptor interceptor) {
  auto changed = std::make_shared<Surroundings>(*surroundings_);
  changed->interceptors.push_back(std::move(interceptor));
  surroundings_ = std::move(changed);
}

void Core::authorize(std::string pattern, Authorizer authorizer) {
  auto changed = std::make_shared<Surroundings>(*surroundings_);
  changed->authorizers.insert_or_assign(std::move(pattern), std::move(authorizer));
  surroundings_ = std::move(changed);
}

void Core::on(CallArrived&& event) {
  const auto found = methods_.find(event.method);
  if (found == methods_.end()) {
    ++unknown_methods_;
    Status status = error(StatusCode::unimplemented,
                          "no method \"" + printable(event.method) + "\" is served here");
    driver_.command(FinishCall{event.call, std::nullopt, std::move(status), {}});
    return;
  }
  const auto* encoding = rpc::find_metadata(event.metadata, kEncoding);
  if (encoding != nullptr && *encoding != kDeflate) {
    Status status =
        error(StatusCode::unimplemented, "messages are encoded as \"" + printable(*encoding) +
                                             "\"; deflate is what is understood here");
    driver_.command(FinishCall{event.call, std::nullopt, std::move(status), {}});
    return;
  }
  const bool compressed = encoding != nullptr;
  const CallId id = event.call;
  auto verdict = rpc::Admission::Verdict::run;
  if (admission_) verdict = admission_->on_arrival(now(), id, event.deadline);
  if (verdict == rpc::Admission::Verdict::full) {
    return turn_away(id, "queue_max of " + std::to_string(settings_.admission.queue_max) +
                             " calls wait for one of running_max to end");
  }
  if (verdict == rpc::Admission::Verdict::hopeless) {
    return turn_away(id, "its deadline would pass while it waits for one of running_max to end");
  }
  auto call =
      std::allocate_shared<IncomingCall>(Recycled<IncomingCall>(), runner_, std::move(event));
  call->core = this;
  if (compressed) call->unpack_max = message_max();
  if (settings_.compression.min_bytes > 0) {
    const auto* accepted = rpc::find_metadata(call->arrived.metadata, kAcceptEncoding);
    call->packs = accepted != nullptr && accepts_deflate(*accepted);
  }
  call->served = found->second;
  call->around = surroundings_;
  incoming_.add(id, call);
  if (verdict == rpc::Admission::Verdict::run) run(call);
}

void Core::run(const std::shared_ptr<IncomingCall>& call) {
  call->started = true;
  handlers_.run(call);
}

void Core::turn_away(CallId id, std::string words) {
  ++turned_away_;
  Status status = error(StatusCode::resource_exhausted, std::move(words));
  driver_.command(FinishCall{id, std::nullopt, std::move(status), rpc::not_started()});
}

void Core::on_over(CallId id) {
  if (!admission_) return;
  admission_->on_over(now(), id);
  while (const auto turn = admission_->next(now())) {
    if (!turn->too_late) {
      if (const auto call = incoming_.share(turn->call)) run(call);
      continue;
    }
    if (const auto call = incoming_.take(turn->call)) call->core = nullptr;
    turn_away(turn->call, "too little of its time was left when its turn came");
  }
}

void Core::on(CallerHalfClosed&& event) {
  IncomingCall* call = incoming_.find(event.call);
  if (call == nullptr) return;
  call->inbox.complete = true;
  call->readable.notify();
}

void Core::on(CallAborted&& event) {
  if (auto call = incoming_.take(event.call)) abort(std::move(call));
}

void Core::abort(std::shared_ptr<IncomingCall> call) {
  call->core = nullptr;
  call->cancelled = true;
  call->inbox.complete = true;
  call->inbox.clear();
  call->readable.notify();
  call->writable.notify();
  runner_.later([call] {
    if (call->cancel != nullptr) call->cancel->emit(asio::cancellation_type::terminal);
    for (const auto& child : std::exchange(call->children, {})) {
      if (const auto made = child.lock()) give_up(*made, std::nullopt);
    }
  });
  if (!stopped()) on_over(call->arrived.call);
}

Outcome Core::send(IncomingCall& call, Bytes message) {
  const std::size_t size = message.size();
  if (call.packs && size <= message_max()) {
    tell_packing(call);
    message = pack(std::move(message), settings_.compression.min_bytes);
  }
  const Outcome outcome = command(SendMessage{call.arrived.call, std::move(message)});
  if (outcome == Outcome::message_too_large) {
    call.fault = error(code_of(outcome), "response " + in_words(outcome, size));
  }
  return outcome;
}

Outcome Core::send_headers(IncomingCall& call, Metadata metadata) {
  if (call.packs) metadata.emplace_back(kEncoding, kDeflate);
  const Outcome outcome = command(SendHeaders{call.arrived.call, std::move(metadata)});
  if (call.packs && outcome == Outcome::done) call.tells_packing = true;
  return outcome;
}

void Core::tell_packing(IncomingCall& call) {
  if (!call.tells_packing) send_headers(call, {});
}

// The only answer of a call is compressed if that is worth the headers that say so.
std::optional<Bytes> Core::packed_answer(IncomingCall& call, std::optional<Bytes> message) {
  const std::size_t least = settings_.compression.min_bytes;
  if (!message || message->size() > message_max()) return message;
  if (call.tells_packing) return pack(std::move(*message), least);
  if (message->size() < least) return message;
  auto packed = pack_if_smaller(*message);
  if (!packed) return message;
  tell_packing(call);
  return packed;
}

void Core::on_failure(const std::string& method, const char* what) {
  ++handlers_failed_;
  log_handler_failure(limiter_, now(), method, what);
}

void Core::finish(IncomingCall& call, Status&& status, std::optional<Bytes>&& message) {
  if (status.ok() && call.fault) {
    status = *call.fault;
    message.reset();
  }
  const CallId id = call.arrived.call;
  const std::size_t size = message ? message->size() : 0;
  if (call.packs) message = packed_answer(call, std::move(message));
  Outcome outcome = command(
      FinishCall{id, std::move(message), std::move(status), std::exchange(call.trailers, {})});
  if (outcome != Outcome::done && outcome != Outcome::unknown_call) {
    // Refused as it is: the caller still gets an end, and learns why.
    outcome = command(FinishCall{
        id, std::nullopt, error(code_of(outcome), "response " + in_words(outcome, size)), {}});
  }
  call.core = nullptr;
  call.cancelled = outcome != Outcome::done;
  incoming_.take(id);
  on_over(id);
}

bool Core::is_answered() {
  // An answer that is given and still an order of the engine would be in no count.
  driver_.settle();
  return node().serving() == 0 && incoming_.empty();
}

asio::awaitable<bool> Core::wait_passes(Instant until, std::function<bool()> done) {
  while (!stopped() && !done()) {
    if (now() >= until) co_return false;
    co_await pass_over_.wait();
  }
  co_return !stopped();
}

void Core::on_drain(std::function<void()> begun) {
  if (stopped()) return;
  if (draining_) return begun();
  drain_begun_.push_back(std::move(begun));
}

std::vector<std::string> Core::methods() const {
  std::vector<std::string> names;
  for (const auto& [name, served] : methods_) names.push_back(name);
  return names;
}

asio::awaitable<bool> Core::drain(std::shared_ptr<Core> self, Duration grace) {
  struct Others {
    explicit Others(Runner& runner) : over(runner) {}
    std::size_t open = 0;
    bool whole = true;
    Wakeup over;
  };
  const auto others = std::make_shared<Others>(self->runner_);
  if (self->threads_ != nullptr && !self->stopped()) {
    others->open = self->threads_->count() - 1;
    self->threads_->on_others([others, grace](Core& core) {
      const auto over = [others, &threads = *core.threads_](const std::exception_ptr& thrown,
                                                            bool whole) {
        threads.on_first([others, whole = whole && !thrown](Core&) {
          others->whole = others->whole && whole;
          --others->open;
          others->over.notify();
        });
      };
      asio::co_spawn(core.context_, drain_here(core.shared_from_this(), grace), over);
    });
  }
  auto draining = drain_here(self, grace);
  const bool whole = co_await std::move(draining);
  while (others->open > 0 && !self->stopped()) co_await others->over.wait();
  co_return whole && others->whole;
}

asio::awaitable<bool> Core::drain_here(std::shared_ptr<Core> self, Duration grace) {
  if (self->stopped()) co_return true;
  self->draining_ = true;
  for (const auto& begun : std::exchange(self->drain_begun_, {})) begun();
  // Announced to those who choose by membership; others learn it from being turned away.
  self->command(ChangeTags{{{std::string(cluster::kDrainingTag), "yes"}}});
  self->command(StopAccepting{});
  const Instant until = self->after(grace);
  asio::steady_timer timer(self->context_, until - self->now());
  timer.async_wait([weak = std::weak_ptr<Core>(self)](std::error_code) {
    if (const auto core = weak.lock()) core->pass_over_.notify();
  });
  const auto answered = [core = self.get()] { return core->is_answered(); };
  auto answering = self->wait_passes(until, answered);
  if (!co_await std::move(answering)) co_return false;
  // Answers count until they are acknowledged: closing a link drops what is on its way. Those that
  // newcomers get from here on do not: as long as some come, some would always be on their way.
  const auto acknowledged = [&endpoint = self->driver_.endpoint(),
                             left = self->driver_.endpoint().unacknowledged_answers()]() mutable {
    std::erase_if(left, [&](const auto& one) { return !endpoint.is_unacknowledged(one); });
    return left.empty();
  };
  auto acknowledging = self->wait_passes(until, acknowledged);
  if (!co_await std::move(acknowledging)) co_return false;
  // Callers learn that what they sent meanwhile was not begun; those whose packets cross that, or
  // who did not receive it, are told again while we linger.
  self->command(CloseDrained{});
  self->drained_ = true;
  timer.expires_after(std::min(kLinger, grace));
  asio::error_code cut;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cut));
  co_return true;
}

// --------------------------------------------------------------------------------------- snapshot

void Core::read_snapshot() {
  const NodeConfig& config = node().config();
  auto read = core::read_snapshot(settings_.snapshot.file, {config.cluster, config.id});
  if (read.ok()) {
    former_ = std::move(*read);
  } else if (read.code() == StatusCode::not_found) {
    spdlog::info("snapshot: {}; this is a first start", read.status().message);
  } else {
    spdlog::warn("snapshot: {}; starting without it", read.status().message);
  }
}

void Core::write_snapshot() {
  if (settings_.snapshot.file.empty() || !node().config().member) return;
  const Snapshot snapshot = node().snapshot();
  // Alone: what the former life knew may still be of use to the next.
  if (snapshot.members.empty()) return;
  const NodeConfig& config = node().config();
  std::string text = snapshot_text({config.cluster, config.id}, snapshot);
  if (text == snapshot_) return;
  const Status written = core::write_snapshot(settings_.snapshot.file, text);
  std::uint64_t left_out = 0;
  if (written.ok()) {
    snapshot_ = std::move(text);
  } else if (limiter_.allow(now(), "snapshot", left_out)) {
    spdlog::warn("snapshot: {}", written.message);
  }
}

asio::awaitable<void> Core::keep_writing(std::weak_ptr<Core> weak) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    Duration interval{};
    if (const auto core = weak.lock()) interval = core->settings_.snapshot.interval;
    timer.expires_after(std::max<Duration>(interval, std::chrono::milliseconds(100)));
    co_await timer.async_wait(asio::use_awaitable);
    const auto core = weak.lock();
    if (!core || core->stopped()) co_return;
    core->write_snapshot();
  }
}

// ---------------------------------------------------------------------------------------- cluster

asio::awaitable<Status> Core::join(std::shared_ptr<Core> self, std::vector<std::string> seeds) {
  if (self->stopped()) co_return host_stopped();
  const std::uint64_t join = ++self->joins_;
  self->join_refused_.reset();
  self->stop_resolving_.emit(asio::cancellation_type::terminal);

  std::vector<Address> known;
  std::vector<std::string> unresolved;
  Status unknown;
  bool hopeless = true;
  for (const std::string& seed : seeds) {
    auto asking = resolve(seed, self->families());
    Result<std::vector<Address>> found = co_await std::move(asking);
    if (self->stopped()) co_return host_stopped();
    if (found.code() == StatusCode::invalid_argument) co_return found.status();
    if (found.ok()) {
      hopeless = false;
      for (const Address& address : *found) {
        if (address != self->node().config().advertise) known.push_back(address);
      }
    } else {
      unknown = found.status();
      hopeless = hopeless && unknown.code == StatusCode::not_found;
      spdlog::warn("seed {}; trying again", unknown.message);
      unresolved.push_back(seed);
    }
  }
  if (join != self->joins_) co_return error(StatusCode::cancelled, "another join took over");
  if (!unresolved.empty() && hopeless && !self->former_) co_return unknown;

  const std::uint64_t joined = self->joined_count_;
  if (!known.empty() || unresolved.empty() || self->former_) {
    Join command{known, std::exchange(self->former_, std::nullopt)};
    const Outcome outcome = self->command(std::move(command));
    if (outcome != Outcome::done) {
      co_return error(StatusCode::failed_precondition,
                      std::string("cannot join: ") + to_text(outcome));
    }
  }
  if (!unresolved.empty()) {
    asio::co_spawn(self->context_, keep_resolving(self, join, unresolved, known),
                   asio::bind_cancellation_slot(self->stop_resolving_.slot(), asio::detached));
  } else if (known.empty()) {
    co_return Status{};
  }
  while (!self->stopped() && join == self->joins_ && joined == self->joined_count_ &&
         !(unresolved.empty() && self->join_refused_)) {
    co_await self->joined_.wait();
  }
  if (self->stopped()) co_return host_stopped();
  if (join != self->joins_ && joined == self->joined_count_) {
    co_return error(StatusCode::cancelled, "another join took over");
  }
  if (joined == self->joined_count_) {
    co_return error(StatusCode::unauthenticated, "every seed refuses: " + *self->join_refused_);
  }
  co_return Status{};
}

asio::awaitable<void> Core::keep_resolving(std::weak_ptr<Core> weak, std::uint64_t join,
                                           std::vector<std::string> names,
                                           std::vector<Address> known) {
  Duration pause = std::chrono::seconds(1);
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (!names.empty()) {
    timer.expires_after(pause);
    co_await timer.async_wait(asio::use_awaitable);
    pause = std::min<Duration>(pause * 2, std::chrono::seconds(30));
    std::vector<std::string> still;
    bool more = false;
    for (const std::string& name : names) {
      Families families;
      if (const auto core = weak.lock()) families = core->families();
      auto asking = resolve(name, families);
      Result<std::vector<Address>> found = co_await std::move(asking);
      if (found.ok()) {
        known.insert(known.end(), found->begin(), found->end());
        more = true;
      } else {
        still.push_back(name);
      }
    }
    names = std::move(still);
    const auto core = weak.lock();
    if (!core || core->stopped() || core->joins_ != join) co_return;
    if (more) core->command(Join{known});
  }
}

asio::awaitable<Status> Core::leave(std::shared_ptr<Core> self) {
  if (self->stopped()) co_return host_stopped();
  const Outcome outcome = self->command(Leave{});
  if (outcome != Outcome::done && outcome != Outcome::already_left) {
    co_return error(StatusCode::failed_precondition,
                    std::string("cannot leave: ") + to_text(outcome));
  }
  while (!self->stopped() && !self->left_) co_await self->leave_over_.wait();
  if (!self->left_) co_return host_stopped();
  if (self->left_->acknowledged) co_return Status{};
  co_return error(StatusCode::unavailable,
                  "nobody confirmed the farewell in time; the others will notice by themselves");
}

std::shared_ptr<EventQueue> Core::subscribe() {
  auto queue = std::make_shared<EventQueue>(runner_, settings_.event_queue_max);
  if (stopped()) {
    queue->close();
  } else {
    subscribers_.push_back(queue);
  }
  return queue;
}

Result<std::optional<Member>> Core::select(std::uint32_t registry, TagFilter filter,
                                           std::vector<NodeId> excluded, std::string key) {
  if (stopped()) return host_stopped();
  selected_.reset();
  const Outcome outcome = driver_.command(SelectWorker{
      registry, ++next_selection_, std::move(filter), std::move(excluded), std::move(key)});
  if (outcome != Outcome::done) {
    return error(StatusCode::failed_precondition,
                 std::string("cannot select a worker: ") + to_text(outcome));
  }
  driver_.settle();  // WorkerSelected follows at once
  if (no_quorum_) {
    const auto partition = node().partition();
    return error(StatusCode::unavailable,
                 "no workers are chosen on this side of a partition (keep_majority): " +
                     (partition ? to_text(*partition) : std::string("it has no quorum")));
  }
  return std::exchange(selected_, std::nullopt);
}

void Core::on(MemberEvent&& event) { tell(event); }
void Core::on(MembersCut&& event) { tell(event); }

void Core::on(PartitionDetected&& event) {
  spdlog::warn("partition: {}", to_text(event));
  tell(event);
}

void Core::on(PartitionHealed&& event) {
  spdlog::warn("the partition is over: {} of {} members are within reach", event.reachable,
               event.known);
  tell(event);
}

void Core::tell(const ClusterEvent& event) {
  std::erase_if(subscribers_, [](const auto& subscriber) { return subscriber.expired(); });
  for (const auto& subscriber : subscribers_) {
    const auto queue = subscriber.lock();
    if (queue) events_coalesced_ += queue->push(event);
  }
}

void Core::on(Joined&&) {
  ++joined_count_;
  joined_.notify();
}

void Core::on(JoinRefused&& event) {
  join_refused_ = printable(event.detail);
  joined_.notify();
}

void Core::on(LeaveCompleted&& event) {
  left_ = event;
  leave_over_.notify();
}

void Core::on(WorkerSelected&& event) {
  if (event.request != next_selection_) return;
  selected_ = std::move(event.worker);
  no_quorum_ = event.no_quorum;
}

void Core::on(Notice&& event) { log_notice(limiter_, now(), event); }

// ----------------------------------------------------------------------------------------- common

void Core::on_event(Event&& event) {
  std::visit([this](auto&& one) { on(std::move(one)); }, std::move(event));
}

void Core::on_due() {
  if (!owned_threads_ || !node().config().member) return;
  const auto elsewhere = static_cast<std::uint32_t>(threads_->serving_but(0));
  if (elsewhere == std::exchange(served_elsewhere_, elsewhere)) return;
  driver_.command(CountElsewhere{elsewhere});
}

void Core::on_pass() {
  if (draining_) pass_over_.notify();
  if (threads_ != nullptr) threads_->tell(driver_.index(), node().serving(), counters_here());
}

Status Core::reload(const CredentialFiles& files) {
  if (stopped()) return host_stopped();
  const NodeConfig& config = node().config();
  auto loaded = load_credentials(files);
  if (!loaded.ok()) return loaded.status();
  if (Status status = check_identity(*loaded, located(files), config.cluster, config.id);
      !status.ok()) {
    return status;
  }
  on_each([tls = *loaded](Core& core) { core.driver_.use_tls(tls); });
  settings_.credentials = files;
  return {};
}

HostCounters Core::counters() const {
  HostCounters counters = counters_here();
  if (threads_ != nullptr) threads_->add_others(driver_.index(), counters);
  return counters;
}

HostState Core::state() const {
  HostState state;
  state.links = driver_.endpoint().links();
  incoming_.for_each([&](const IncomingCall& call) {
    HostState::Serving& serving = state.serving[call.arrived.method];
    ++(call.started ? serving.running : serving.waiting);
  });
  state.calls_out = node().outgoing();
  state.draining = draining_;
  return state;
}

std::size_t Core::serving() const {
  return node().serving() + (threads_ != nullptr ? threads_->serving_but(driver_.index()) : 0);
}

HostCounters Core::counters_here() const {
  HostCounters counters;
  counters.udp = driver_.socket().counters();
  counters.quic = driver_.endpoint().counters();
  counters.rpc = node().rpc_counters();
  counters.swim = node().swim_counters();
  counters.recording = driver_.recording();
  counters.handlers_failed = handlers_failed_;
  counters.unknown_methods = unknown_methods_;
  counters.calls_denied = denied_;
  counters.events_coalesced = events_coalesced_;
  counters.calls_turned_away = turned_away_;
  return counters;
}

Instant Core::after(Duration span) const {
  const Instant time = now();
  return time + std::clamp(span, Duration::zero(), Instant::max() - time);
}

Families Core::families() const {
  return {driver_.socket().reaches_v4(), driver_.socket().reaches_v6()};
}

}  // namespace rpcnet::core
