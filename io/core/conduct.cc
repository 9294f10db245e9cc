// Unary calls and streams along a route.
#include "io/core/conduct.h"

#include <asio/error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/system_error.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <utility>

#include "engine/assert.h"
#include "engine/rpc/frame.h"
#include "engine/rpc/retry.h"
#include "io/core/chain.h"

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
  return call.inbox.take();
}

asio::awaitable<void> ended(std::shared_ptr<OutgoingCall> call) {
  while (!call->end) co_await call->over.wait();
}

// What unary calls and streams have in common: the interceptors, and where to go.
class ClientChain : public Chain {
 public:
  ClientChain(std::shared_ptr<const Route> route, std::string method, Terms terms)
      : route_(std::move(route)), terms_(std::move(terms)) {
    view_.method = std::move(method);
    view_.metadata = std::move(terms_.metadata);
    view_.deadline = terms_.deadline;
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
  asio::awaitable<Result<Peer>> find_peer() {
    Duration pause = std::chrono::milliseconds(20);
    while (true) {
      auto looking = look_for_peer();
      Result<Peer> found = co_await std::move(looking);
      if (found.code() != StatusCode::unavailable || !terms_.wait_for_ready) co_return found;
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
  asio::awaitable<Result<Peer>> look_for_peer() {
    if (const auto* peer = std::get_if<Peer>(&route_->target)) co_return *peer;
    if (const auto* worker = std::get_if<WorkerTarget>(&route_->target)) {
      WorkerRegistry registry = worker->registry;
      Result<Worker> chosen = registry.select_worker(worker->filter, tried_, terms_.key);
      if (!chosen.ok()) co_return chosen.status();
      tried_.push_back(chosen->id);
      co_return chosen->peer();
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
    Peer peer(used_, std::nullopt);
    co_return peer;
  }

  // The next address of a name is used then, and after the last one it is looked up again.
  void doubt_peer(const Status& status) {
    const auto* name = std::get_if<NameTarget>(&route_->target);
    if (name != nullptr && status.code == StatusCode::unavailable) std::erase(*name->known, used_);
  }

  // Is there somewhere else to go?
  bool elsewhere() const {
    const auto* name = std::get_if<NameTarget>(&route_->target);
    if (name != nullptr) return !name->known->empty();
    return std::holds_alternative<WorkerTarget>(route_->target);
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
    rpc::Retry retry(config, *route().budget, safe_);
    Status status;
    for (bool first = true;; first = false) {
      auto finding = find_peer();
      Result<Peer> peer = co_await std::move(finding);
      if (!peer.ok()) co_return first ? peer.status() : status;
      Bytes request = config.attempts_max > 1 ? request_ : std::move(request_);
      const auto call =
          core.open(*peer, view().method, terms_now(), std::move(request), Kind::unary);
      const ClientCall cancels_when_dropped(call);
      auto ending = ended(call);
      co_await std::move(ending);
      view().headers = std::move(call->headers);
      view().trailers = std::move(call->trailers);
      Result<Bytes> answer = answer_of(*call);
      status = answer.status();
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
    const bool may_move = !std::holds_alternative<Peer>(route().target) && message_;
    for (bool first = true;; first = false) {
      auto finding = find_peer();
      Result<Peer> peer = co_await std::move(finding);
      if (!peer.ok()) co_return first ? peer.status() : *call_->outcome;
      call_->outcome.reset();
      std::optional<Bytes> message = may_move ? message_ : std::move(message_);
      core.begin(call_, *peer, view().method, terms_now(), std::move(message));
      while (!call_->outcome) co_await call_->over.wait();
      view().headers = call_->headers;
      view().trailers = call_->trailers;
      doubt_peer(*call_->outcome);
      if (!may_move || !elsewhere()) co_return *call_->outcome;
      const auto wait = retry.next(as_judged(*call_->outcome), call_->trailers, core.retry_rng());
      if (!wait || says(call_->trailers, rpc::kRetryAfterMs)) co_return *call_->outcome;
    }
  }

  std::shared_ptr<OutgoingCall> call_;
  std::optional<Bytes> message_;
};

}  // namespace

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

}  // namespace rpcnet::core
