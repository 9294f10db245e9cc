// A thin face on Core.
#include "io/host.h"

#include <utility>

#include "io/core/core.h"
#include "io/core/setup.h"

namespace rpcnet {
namespace {

asio::awaitable<Result<Bytes>> call_unary(std::shared_ptr<core::OutgoingCall> state) {
  const ClientCall cancels_when_dropped(state);
  while (!state->end) co_await state->over.wait();
  if (!state->end->ok()) co_return *state->end;
  if (state->inbox.messages.empty()) {
    co_return error(StatusCode::internal, "the call succeeded without an answer: is the method a "
                                          "stream?");
  }
  co_return state->inbox.take();
}

asio::awaitable<Result<Bytes>> begin_unary(std::shared_ptr<core::Core> core, Peer peer,
                                           std::string method, Bytes request, CallOptions options,
                                           Metadata metadata) {
  auto waiting = call_unary(core->open(std::move(peer), std::move(method), options,
                                       std::move(metadata), std::move(request), true));
  core.reset();
  Result<Bytes> result = co_await std::move(waiting);
  co_return result;
}

asio::awaitable<Result<Peer>> resolve_peer(std::string text, Families families) {
  auto asking = resolve(std::move(text), families);
  Result<std::vector<Address>> found = co_await std::move(asking);
  if (!found.ok()) co_return found.status();
  Peer peer{found->front(), std::nullopt};
  co_return peer;
}

}  // namespace

Result<Host> Host::start(asio::io_context& context, HostOptions options) {
  auto setup = core::set_up(context, std::move(options));
  if (!setup.ok()) return setup.status();
  auto core = std::make_shared<core::Core>(context, std::move(*setup));
  core->start();
  return Host(std::move(core));
}

Host::Host(std::shared_ptr<core::Core> core) : core_(std::move(core)) {}

Host& Host::operator=(Host&& other) noexcept {
  if (this != &other) {
    stop();
    core_ = std::move(other.core_);
  }
  return *this;
}

Host::~Host() { stop(); }

void Host::serve(std::string method, UnaryHandler handler) {
  core_->serve(std::move(method), std::move(handler));
}

void Host::serve_stream(std::string method, StreamHandler handler) {
  core_->serve(std::move(method), std::move(handler));
}

asio::awaitable<Result<Bytes>> Host::call(Peer peer, std::string method, Bytes request,
                                          CallOptions options) {
  return begin_unary(core_, std::move(peer), std::move(method), std::move(request), options,
                     options.metadata.copy());
}

ClientCall Host::open(Peer peer, std::string method, CallOptions options) {
  return ClientCall(
      core_->open(std::move(peer), std::move(method), options, options.metadata.copy(),
                  std::nullopt, false));
}

asio::awaitable<Result<Peer>> Host::resolve(std::string text) {
  return resolve_peer(std::move(text), core_->families());
}

asio::awaitable<bool> Host::drain(Duration grace) { return core::Core::drain(core_, grace); }

void Host::stop() {
  // The pass that this may be called from goes on with a Core that is still there.
  if (const auto core = core_) core->stop();
}

Status Host::reload(const CredentialFiles& files) { return core_->reload(files); }
const Address& Host::address() const { return core_->driver().socket().local(); }
const Address& Host::advertised() const { return core_->node().config().advertise; }
const NodeId& Host::id() const { return core_->node().config().id; }
const std::string& Host::cluster_name() const { return core_->node().config().cluster; }
std::size_t Host::serving() const { return core_->node().serving(); }
HostCounters Host::counters() const { return core_->counters(); }
const Node& Host::node() const { return core_->node(); }
Instant Host::now() const { return core_->now(); }
asio::io_context& Host::context() const { return core_->context(); }

}  // namespace rpcnet
