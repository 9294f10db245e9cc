// Unary calls and streams along a route.
#include "io/core/conduct.h"

#include <asio/error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/system_error.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <utility>

#include "io/core/chain.h"

namespace rpcnet::core {
namespace {

bool asked_to_wait(const Metadata& trailers) {
  return std::any_of(trailers.begin(), trailers.end(),
                     [](const auto& pair) { return pair.first == rpc::kRetryAfterMs; });
}

Result<Bytes> answer_of(OutgoingCall& call) {
  if (!call.end->ok()) return *call.end;
  if (call.inbox.messages.empty()) {
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

  // Whom to call now. Workers in `tried_` come last.
  asio::awaitable<Result<Peer>> find_peer() {
    if (const auto* peer = std::get_if<Peer>(&route_->target)) co_return *peer;
    if (const auto* worker = std::get_if<WorkerTarget>(&route_->target)) {
      WorkerRegistry registry = worker->registry;
      Result<Worker> chosen = registry.select_worker(worker->filter, tried_);
      if (!chosen.ok()) co_return chosen.status();
      tried_.push_back(chosen->id);
      co_return chosen->peer();
    }
    const auto& name = std::get<NameTarget>(route_->target);
    if (name.known->has_value()) co_return **name.known;
    auto asking = resolve_peer(name.text, route_->core->families());
    Result<Peer> found = co_await std::move(asking);
    if (found.ok()) *name.known = *found;
    co_return found;
  }

  // The name may stand for another address by now.
  void doubt_peer(const Status& status) {
    const auto* name = std::get_if<NameTarget>(&route_->target);
    if (name != nullptr && status.code == StatusCode::unavailable) name->known->reset();
  }

  Terms terms_now() const {
    Terms terms = terms_;
    terms.metadata = view_.metadata;
    terms.deadline = view_.deadline;
    return terms;
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
    const auto* workers = std::get_if<WorkerTarget>(&route().target);
    Core& core = *route().core;
    RetryConfig config = core.retry_config();
    if (workers != nullptr && workers->attempts_max > 0) {
      config.attempts_max = workers->attempts_max;
    }
    // One peer is asked again only where that is safe; another worker also if the first never
    // began.
    if (workers == nullptr && !safe_) config.attempts_max = 1;
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
      auto wait = retry.next(status, view().trailers, core.retry_rng());
      if (!wait) co_return status;
      // Another worker need not be spared for what this one did, unless it asked for that.
      if (workers != nullptr && !asked_to_wait(view().trailers)) wait = Duration::zero();
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
    auto finding = find_peer();
    Result<Peer> peer = co_await std::move(finding);
    if (!peer.ok()) co_return peer.status();
    route().core->begin(call_, *peer, view().method, terms_now(), std::move(message_));
    while (!call_->outcome) co_await call_->over.wait();
    view().headers = call_->headers;
    view().trailers = call_->trailers;
    doubt_peer(*call_->outcome);
    co_return *call_->outcome;
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
  const auto call = core->open(std::move(peer), std::move(method), std::move(terms),
                               std::move(request), Kind::unary);
  core.reset();
  const ClientCall cancels_when_dropped(call);
  while (!call->end) co_await call->over.wait();
  co_return answer_of(*call);
}

asio::awaitable<Result<Bytes>> conduct_unary(std::shared_ptr<const Route> route, std::string method,
                                             Bytes request, Terms terms, Idempotency idempotency) {
  UnaryChain chain(std::move(route), std::move(method), std::move(request), std::move(terms),
                   idempotency);
  auto running = chain.conduct();
  Status status = co_await std::move(running);
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
