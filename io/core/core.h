// Core: the inside of a Host. It turns the application's calls into commands and the engine's
// events into wake-ups, and holds who waits for what.
//
// Kept alive by the Host and by the handles on it (ClusterMembership, ...); the calls themselves
// hold only a plain pointer, which is cleared when they end.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/rng.h"
#include "engine/rpc/admission.h"
#include "io/call.h"
#include "io/core/calls.h"
#include "io/core/event_queue.h"
#include "io/core/handler_pool.h"
#include "io/core/setup.h"
#include "io/driver.h"
#include "io/host.h"
#include "io/interceptor.h"
#include "io/log.h"
#include "io/resolve.h"
#include "io/service.h"

namespace rpcnet::core {

// What of a call's options is settled when it is asked for; it may begin later.
struct Terms {
  Terms() = default;  // no aggregate: see CallOptions
  std::optional<Instant> deadline;
  Metadata metadata;
  ResponseMetadata* response = nullptr;
  std::string key;
  bool wait_for_ready = false;
  std::vector<NodeId> excluded;          // workers to be chosen last
  bool once = false;                     // who makes it tries again himself
  std::shared_ptr<IncomingCall> parent;  // for whose sake it is made
};

// A method as it is served: shared with the calls that run in it, so replacing it disturbs nobody.
struct Served {
  Handler handler;
  std::shared_ptr<Service> service;  // whose method it is, if any
};

// What surrounds every handler: changed by replacing it, so that running calls keep theirs.
struct Surroundings {
  std::vector<ServerInterceptor> interceptors;
  std::map<std::string, Authorizer, std::less<>> authorizers;  // by pattern

  // The one of the longest pattern that matches; nullptr: none does.
  const Authorizer* authorizer(const std::string& method) const;
};

class IoThreads;
struct HandedOver;

class Core final : public std::enable_shared_from_this<Core>, private EventSink {
 public:
  // With `threads`, this is what runs on one of them: the one of `setup.endpoint.owner`.
  Core(asio::io_context& context, Setup setup, IoThreads* threads = nullptr);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  ~Core();

  // The core of the first of several threads owns the others.
  void start(std::unique_ptr<IoThreads> threads = nullptr);
  void stop();
  // Of a host with several threads: the core of the thread that asks, and `first` on any thread
  // that is none of them.
  static const std::shared_ptr<Core>& here(const std::shared_ptr<Core>& first);
  // Runs `f` with each thread's core, on that thread; at once with this one.
  void on_each(const std::function<void(Core&)>& f);
  void take(std::vector<HandedOver> handed);
  bool has_several_threads() const { return threads_ != nullptr; }
  bool stopped() const { return driver_.stopped(); }

  // -------------------------------------------------------------------------------- calling

  Terms terms(const CallOptions& options) const;
  // With a message there is no other one: the call half-closes behind it.
  std::shared_ptr<OutgoingCall> open(Peer&& peer, std::string&& method, Terms&& terms,
                                     std::optional<Bytes>&& message, Kind kind);
  // Begins a call that was prepared.
  void begin(const std::shared_ptr<OutgoingCall>& call, Peer&& peer, std::string&& method,
             Terms&& terms, std::optional<Bytes>&& message);
  Outcome send(OutgoingCall& call, Bytes message);
  void consumed(CallId call, const Inbox& inbox, std::size_t bytes);
  bool is_writable(CallId call) const { return driver_.node().is_writable(call); }

  // -------------------------------------------------------------------------------- serving

  void serve(std::string method, Served served);
  void intercept(ServerInterceptor interceptor);
  void authorize(std::string pattern, Authorizer authorizer);
  Outcome send(IncomingCall& call, Bytes message);
  Outcome send_headers(IncomingCall& call, Metadata metadata);
  void finish(IncomingCall& call, Status&& status, std::optional<Bytes>&& message);
  void on_failure(const std::string& method, const char* what);
  void on_denied() { ++denied_; }
  Runner& runner() { return runner_; }
  const RetryConfig& retry_config() const { return settings_.retry; }
  const HedgeConfig& hedge_config() const { return settings_.hedge; }
  const OutlierConfig& outlier_config() const { return settings_.outliers; }
  Rng& retry_rng() { return retry_rng_; }
  static asio::awaitable<bool> drain(std::shared_ptr<Core> self, Duration grace);
  // Of one of several threads.
  static asio::awaitable<bool> drain_here(std::shared_ptr<Core> self, Duration grace);
  bool draining() const { return draining_; }
  void on_drain(std::function<void()> begun);
  std::vector<std::string> methods() const;

  // --------------------------------------------------------------------------------- cluster

  static asio::awaitable<Status> join(std::shared_ptr<Core> self, std::vector<std::string> seeds);
  static asio::awaitable<Status> leave(std::shared_ptr<Core> self);
  Outcome command(Command&& command);
  std::shared_ptr<EventQueue> subscribe();
  std::uint32_t new_registry() { return ++registries_; }
  // absent: nobody matches.
  Result<std::optional<Member>> select(std::uint32_t registry, TagFilter filter,
                                       std::vector<NodeId> excluded, std::string key);
  std::uint64_t last_selection() const { return next_selection_; }

  Status reload(const CredentialFiles& files);
  HostCounters counters() const;
  HostState state() const;      // of this thread
  std::size_t serving() const;  // on all threads
  const Node& node() const { return driver_.node(); }
  const Driver& driver() const { return driver_; }
  Instant now() const { return driver_.now(); }
  // So long from now, whatever a user takes for long.
  Instant after(Duration span) const;
  asio::io_context& context() const { return context_; }
  Families families() const;

 private:
  void on_event(Event&& event) override;
  void on_due() override;
  void on_pass() override;
  HostCounters counters_here() const;
  void on(CallArrived&& event);
  void on(MessageArrived&& event);
  void on(CallerHalfClosed&& event);
  void on(HeadersArrived&& event);
  void on(CallFinished&& event);
  void on(CallAborted&& event);
  void on(CallWritable&& event);
  void on(MemberEvent&& event);
  void on(MembersCut&& event);
  void on(PartitionDetected&& event);
  void on(PartitionHealed&& event);
  void on(Joined&& event);
  void on(JoinRefused&& event);
  void on(LeaveCompleted&& event);
  void on(WorkerSelected&& event);
  void on(Notice&& event);

  void tell(const ClusterEvent& event);
  void read_snapshot();
  void write_snapshot();
  static asio::awaitable<void> keep_writing(std::weak_ptr<Core> weak);
  void run(const std::shared_ptr<IncomingCall>& call);
  void turn_away(CallId id, std::string words);
  // The handler's place is free: whose turn is it?
  void on_over(CallId id);
  void end(const std::shared_ptr<OutgoingCall>& call, Status&& status, Metadata&& trailers);
  void compress(OutgoingCall& call, Metadata& metadata, std::optional<Bytes>& message) const;
  std::optional<Bytes> packed_answer(IncomingCall& call, std::optional<Bytes> message);
  void tell_packing(IncomingCall& call);
  std::size_t message_max() const { return node().config().rpc.message_max; }
  void abort(std::shared_ptr<IncomingCall> call);
  void forget(IncomingCall& call);
  std::string in_words(Outcome outcome, std::size_t size) const;
  // Has every call been answered?
  bool is_answered();
  // Waits until `done`, until `until` at most. False: not done, or stopped.
  asio::awaitable<bool> wait_passes(Instant until, std::function<bool()> done);
  // Names of seeds that the name service did not know when we joined are asked for again, now and
  // then, until it does or another join replaces this one.
  static asio::awaitable<void> keep_resolving(std::weak_ptr<Core> weak, std::uint64_t join,
                                              std::vector<std::string> names,
                                              std::vector<Address> known);

  asio::io_context& context_;
  Runner& runner_;
  std::unique_ptr<IoThreads> owned_threads_;  // the first one's
  IoThreads* threads_;                        // null: there is one thread
  std::uint32_t served_elsewhere_ = 0;        // as the engine was told
  HostSettings settings_;
  Rng retry_rng_;
  HandlerPool handlers_;
  Driver driver_;
  OpenCalls<OutgoingCall> outgoing_;
  OpenCalls<IncomingCall> incoming_;
  std::optional<rpc::Admission> admission_;  // absent: any number of handlers
  std::map<std::string, std::shared_ptr<const Served>, std::less<>> methods_;
  std::shared_ptr<const Surroundings> surroundings_ = std::make_shared<Surroundings>();
  std::vector<std::weak_ptr<EventQueue>> subscribers_;
  std::optional<Member> selected_;
  bool no_quorum_ = false;  // why there is none
  std::uint64_t next_call_ = 1;
  std::uint64_t next_selection_ = 0;
  std::uint32_t registries_ = 0;
  std::uint64_t joins_ = 0;
  std::uint64_t joined_count_ = 0;
  std::optional<std::string> join_refused_;  // why, of the join that is under way
  std::optional<LeaveCompleted> left_;
  bool draining_ = false;
  std::vector<std::function<void()>> drain_begun_;  // who wants to know of it
  bool drained_ = false;
  std::uint64_t handlers_failed_ = 0;
  std::uint64_t unknown_methods_ = 0;
  std::uint64_t denied_ = 0;
  std::uint64_t events_coalesced_ = 0;
  std::optional<Snapshot> former_;  // until the first join
  std::string snapshot_;            // as it was written last
  asio::cancellation_signal stop_writing_;
  std::uint64_t turned_away_ = 0;
  Wakeup joined_;
  Wakeup leave_over_;
  Wakeup pass_over_;
  asio::cancellation_signal stop_resolving_;
  LogLimiter limiter_;
};

Status host_stopped();

// These do what they can for a call that is being prepared, runs, or is over.
void half_close(OutgoingCall& call);
// Cancels the call, or ends it for a reason found on this side.
void give_up(OutgoingCall& call, std::optional<Status> why);
// Tells the application the end.
void conclude(OutgoingCall& call, Status&& status);

// Runs a call's method and answers with what it returns. `call` stays where it is meanwhile.
asio::awaitable<void> run_handler(const std::shared_ptr<IncomingCall>& call);

}  // namespace rpcnet::core
