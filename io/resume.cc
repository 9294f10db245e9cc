// Attempt after attempt, driven by whoever reads.
#include "io/resume.h"

#include <asio/steady_timer.hpp>

#include <utility>

#include "engine/rpc/resume.h"
#include "engine/rpc/retry.h"
#include "io/core/conduct.h"
#include "io/core/core.h"

namespace rpcnet {
namespace core {

class Resumption : public std::enable_shared_from_this<Resumption> {
 public:
  Resumption(std::shared_ptr<const Route> route, std::string method, Bytes request,
             const ResumeOptions& options)
      : route_(std::move(route)),
        method_(std::move(method)),
        request_(std::move(request)),
        terms_(route_->core->terms(options.call)),
        resume_(options.resume, options.from),
        stirred_(route_->core->runner()) {
    terms_.response = nullptr;
    terms_.once = true;
  }

  static asio::awaitable<std::optional<Bytes>> read(std::shared_ptr<Resumption> self) {
    while (!self->resume_.end()) {
      if (!self->attempt_.state()) {
        auto pausing = self->pause();
        co_await std::move(pausing);
        if (!self->resume_.end()) self->begin();
        continue;
      }
      self->open();
      if (std::optional<Bytes> item = self->take()) co_return item;
      if (self->attempt_.ended()) {
        self->end();
      } else {
        auto waiting = self->wait();
        co_await std::move(waiting);
      }
    }
    co_return std::nullopt;
  }

  static asio::awaitable<Status> finish(std::shared_ptr<Resumption> self) {
    while (!self->resume_.end()) {
      auto reading = read(self);
      (void)co_await std::move(reading);
    }
    co_return *self->resume_.end();
  }

  void give_up(Status why) {
    resume_.give_up(std::move(why));
    attempt_.cancel();
    stirred_.notify();
  }

  const rpc::Resume& resume() const { return resume_; }
  asio::any_io_executor executor() const { return route_->core->context().get_executor(); }

  std::function<void(const ResumeEvent&)> listener;

 private:
  Core& core() const { return *route_->core; }

  // Until the next attempt may begin.
  asio::awaitable<void> pause() {
    const Instant until = resume_.begin_at();
    if (terms_.deadline && until >= *terms_.deadline) {
      resume_.give_up(
          error(StatusCode::deadline_exceeded,
                "deadline exceeded before another server could be asked; last: " + to_text(last_)));
    }
    asio::steady_timer timer(core().context());
    while (!resume_.end() && core().now() < until) {
      timer.expires_after(until - core().now());
      timer.async_wait([weak = weak_from_this()](const asio::error_code&) {
        if (const auto self = weak.lock()) self->stirred_.notify();
      });
      co_await stirred_.wait();
    }
  }

  void begin() {
    resume_.on_begun();
    Terms terms = terms_;
    terms.metadata.emplace_back(rpc::kResumeFrom, std::to_string(resume_.next()));
    terms.excluded = resume_.lost(core().now());
    condemned_ = false;
    attempt_ = ClientCall(start_stream(route_, method_, request_, std::move(terms)));
  }

  // Has the answer begun?
  void open() {
    if (resume_.opened() || condemned_) return;
    const OutgoingCall& call = *attempt_.state();
    if (call.headers.empty() && call.inbox.empty()) return;
    if (auto useless = resume_.on_opened(call.headers)) {
      condemn(std::move(*useless));
    } else if (listener) {
      listener({ResumeEvent::Kind::opened, call.worker, resume_.next(), true, {}});
    }
  }

  void condemn(Status why) {
    condemned_ = true;
    attempt_.fail(std::move(why));
  }

  std::optional<Bytes> take() {
    while (std::optional<Bytes> item = attempt_.try_read()) {
      if (!condemned_ && resume_.on_item()) return item;
    }
    return std::nullopt;
  }

  void end() {
    const OutgoingCall& call = *attempt_.state();
    last_ = *call.end;
    const bool opened = resume_.opened();
    const std::optional<NodeId> worker = call.worker;
    const bool over =
        resume_.on_ended(core().now(), last_, call.trailers, worker, core().retry_rng());
    attempt_ = {};
    if (listener && !over) {
      listener({ResumeEvent::Kind::lost, worker, resume_.next(), opened, last_});
    }
  }

  // For something to come of the attempt, or for it to take too long.
  asio::awaitable<void> wait() {
    const std::shared_ptr<OutgoingCall> call = attempt_.state();
    const auto patience = condemned_ ? std::nullopt : resume_.patience();
    if (!patience) {
      co_await call->readable.wait();
      co_return;
    }
    // Choosing a server is not the server's time.
    while (call->preparing) co_await call->writable.wait();
    const Instant until = core().now() + *patience;
    asio::steady_timer timer(core().context(), *patience);
    timer.async_wait([weak = std::weak_ptr<OutgoingCall>(call)](const asio::error_code& stopped) {
      const auto waited = weak.lock();
      if (!stopped && waited) waited->readable.notify();
    });
    const bool opened = resume_.opened();
    while (!resume_.end() && call->inbox.empty() && !call->end &&
           (opened || call->headers.empty())) {
      if (core().now() >= until) co_return condemn(resume_.too_slow());
      co_await call->readable.wait();
    }
  }

  std::shared_ptr<const Route> route_;
  std::string method_;
  Bytes request_;
  Terms terms_;
  rpc::Resume resume_;
  ClientCall attempt_;      // none: between two
  bool condemned_ = false;  // it was ended from here
  Status last_;             // of the attempt before
  Wakeup stirred_;
};

void give_up(const std::shared_ptr<Resumption>& stream, Status why) {
  stream->give_up(std::move(why));
}

bool announce(ServerCall& call, std::uint64_t first, Metadata headers) {
  const std::string* asked = rpc::find_metadata(call.metadata(), rpc::kResumeFrom);
  if (asked != nullptr && !rpc::parse_sequence(call.metadata())) {
    call.fail(error(StatusCode::invalid_argument,
                    std::string(rpc::kResumeFrom) + " must be a number from 1 on"));
    return false;
  }
  headers.emplace_back(rpc::kResumeFrom, std::to_string(first));
  if (call.send_headers(std::move(headers))) return true;
  call.fail(error(StatusCode::internal,
                  "the handler of " + call.method() + " has sent headers before its items"));
  return false;
}

asio::awaitable<bool> not_written() { co_return false; }

}  // namespace core

ResumableCall::ResumableCall(const Channel& channel, std::string method, Bytes request,
                             const ResumeOptions& options)
    : state_(std::make_shared<core::Resumption>(channel.route(), std::move(method),
                                                std::move(request), options)) {}

ResumableCall& ResumableCall::operator=(ResumableCall&& other) noexcept {
  if (this != &other) {
    cancel();
    state_ = std::move(other.state_);
  }
  return *this;
}

ResumableCall::~ResumableCall() { cancel(); }

void ResumableCall::cancel() { fail(error(StatusCode::cancelled, "cancelled by the caller")); }

void ResumableCall::fail(Status why) {
  if (state_) state_->give_up(std::move(why));
}

std::uint64_t ResumableCall::next() const { return state_ ? state_->resume().next() : 1; }

std::uint64_t ResumableCall::failovers() const { return state_ ? state_->resume().failovers() : 0; }

std::optional<Status> ResumableCall::ended() const {
  return state_ ? state_->resume().end() : error(StatusCode::cancelled, "no call");
}

void ResumableCall::on_event(std::function<void(const ResumeEvent&)> listener) {
  if (state_) state_->listener = std::move(listener);
}

namespace {
asio::awaitable<std::optional<Bytes>> nothing() { co_return std::nullopt; }
asio::awaitable<Status> no_call() { co_return error(StatusCode::cancelled, "no call"); }
}  // namespace

asio::awaitable<std::optional<Bytes>> ResumableCall::start_read() {
  return state_ ? core::Resumption::read(state_) : nothing();
}

asio::awaitable<Status> ResumableCall::start_finish() {
  return state_ ? core::Resumption::finish(state_) : no_call();
}

asio::any_io_executor ResumableCall::executor() const {
  return state_ ? state_->executor() : asio::any_io_executor();
}

std::uint64_t resume_from(const ServerCall& call) {
  return rpc::parse_sequence(call.metadata()).value_or(1);
}

}  // namespace rpcnet
