// Unary calls and streams along a route.
#include "io/core/conduct.h"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/system_error.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <utility>

#include "engine/assert.h"
#include "engine/rpc/frame.h"
#include "engine/rpc/hedge.h"
#include "engine/rpc/retry.h"
#include "io/core/chain.h"
#include "io/core/compression.h"

namespace rpcnet::core {
namespace {

bool says(const Metadata& trailers, std::string_view key) {
  return std::any_of(trailers.begin(), trailers.end(),
                     [key](const auto& pair) { return pair.first == key; });
}

Result<Bytes> answer_of(OutgoingCall& call) {
  if (!call.end->ok()) return *call.end;
  if (call.inbox.empty()) {
    return error(StatusCode::internal,
                 "the call succeeded without an answer: is the method a stream?");
  }
  if (call.unpack_max == 0) return call.inbox.take();
  return unpack(call.inbox.take(), call.unpack_max, "response message", StatusCode::internal);
}

asio::awaitable<void> ended(std::shared_ptr<OutgoingCall> call) {
  while (!call->end) co_await call->over.wait();
}

// A worker chosen for one attempt: counted as its load for as long as this lives, and judged by how
// the attempt ends.
class Claim {
 public:
  Claim(const Route& route, WorkerRegistry registry, Worker worker, bool stream)
      : core_(route.core),
        outliers_(route.outliers),
        registry_(std::move(registry)),
        worker_(std::move(worker)),
        stream_(stream),
        began_(core_->now()) {
    if (!stream_) outliers_->on_begun(began_, worker_.id);
  }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;
  ~Claim() {
    if (!ended_) judge(cluster::Outliers::Ending::given_up);
    registry_.release(worker_);
  }

  void on_ended(const Status& status, const Metadata& trailers) {
    using enum cluster::Outliers::Ending;
    ended_ = true;
    if (says(trailers, rpc::kNotStarted)) return judge(not_begun);
    judge(rpc::blames_callee(status, trailers) ? failure : success);
  }

 private:
  void judge(cluster::Outliers::Ending ending) {
    const Instant now = core_->now();
    const auto latency = stream_ ? std::nullopt : std::optional<Duration>(now - began_);
    outliers_->on_ended(now, worker_.id, ending, latency);
  }

  std::shared_ptr<Core> core_;
  std::shared_ptr<cluster::Outliers> outliers_;
  WorkerRegistry registry_;
  Worker worker_;
  bool stream_;
  bool ended_ = false;
  Instant began_;
};

// Where an attempt goes.
struct Place {
  Peer peer;
  std::unique_ptr<Claim> claim{};  // null: there was no choice
  std::optional<NodeId> worker{};  // who was chosen

  void on_ended(const Status& status, const Metadata& trailers) {
    if (claim) claim->on_ended(status, trailers);
    claim.reset();
  }
};

// What unary calls and streams have in common: the interceptors, and where to go.
class ClientChain : public Chain {
 public:
  ClientChain(std::shared_ptr<const Route> route, std::string method, Terms terms)
      : route_(std::move(route)), terms_(std::move(terms)) {
    view_.method = std::move(method);
    view_.metadata = std::move(terms_.metadata);
    view_.deadline = terms_.deadline;
    tried_ = std::move(terms_.excluded);
  }

  ResponseMetadata take_response() { return {std::move(view_.headers), std::move(view_.trailers)}; }

  // Runs it all; cancelled through Asio, it throws.
  asio::awaitable<Status> conduct() {
    Status status;
    try {
      auto running = run(0);
      status = co_await std::move(running);
    } catch (const asio::system_error& fault) {
      if (fault.code() == asio::error::operation_aborted) throw;
      status = failed(fault.what());
    } catch (const std::exception& fault) {
      status = failed(fault.what());
    } catch (...) {
      status = failed("an exception that is no std::exception");
    }
    co_return status;
  }

 protected:
  ~ClientChain() = default;

  // Whom to call now. Who waits for ready also waits for a worker to appear, or for the name
  // service to answer.
  asio::awaitable<Result<Place>> find_place() {
    Duration pause = std::chrono::milliseconds(20);
    while (true) {
      auto looking = look_for_place();
      Result<Place> found = co_await std::move(looking);
      if (found.code() != StatusCode::unavailable || !terms_.wait_for_ready) {
        co_return std::move(found);
      }
      if (view_.deadline && route_->core->now() + pause >= *view_.deadline) {
        co_return error(
            StatusCode::deadline_exceeded,
            "deadline exceeded before the request was sent; last: " + found.status().message);
      }
      asio::steady_timer timer(route_->core->context(), pause);
      co_await timer.async_wait(asio::use_awaitable);
      pause = std::min<Duration>(pause * 2, std::chrono::milliseconds(500));
    }
  }

  // Workers in `tried_` come last.
  asio::awaitable<Result<Place>> look_for_place() {
    if (const auto* peer = std::get_if<Peer>(&route_->target)) co_return place(*peer);
    if (const auto* worker = std::get_if<WorkerTarget>(&route_->target)) {
      WorkerRegistry registry = worker->registry;
      std::vector<NodeId> last = route_->outliers->away(route_->core->now());
      last.insert(last.end(), tried_.begin(), tried_.end());
      Result<Worker> chosen = registry.select_worker(worker->filter, last, terms_.key);
      if (!chosen.ok()) co_return chosen.status();
      tried_.push_back(chosen->id);
      Place found = place(chosen->peer());
      found.worker = chosen->id;
      found.claim = std::make_unique<Claim>(*route_, std::move(registry), std::move(*chosen),
                                            view_.streaming);
      co_return std::move(found);
    }
    if (const auto* finder = std::get_if<PeerFinder>(&route_->target)) {
      auto asking = (*finder)(tried_);
      Result<Peer> found = co_await std::move(asking);
      if (!found.ok()) co_return found.status();
      if (found->expected) tried_.push_back(*found->expected);
      Place asked = place(std::move(*found));
      asked.worker = asked.peer.expected;
      co_return std::move(asked);
    }
    const auto& name = std::get<NameTarget>(route_->target);
    if (name.known->empty()) {
      auto asking = resolve(name.text, route_->core->families());
      Result<std::vector<Address>> found = co_await std::move(asking);
      if (!found.ok()) co_return found.status();
      *name.known = std::move(*found);
      ENGINE_ASSERT(!name.known->empty());
    }
    used_ = name.known->front();
    co_return place(Peer(used_, std::nullopt));
  }

  static Place place(Peer peer) { return {.peer = std::move(peer)}; }

  // The next address of a name is used then, and after the last one it is looked up again.
  void doubt_peer(const Status& status) {
    const auto* name = std::get_if<NameTarget>(&route_->target);
    if (name != nullptr && status.code == StatusCode::unavailable) std::erase(*name->known, used_);
  }

  // Is there somewhere else to go?
  bool elsewhere() const {
    const auto* name = std::get_if<NameTarget>(&route_->target);
    if (name != nullptr) return !name->known->empty();
    return !std::holds_alternative<Peer>(route_->target);
  }

  // A peer with a wrong certificate says nothing of the others: to the call it is away.
  Status as_judged(Status status) const {
    const bool refused =
        status.code == StatusCode::unauthenticated && says(view_.trailers, rpc::kNotStarted);
    if (refused && elsewhere()) status.code = StatusCode::unavailable;
    return status;
  }

  Terms terms_now() const {
    Terms terms = terms_;
    terms.metadata = view_.metadata;
    terms.deadline = view_.deadline;
    return terms;
  }

  bool once() const { return terms_.once; }

  RetryConfig retry_config() const {
    RetryConfig config = route_->core->retry_config();
    const auto* workers = std::get_if<WorkerTarget>(&route_->target);
    if (workers != nullptr && workers->attempts_max > 0) {
      config.attempts_max = workers->attempts_max;
    }
    return config;
  }

  const Route& route() const { return *route_; }
  OutgoingCallView& view() { return view_; }

 private:
  std::size_t interceptors() const override { return route_->interceptors.size(); }
  asio::awaitable<Status> intercept(std::size_t index) override {
    return route_->interceptors[index](view_, Next(*this, index + 1));
  }
  Status failed(const char* what) const {
    return error(StatusCode::internal, "an interceptor of " + view_.method + " failed: " + what);
  }

  std::shared_ptr<const Route> route_;
  Terms terms_;
  OutgoingCallView view_;
  std::vector<NodeId> tried_;
  Address used_;  // of a name
};

class UnaryChain final : public ClientChain {
 public:
  UnaryChain(std::shared_ptr<const Route> route, std::string method, Bytes request, Terms terms,
             Idempotency idempotency)
      : ClientChain(std::move(route), std::move(method), std::move(terms)),
        request_(std::move(request)),
        safe_(idempotency != Idempotency::unknown) {}

  Bytes reply;

 private:
  asio::awaitable<Status> last() override {
    Core& core = *route().core;
    RetryConfig config = retry_config();
    // One peer is asked again only where that is safe; another one also if the first never began.
    if (std::holds_alternative<Peer>(route().target) && !safe_) config.attempts_max = 1;
    if (safe_ && route().hedge.attempts_max > 1) {
      auto running = side_by_side();
      Status status = co_await std::move(running);
      co_return status;
    }
    rpc::Retry retry(config, *route().budget, safe_);
    Status status;
    for (bool first = true;; first = false) {
      auto finding = find_place();
      Result<Place> place = co_await std::move(finding);
      if (!place.ok()) co_return first ? place.status() : status;
      Bytes request = config.attempts_max > 1 ? request_ : std::move(request_);
      const auto call = core.open(Peer(place->peer), std::string(view().method), terms_now(),
                                  std::move(request), Kind::unary);
      const ClientCall cancels_when_dropped(call);
      auto ending = ended(call);
      co_await std::move(ending);
      view().headers = std::move(call->headers);
      view().trailers = std::move(call->trailers);
      Result<Bytes> answer = answer_of(*call);
      status = answer.status();
      place->on_ended(status, view().trailers);
      if (answer.ok()) reply = std::move(*answer);
      doubt_peer(status);
      auto wait = retry.next(as_judged(status), view().trailers, core.retry_rng());
      if (!wait) co_return status;
      if (!safe_ && !elsewhere()) co_return status;
      // Another one need not be spared for what this one did, unless it asked for that.
      if (elsewhere() && !says(view().trailers, rpc::kRetryAfterMs)) wait = Duration::zero();
      if (view().deadline && core.now() + *wait >= *view().deadline) co_return status;
      if (*wait > Duration::zero()) {
        asio::steady_timer timer(core.context(), *wait);
        co_await timer.async_wait(asio::use_awaitable);
      }
    }
  }

  struct Attempt {
    std::shared_ptr<OutgoingCall> call;
    ClientCall cancels_when_dropped;
    Place place;
  };

  // Attempts beside each other, of which the first answer counts.
  asio::awaitable<Status> side_by_side() {
    Core& core = *route().core;
    rpc::Hedge hedge(route().hedge, *route().budget);
    const auto news = std::make_shared<Wakeup>(core.runner());
    asio::steady_timer timer(core.context());
    std::vector<Attempt> attempts;
    bool somewhere = true;
    Status status;
    while (true) {
      if (somewhere && (attempts.empty() || due(hedge))) {
        auto finding = find_place();
        Result<Place> place = co_await std::move(finding);
        somewhere = place.ok();
        if (somewhere) {
          auto call = core.open(Peer(place->peer), std::string(view().method), terms_now(),
                                Bytes(request_), Kind::unary);
          call->news = news;
          hedge.on_begun(core.now());
          attempts.push_back({call, ClientCall(call), std::move(*place)});
        } else if (attempts.empty()) {
          co_return status.ok() ? place.status() : status;
        }
      }
      while (const auto call = take_ended(attempts, status)) {
        if (hedge.on_ended(core.now(), as_judged(status), view().trailers)) co_return status;
      }
      const auto next = somewhere ? hedge.due() : std::nullopt;
      if (attempts.empty() && (!next || (view().deadline && *next >= *view().deadline))) {
        co_return status;
      }
      if (next && *next <= core.now()) continue;
      if (next) {
        timer.expires_after(*next - core.now());
        timer.async_wait([news](const asio::error_code&) { news->notify(); });
      }
      co_await news->wait();
    }
  }

  bool due(const rpc::Hedge& hedge) const {
    const auto next = hedge.due();
    return next && *next <= route().core->now();
  }

  // Of the attempts that have ended, the first: what became of it is what the call has to tell.
  std::shared_ptr<OutgoingCall> take_ended(std::vector<Attempt>& attempts, Status& status) {
    const auto found = std::find_if(attempts.begin(), attempts.end(),
                                    [](const Attempt& attempt) { return attempt.call->end; });
    if (found == attempts.end()) return nullptr;
    Attempt ended = std::move(*found);
    attempts.erase(found);
    view().headers = std::move(ended.call->headers);
    view().trailers = std::move(ended.call->trailers);
    Result<Bytes> answer = answer_of(*ended.call);
    status = answer.status();
    ended.place.on_ended(status, view().trailers);
    if (answer.ok()) reply = std::move(*answer);
    doubt_peer(status);
    return ended.call;
  }

  Bytes request_;
  bool safe_;
};

class StreamChain final : public ClientChain {
 public:
  StreamChain(std::shared_ptr<const Route> route, std::shared_ptr<OutgoingCall> call,
              std::string method, std::optional<Bytes> message, Terms terms)
      : ClientChain(std::move(route), std::move(method), std::move(terms)),
        call_(std::move(call)),
        message_(std::move(message)) {
    view().streaming = true;
  }

 private:
  asio::awaitable<Status> last() override {
    Core& core = *route().core;
    const RetryConfig config = retry_config();
    // A stream whose one request is known can begin elsewhere if no handler saw it.
    rpc::Retry retry(config, *route().budget, false);
    const bool may_move = !std::holds_alternative<Peer>(route().target) && message_ && !once();
    for (bool first = true;; first = false) {
      auto finding = find_place();
      Result<Place> place = co_await std::move(finding);
      if (!place.ok()) co_return first ? place.status() : *call_->outcome;
      call_->outcome.reset();
      call_->worker = place->worker;
      std::optional<Bytes> message = may_move ? message_ : std::move(message_);
      core.begin(call_, Peer(place->peer), std::string(view().method), terms_now(),
                 std::move(message));
      while (!call_->outcome) co_await call_->over.wait();
      view().headers = call_->headers;
      view().trailers = call_->trailers;
      place->on_ended(*call_->outcome, call_->trailers);
      doubt_peer(*call_->outcome);
      if (once()) co_return as_judged(*call_->outcome);
      if (!may_move || !elsewhere()) co_return *call_->outcome;
      const auto wait = retry.next(as_judged(*call_->outcome), call_->trailers, core.retry_rng());
      if (!wait || says(call_->trailers, rpc::kRetryAfterMs)) co_return *call_->outcome;
    }
  }

  std::shared_ptr<OutgoingCall> call_;
  std::optional<Bytes> message_;
};

// Runs a prepared streaming call along a route, to its end.
asio::awaitable<void> conduct_stream(std::shared_ptr<const Route> route,
                                     std::shared_ptr<OutgoingCall> call, std::string method,
                                     std::optional<Bytes> message, Terms terms) {
  StreamChain chain(std::move(route), call, std::move(method), std::move(message),
                    std::move(terms));
  auto running = chain.conduct();
  Status status = co_await std::move(running);
  // An interceptor may have ended it while the network goes on.
  if (call->core != nullptr) give_up(*call, std::nullopt);
  conclude(*call, std::move(status));
}

}  // namespace

const Peer* plain_peer(const Route& route) {
  return route.interceptors.empty() ? std::get_if<Peer>(&route.target) : nullptr;
}

asio::awaitable<Result<Peer>> resolve_peer(std::string text, Families families) {
  auto asking = resolve(std::move(text), families);
  Result<std::vector<Address>> found = co_await std::move(asking);
  if (!found.ok()) co_return found.status();
  Peer peer{found->front(), std::nullopt};
  co_return peer;
}

asio::awaitable<Result<Bytes>> call_peer(std::shared_ptr<Core> core, Peer peer, std::string method,
                                         Bytes request, Terms terms) {
  ResponseMetadata* const response = terms.response;
  const auto call = core->open(std::move(peer), std::move(method), std::move(terms),
                               std::move(request), Kind::unary);
  core.reset();
  const ClientCall cancels_when_dropped(call);
  while (!call->end) co_await call->over.wait();
  if (response != nullptr) *response = {std::move(call->headers), std::move(call->trailers)};
  co_return answer_of(*call);
}

asio::awaitable<Result<Bytes>> conduct_unary(std::shared_ptr<const Route> route, std::string method,
                                             Bytes request, Terms terms, Idempotency idempotency) {
  ResponseMetadata* const response = terms.response;
  UnaryChain chain(std::move(route), std::move(method), std::move(request), std::move(terms),
                   idempotency);
  auto running = chain.conduct();
  Status status = co_await std::move(running);
  if (response != nullptr) *response = chain.take_response();
  if (!status.ok()) co_return status;
  co_return std::move(chain.reply);
}

std::shared_ptr<OutgoingCall> start_stream(std::shared_ptr<const Route> route, std::string method,
                                           std::optional<Bytes> message, Terms terms) {
  Core& core = *route->core;
  if (const Peer* peer = plain_peer(*route)) {
    return core.open(Peer(*peer), std::move(method), std::move(terms), std::move(message),
                     Kind::stream);
  }
  auto call = std::make_shared<OutgoingCall>(core.runner());
  call->preparing = true;
  call->conducted = true;
  call->half_closed = message.has_value();
  const auto over = [call](const std::exception_ptr& thrown) {
    if (thrown && !call->end) {
      conclude(*call, error(StatusCode::cancelled, "cancelled by the caller"));
    }
  };
  asio::co_spawn(core.context(),
                 conduct_stream(std::move(route), call, std::move(method), std::move(message),
                                std::move(terms)),
                 asio::bind_cancellation_slot(call->conductor.slot(), over));
  return call;
}

}  // namespace rpcnet::core
