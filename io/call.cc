// Waiting for messages, room and ends.
#include "io/call.h"

#include <utility>

#include "io/core/compression.h"
#include "io/core/core.h"

namespace rpcnet {
namespace {

const Metadata kNoMetadata;

CallId id_of(const core::OutgoingCall& call) { return call.id; }
CallId id_of(const core::IncomingCall& call) { return call.arrived.call; }

// Of an inbox that is not empty.
template <typename Call>
Bytes take_bytes(Call& call) {
  Bytes message = call.inbox.take();
  if (call.core != nullptr) call.core->consumed(id_of(call), call.inbox, message.size());
  return message;
}

// The same as the application reads it; absent if that fails, which ends the call.
std::optional<Bytes> take_message(const std::shared_ptr<core::OutgoingCall>& call) {
  Bytes message = take_bytes(*call);
  if (call->unpack_max == 0) return message;
  auto unpacked =
      core::unpack(std::move(message), call->unpack_max, "response message", StatusCode::internal);
  if (unpacked.ok()) return std::move(*unpacked);
  core::give_up(*call, unpacked.status());
  return std::nullopt;
}

std::optional<Bytes> take_message(const std::shared_ptr<core::IncomingCall>& call) {
  Bytes message = take_bytes(*call);
  if (call->unpack_max == 0) return message;
  auto unpacked = core::unpack(std::move(message), call->unpack_max, "request message",
                               StatusCode::invalid_argument);
  if (unpacked.ok()) return std::move(*unpacked);
  core::give_up(call, unpacked.status());
  return std::nullopt;
}

// These hold the call's state themselves: the ClientCall that they were asked of may move, or be
// destroyed, while they wait.

asio::awaitable<std::optional<Bytes>> next_message(std::shared_ptr<core::OutgoingCall> call) {
  while (call->inbox.empty() && !call->inbox.complete) co_await call->readable.wait();
  if (call->inbox.empty()) co_return std::nullopt;
  co_return take_message(call);
}

asio::awaitable<bool> send_message(std::shared_ptr<core::OutgoingCall> call, Bytes message) {
  while (call->preparing) co_await call->writable.wait();
  if (call->half_closed) co_return false;
  while (call->core != nullptr && !call->core->is_writable(call->id)) {
    co_await call->writable.wait();
  }
  if (call->core == nullptr || call->half_closed) co_return false;
  co_return call->core->send(*call, std::move(message)) == Outcome::done;
}

asio::awaitable<Status> wait_for_end(std::shared_ptr<core::OutgoingCall> call) {
  core::half_close(*call);
  while (!call->end) {
    while (!call->inbox.empty()) take_bytes(*call);
    if (!call->end) co_await call->readable.wait();
  }
  co_return *call->end;
}

asio::awaitable<std::optional<Bytes>> next_message(std::shared_ptr<core::IncomingCall> call) {
  while (call->inbox.empty() && !call->inbox.complete) co_await call->readable.wait();
  if (call->inbox.empty()) co_return std::nullopt;
  co_return take_message(call);
}

asio::awaitable<bool> send_message(std::shared_ptr<core::IncomingCall> call, Bytes message) {
  while (call->core != nullptr && !call->core->is_writable(call->arrived.call)) {
    co_await call->writable.wait();
  }
  if (call->core == nullptr) co_return false;
  co_return call->core->send(*call, std::move(message)) == Outcome::done;
}

asio::awaitable<std::optional<Bytes>> nothing() { co_return std::nullopt; }
asio::awaitable<bool> refused() { co_return false; }
asio::awaitable<Status> no_call() { co_return error(StatusCode::cancelled, "no call"); }

}  // namespace

// ------------------------------------------------------------------------------------- ClientCall

ClientCall::ClientCall(std::shared_ptr<core::OutgoingCall> state) : state_(std::move(state)) {}

ClientCall& ClientCall::operator=(ClientCall&& other) noexcept {
  if (this != &other) {
    cancel();
    state_ = std::move(other.state_);
  }
  return *this;
}

ClientCall::~ClientCall() { cancel(); }

asio::any_io_executor ClientCall::executor() const {
  if (!state_) return {};
  return state_->runner.context().get_executor();
}

asio::awaitable<bool> ClientCall::start_write(Bytes message) {
  return state_ ? send_message(state_, std::move(message)) : refused();
}

bool ClientCall::try_write(Bytes message) {
  if (!state_ || state_->core == nullptr || state_->half_closed) return false;
  core::Core& core = *state_->core;
  return core.is_writable(state_->id) && core.send(*state_, std::move(message)) == Outcome::done;
}

std::optional<Bytes> ClientCall::try_read() {
  if (!state_ || state_->inbox.empty()) return std::nullopt;
  return take_message(state_);
}

void ClientCall::half_close() {
  if (state_) core::half_close(*state_);
}

asio::awaitable<std::optional<Bytes>> ClientCall::start_read() {
  return state_ ? next_message(state_) : nothing();
}

asio::awaitable<Status> ClientCall::start_finish() {
  return state_ ? wait_for_end(state_) : no_call();
}

void ClientCall::cancel() {
  if (state_) core::give_up(*state_, std::nullopt);
}

void ClientCall::fail(Status why) {
  if (state_) core::give_up(*state_, std::move(why));
}

const Metadata& ClientCall::headers() const { return state_ ? state_->headers : kNoMetadata; }
const Metadata& ClientCall::trailers() const { return state_ ? state_->trailers : kNoMetadata; }

std::optional<Status> ClientCall::ended() const {
  return state_ ? state_->end : error(StatusCode::cancelled, "no call");
}

// ------------------------------------------------------------------------------------- ServerCall

ServerCall::ServerCall(std::shared_ptr<core::IncomingCall> state) : state_(std::move(state)) {}
ServerCall::~ServerCall() = default;

const std::string& ServerCall::method() const { return state_->arrived.method; }
const Metadata& ServerCall::metadata() const { return state_->arrived.metadata; }
const Address& ServerCall::remote() const { return state_->arrived.remote; }
const std::optional<PeerIdentity>& ServerCall::identity() const { return state_->arrived.identity; }
std::optional<Instant> ServerCall::deadline() const { return state_->arrived.deadline; }

std::optional<Duration> ServerCall::time_left() const {
  if (!deadline()) return std::nullopt;
  return std::max(*deadline() - system_now(), Duration::zero());
}

bool ServerCall::cancelled() const { return state_->cancelled; }

asio::any_io_executor ServerCall::executor() const {
  return state_->runner.context().get_executor();
}

asio::awaitable<std::optional<Bytes>> ServerCall::start_read() { return next_message(state_); }

asio::awaitable<bool> ServerCall::start_write(Bytes message) {
  return send_message(state_, std::move(message));
}

bool ServerCall::try_write(Bytes message) {
  if (state_->core == nullptr) return false;
  core::Core& core = *state_->core;
  return core.is_writable(state_->arrived.call) &&
         core.send(*state_, std::move(message)) == Outcome::done;
}

std::optional<Bytes> ServerCall::try_read() {
  if (state_->inbox.empty()) return std::nullopt;
  return take_message(state_);
}

void ServerCall::fail(Status why) { core::give_up(state_, std::move(why)); }

bool ServerCall::send_headers(Metadata metadata) {
  return state_->core != nullptr &&
         state_->core->send_headers(*state_, std::move(metadata)) == Outcome::done;
}

Metadata& ServerCall::trailers() { return state_->trailers; }

}  // namespace rpcnet
